"""Trains one fold and writes its run folder.

Early stopping watches the WA of the final prediction (Eq. 15) on the validation part; the paper says only that the
validation part decides. The best epoch's weights are kept. Order of the data and dropout are functions of seed and
epoch, and the state after each whole epoch is on disk: a training that was killed goes on as if it had not been.
"""

import collections
import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from can_tf.errors import ConfigError, RunError
from can_tf.files import naming_disk_errors, replacing, write_json
from can_tf.locks import alone_in
from can_tf.models.config import ModelConfig
from can_tf.models.losses import balanced_class_weights, compile_model, final_log_probabilities
from can_tf.models.registry import VARIANTS, build
from can_tf.models.whole_batch import fill_up
from can_tf.records.dataset import Dataset, StoredUtterance, verify_shards
from can_tf.records.pipeline import EpochOrder, batches, cut_utterances, frame_statistics
from can_tf.training import run_folder
from can_tf.training.checkpoint import load_variables, save_variables
from can_tf.training.data import Parts, WordVectors, split, word_vectors
from can_tf.training.devices import build_in, strategy_for
from can_tf.training.metrics import evaluate_predictions, majority
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import RunState
from can_tf.training.text_reference import tfidf_reference


def _ignore(*_: Any) -> None:
    """The default of a listener that nobody set."""


@dataclasses.dataclass(frozen=True)
class Listener:
    """Who is told how the training goes.

    Attributes:
        message: Called with a line of text.
        word_vectors: Called with the bytes read of a file of word vectors, and its size.
        batch: Called with the epoch, counted from 1, the batches done, and the batches of an epoch.
        epoch: Called with the state after each epoch.
    """

    message: Callable[[str], None] = _ignore
    word_vectors: Callable[[int, int], None] = _ignore
    batch: Callable[[int, int, int], None] = _ignore
    epoch: Callable[[RunState], None] = _ignore


def train_fold(
    dataset: Dataset,
    folder: Path,
    options: TrainOptions,
    listener: Listener | None = None,
    *,
    validation_only: bool = False,
) -> dict[str, Any]:
    """Trains one fold, or finishes a training that was interrupted, and returns the content of `metrics.json`.

    Args:
        dataset: The records.
        folder: The run folder, made if missing.
        options: What to train and how.
        listener: Who is told how it goes.
        validation_only: Whether to stop before the test part is read, and to write and return `validation.json`. The
            same training without it goes on from there.

    Raises:
        CanError: Options, records, word vectors or the run folder cannot be used, or another process trains in it; the
            message says which and why.
    """
    listener = listener or Listener()
    if options.model not in VARIANTS:
        raise ConfigError(f"there is no model {options.model!r}; expected one of {', '.join(sorted(VARIANTS))}")
    _check_segmentation(dataset, options)
    parts = split(dataset, options)
    if (folder / run_folder.METRICS_FILE).exists():
        return _finished(dataset, folder, options, listener, validation_only)
    run_folder.check_new_or_same(folder, options, dataset)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        if (folder / run_folder.METRICS_FILE).exists():  # Another process has just finished it.
            return _finished(dataset, folder, options, listener, validation_only)
        state = run_folder.open_run(folder, options, dataset)
        verify_shards(dataset)
        # Before TensorFlow's first operation, and so before the word vectors.
        strategy = strategy_for(options.devices)
        training = _prepare(dataset, parts, folder, options, state, listener)
        with strategy.scope():
            _fit(training, listener)
            return _finish_without_test(training) if validation_only else _finish(training)


def _finished(
    dataset: Dataset, folder: Path, options: TrainOptions, listener: Listener, validation_only: bool
) -> dict[str, Any]:
    run_folder.check_same(folder, options, dataset)
    run_folder.remove_leftovers(folder)  # Of a kill after the last step but one.
    listener.message(f"{folder} is done already.")
    metrics = run_folder.read_run_json(folder, run_folder.METRICS_FILE)
    return _validation_scores(metrics["validation"], metrics) if validation_only else metrics


def _check_segmentation(dataset: Dataset, options: TrainOptions) -> None:
    whole = dataset.segmentation == "whole"
    reads = VARIANTS[options.model].reads
    if reads == "frames" and not whole:
        raise ConfigError(
            f"{options.model} reads an utterance's frames in one run, and {dataset.folder} holds "
            f"{dataset.segmentation} segments. Build records with --segmentation whole for it."
        )
    if reads == "segments" and whole:
        raise ConfigError(
            f"{options.model} reads a segment a word, and {dataset.folder} holds whole utterances. "
            "Build records with --segmentation aligned or equal for it."
        )


@dataclasses.dataclass(frozen=True, eq=False)
class _Training:
    """All that belongs to one training."""

    dataset: Dataset
    parts: Parts
    folder: Path
    options: TrainOptions
    state: RunState
    config: ModelConfig
    model: keras.Model

    @property
    def checkpoint(self) -> Path:
        return self.folder / run_folder.CHECKPOINT_FOLDER

    def batches(self, order: EpochOrder) -> tf.data.Dataset:
        cut = None if self.dataset.segmentation == "whole" else self.options.max_segment_frames
        data = batches(self.dataset, order, max_segment_frames=cut)
        devices = self.options.devices
        return data.map(lambda inputs, label: fill_up(inputs, label, devices)) if devices > 1 else data


def _prepare(
    dataset: Dataset, parts: Parts, folder: Path, options: TrainOptions, state: RunState, listener: Listener
) -> _Training:
    listener.message(
        f"Fold {options.fold} of the {options.protocol} protocol: {len(parts.train)} utterances to train on, "
        f"{len(parts.validation)} to validate, {len(parts.test)} to test."
    )
    if dataset.segmentation != "whole" and (cut := cut_utterances(dataset.utterances, options.max_segment_frames)):
        listener.message(f"{cut} utterances have a segment cut to {options.max_segment_frames} frames.")
    vectors = word_vectors(dataset, parts, options, listener.word_vectors)
    listener.message(
        f"{len(vectors.vocabulary)} words; word vectors: {vectors.source}, {vectors.dimension} dimensions."
    )
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(options.seed)
    config = _model_config(dataset, parts, options, vectors)
    strategy = strategy_for(options.devices)
    model = build_in(strategy, lambda: build(options.model, config, vectors.matrix))
    with strategy.scope():
        compile_model(model, config, learning_rate=options.learning_rate, clip_norm=options.clip_norm)
        # Without its variables, an optimizer would skip those of a checkpoint.
        model.optimizer.build(model.trainable_variables)
    return _Training(dataset, parts, folder, options, state, config, model)


def _model_config(dataset: Dataset, parts: Parts, options: TrainOptions, vectors: WordVectors) -> ModelConfig:
    mean, variance = frame_statistics(dataset, parts.train)
    weights: tuple[float, ...] = ()
    if options.class_weight == "balanced":
        counts = collections.Counter(utterance.label for utterance in parts.train)
        weights = balanced_class_weights([counts[label] for label in dataset.labels])
    return ModelConfig(
        labels=dataset.labels,
        vocabulary=vectors.vocabulary,
        embedding_dim=vectors.dimension,
        units=options.units,
        dropout=options.dropout,
        num_heads=options.heads,
        alpha=options.alpha,
        frame_mean=tuple(mean.tolist()),
        frame_variance=tuple(variance.tolist()),
        class_weights=weights,
        seed=options.seed,
    )


def _fit(training: _Training, listener: Listener) -> None:
    options, state, model = training.options, training.state, training.model
    if state.epochs:
        listener.message(f"Going on after epoch {state.epochs}.")
        if different := run_folder.other_versions(training.folder):
            listener.message(f"It was begun with {different}: the result may differ from that of one go.")
        load_variables(model, training.checkpoint / state.weights)
    if state.ends(options):
        return
    order = EpochOrder(training.parts.train, options.batch_size, options.seed)
    outputs = model.output_names
    data = training.batches(order).map(lambda inputs, label: (inputs, dict.fromkeys(outputs, label)))
    _build_losses(model, *next(iter(data)))
    tensorboard = keras.callbacks.TensorBoard(training.folder / run_folder.TENSORBOARD_FOLDER, write_graph=False)
    with naming_disk_errors(training.folder):
        model.fit(
            data,
            initial_epoch=state.epochs,
            epochs=options.epochs,
            callbacks=[_Epochs(training, order, listener), tensorboard],
            shuffle=False,  # The order is made already.
            verbose=0,
        )


def _build_losses(model: keras.Model, inputs: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> None:
    """Makes the variables of losses and metrics, which `fit` would make in tracing a step, only to trace it again."""
    inputs, labels = ({name: values[:1] for name, values in each.items()} for each in (inputs, labels))
    outputs = model(inputs, training=False)
    model.compute_loss(inputs, labels, outputs)
    model.compute_metrics(inputs, labels, outputs)
    model.reset_metrics()


class _Epochs(keras.callbacks.Callback):
    """Sets the randomness of an epoch before it; validates, keeps the state and stops after it."""

    def __init__(self, training: _Training, order: EpochOrder, listener: Listener):
        super().__init__()
        self.training, self.order, self.listener = training, order, listener
        self.epoch_number, self.started = 0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_number, self.started = epoch + 1, time.monotonic()
        self.order.epoch = epoch
        for index, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout) and layer.rate:
                # The counter grows by one a batch: epochs start far apart, so that no two share their masks.
                layer.seed_generator.state.assign([self.training.options.seed + index, epoch << 20])

    def on_train_batch_end(self, batch, logs=None):
        self.listener.batch(self.epoch_number, batch + 1, len(self.order))

    def on_epoch_end(self, epoch, logs=None):
        training, state = self.training, self.training.state
        if not np.isfinite(logs["loss"]):
            raise RunError(
                f"{training.folder}: the loss is {logs['loss']} in epoch {epoch + 1}. "
                "Train again with another --run and a lower --learning-rate."
            )
        validation = _predict(training, training.parts.validation)
        scores = evaluate_predictions(validation.final, validation.true, training.dataset.labels)
        loss = -np.log(validation.final[np.arange(len(validation.true)), validation.true]).mean()
        row = (epoch + 1, float(logs["loss"]), float(loss), scores["wa"], scores["ua"])
        seconds = round(time.monotonic() - self.started, 3)
        state.history.append(dict(zip(run_folder.HISTORY_COLUMNS, (*row, seconds), strict=True)))
        # TensorBoard, which comes next, draws names with this prefix as a run of their own.
        logs.update(val_loss=float(loss), val_wa=scores["wa"], val_ua=scores["ua"])
        self._keep(epoch, scores["wa"])
        self.listener.epoch(state)
        if state.ends(training.options):
            self.model.stop_training = True

    def _keep(self, epoch: int, wa: float) -> None:
        training, state = self.training, self.training.state
        state.weights = f"epoch-{epoch:04d}.npz"
        save_variables(self.model, training.checkpoint / state.weights)
        if wa > state.best_wa:
            state.best_wa, state.best_epoch, state.best_weights = wa, epoch, state.weights
        run_folder.write_state(training.folder, state)


@dataclasses.dataclass(frozen=True, eq=False)
class _Predictions:
    """Probabilities `[utterances, labels]` in float64 by output, `final` by Eq. 15, and the true label indices."""

    utterances: Sequence[StoredUtterance]
    final: np.ndarray
    by_output: Mapping[str, np.ndarray]
    true: np.ndarray


def _predict(training: _Training, utterances: Sequence[StoredUtterance]) -> _Predictions:
    by_length = sorted(utterances, key=lambda utterance: (utterance.segments, utterance.id))  # Pads little.
    inputs = training.batches(EpochOrder(by_length, training.options.batch_size)).map(lambda inputs, _: inputs)
    logits = training.model.predict(inputs, verbose=0)
    logits = {name: values[: len(by_length)] for name, values in logits.items()}  # What filled the last batch up.
    label_index = {label: index for index, label in enumerate(training.dataset.labels)}
    return _Predictions(
        by_length,
        np.exp(np.asarray(final_log_probabilities(logits, training.config.alpha), np.float64)),
        {name: _softmax(values) for name, values in logits.items()},
        np.array([label_index[utterance.label] for utterance in by_length]),
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)


def _finish_without_test(training: _Training) -> dict[str, Any]:
    best = training.state.history[training.state.best_epoch]
    scores = _validation_scores({name: best[f"validation_{name}"] for name in ("wa", "ua")}, _course(training))
    write_json(training.folder / run_folder.VALIDATION_FILE, scores)
    return scores


def _validation_scores(validation: Mapping[str, Any], course: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the content of `validation.json`."""
    kept = ("epochs", "best_epoch", "seconds", "synthetic")
    scores = {f"validation_{name}": validation[name] for name in ("wa", "ua")}
    return {**scores, **{name: course[name] for name in kept}}


def _course(training: _Training) -> dict[str, Any]:
    state = training.state
    return {
        "epochs": state.epochs,
        "best_epoch": state.best_epoch + 1,
        "seconds": round(sum(row["seconds"] for row in state.history), 3),
        "synthetic": training.dataset.synthetic,
    }


def _finish(training: _Training) -> dict[str, Any]:
    """Writes model, predictions, checksums and, last, metrics."""
    folder, state = training.folder, training.state
    load_variables(training.model, training.checkpoint / state.best_weights)
    with replacing(folder / run_folder.MODEL_FILE) as temporary:
        training.model.save(temporary)
    write_json(folder / run_folder.MODEL_CONFIG_FILE, training.config.to_json())
    test = _predict(training, training.parts.test)
    validation = _predict(training, training.parts.validation)
    _write_predictions(folder / run_folder.PREDICTIONS_FILE, test, training.dataset.labels)
    _write_predictions(folder / run_folder.VALIDATION_PREDICTIONS_FILE, validation, training.dataset.labels)
    metrics = _metrics(training, test, validation)
    run_folder.finish_run(folder, metrics)
    return metrics


def _write_predictions(path: Path, predictions: _Predictions, labels: Sequence[str]) -> None:
    columns: dict[str, Sequence[Any]] = {
        "id": [utterance.id for utterance in predictions.utterances],
        "label": [utterance.label for utterance in predictions.utterances],
        "predicted": [labels[index] for index in predictions.final.argmax(axis=1)],
    }
    for name, probabilities in {"": predictions.final, **_single_modalities(predictions)}.items():
        prefix = f"{name}_probability" if name else "probability"
        columns |= {f"{prefix}_{label}": probabilities[:, index].tolist() for index, label in enumerate(labels)}
    run_folder.write_predictions(path, columns)


def _single_modalities(predictions: _Predictions) -> dict[str, np.ndarray]:
    return {name: predictions.by_output[name] for name in ("text", "audio") if name in predictions.by_output}


def _metrics(training: _Training, test: _Predictions, validation: _Predictions) -> dict[str, Any]:
    labels, parts = training.dataset.labels, training.parts
    single = {
        name: evaluate_predictions(probabilities, test.true, labels)
        for name, probabilities in _single_modalities(test).items()
    }
    return {
        **evaluate_predictions(test.final, test.true, labels),
        **single,
        "majority": majority([row.label for row in parts.train], [row.label for row in parts.test], labels),
        "text_reference": _text_reference(training),
        "validation": evaluate_predictions(validation.final, validation.true, labels),
        **_course(training),
        "weights_sha256": _weights_sha256(training.model),
    }


def _text_reference(training: _Training) -> dict[str, Any]:
    """Scores TF-IDF and logistic regression on the same parts: what any claim stands beside."""
    labels, train, test = training.dataset.labels, training.parts.train, training.parts.test
    probabilities = tfidf_reference(
        [row.words for row in train],
        [row.label for row in train],
        [row.words for row in test],
        labels,
        training.options.class_weight,
    )
    return evaluate_predictions(probabilities, np.array([labels.index(row.label) for row in test]), labels)


def _weights_sha256(model: keras.Model) -> str:
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()
