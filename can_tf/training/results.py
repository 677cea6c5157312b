"""What comes out of a training: predictions, metrics, and the finished run folder."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from can_tf.checksums import write_sealed
from can_tf.files import replacing, write_json
from can_tf.records.dataset import StoredUtterance
from can_tf.records.pipeline import EpochOrder, mean_frames
from can_tf.training import run_folder
from can_tf.training.checkpoint import load_variables
from can_tf.training.fold_training import FoldTraining
from can_tf.training.metrics import evaluate_predictions, majority
from can_tf.training.predictions import Predictions, by_length, predictions_of, write_predictions


def predict(training: FoldTraining, utterances: Sequence[StoredUtterance]) -> Predictions:
    """Returns predictions with the model's weights of now, sorted by the utterances' lengths."""
    return make_predict(training, utterances)()


def make_predict(training: FoldTraining, utterances: Sequence[StoredUtterance]) -> Callable[[], Predictions]:
    """Returns a function that predicts `utterances` with the model's weights at the time of the call.

    The input pipeline is built once, which takes longer than to read a small set.
    """
    ordered, labels = by_length(utterances), training.dataset.labels
    batches = training.batches(EpochOrder(ordered, training.options.batch_size))
    return lambda: predictions_of(training.forward, batches, ordered, labels, training.config.alpha)


def finish(training: FoldTraining) -> dict[str, Any]:
    """Writes model, predictions, checksums and, last, metrics; returns the content of `metrics.json`."""
    folder, state = training.folder, training.state
    load_variables(training.model, training.checkpoint / state.best_weights)
    with replacing(folder / run_folder.MODEL_FILE) as temporary:
        training.model.save(temporary)
    write_json(folder / run_folder.MODEL_CONFIG_FILE, training.config.to_json())
    test = predict(training, training.split.test)
    validation = predict(training, training.split.validation)
    write_predictions(folder / run_folder.PREDICTIONS_FILE, test, training.dataset.labels)
    write_predictions(folder / run_folder.VALIDATION_PREDICTIONS_FILE, validation, training.dataset.labels)
    metrics = _metrics(training, test, validation)
    run_folder.finish_run(folder, metrics)
    return metrics


def finish_without_test(training: FoldTraining) -> dict[str, Any]:
    """Writes and returns the content of `validation.json`; the test set is not read."""
    best = training.state.history[training.state.best_epoch]
    scores = validation_scores({name: best[f"validation_{name}"] for name in ("wa", "ua")}, _course(training))
    write_sealed(training.folder / run_folder.VALIDATION_FILE, scores)
    return scores


def validation_scores(validation: Mapping[str, Any], course: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the content of `validation.json`.

    Args:
        validation: `wa` and `ua`.
        course: `epochs`, `best_epoch`, `seconds` and `synthetic`; `metrics.json` has them.
    """
    kept = ("epochs", "best_epoch", "seconds", "synthetic")
    scores = {f"validation_{name}": validation[name] for name in ("wa", "ua")}
    return {**scores, **{name: course[name] for name in kept}}


def _course(training: FoldTraining) -> dict[str, Any]:
    state = training.state
    return {
        "epochs": state.epochs,
        "best_epoch": state.best_epoch + 1,
        "seconds": round(sum(row["seconds"] for row in state.history), 3),
        "synthetic": training.dataset.synthetic,
    }


def _metrics(training: FoldTraining, test: Predictions, validation: Predictions) -> dict[str, Any]:
    labels, split = training.dataset.labels, training.split
    single = {
        name: evaluate_predictions(probabilities, test.true, labels)
        for name, probabilities in test.single_modalities.items()
    }
    return {
        **evaluate_predictions(test.final, test.true, labels),
        **single,
        "majority": majority([row.label for row in split.train], [row.label for row in split.test], labels),
        "text_reference": _text_reference(training),
        "audio_reference": _audio_reference(training),
        "validation": evaluate_predictions(validation.final, validation.true, labels),
        **_course(training),
        "weights_sha256": _weights_sha256(training.model),
    }


def _text_reference(training: FoldTraining) -> dict[str, Any]:
    """Scores TF-IDF and logistic regression on the same sets: what any claim stands beside."""
    from can_tf.training.references import tfidf_reference  # Imports scikit-learn, which no epoch has to wait for.

    labels, train, test = training.dataset.labels, training.split.train, training.split.test
    probabilities = tfidf_reference(
        [row.words for row in train],
        [row.label for row in train],
        [row.words for row in test],
        labels,
        training.options.class_weight,
    )
    return evaluate_predictions(probabilities, np.array([labels.index(row.label) for row in test]), labels)


def _audio_reference(training: FoldTraining) -> dict[str, Any]:
    """Scores logistic regression on the mean frame on the same sets."""
    from can_tf.training.references import mean_frame_reference  # As above.

    dataset, split = training.dataset, training.split
    probabilities = mean_frame_reference(
        mean_frames(dataset, split.train),
        [row.label for row in split.train],
        mean_frames(dataset, split.test),
        dataset.labels,
        training.options.class_weight,
    )
    return evaluate_predictions(
        probabilities, np.array([dataset.labels.index(row.label) for row in split.test]), dataset.labels
    )


def _weights_sha256(model: keras.Model) -> str:
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()
