"""A finished run's model on the records of another corpus, which tells whether it works for people it never heard.

Labels are compared by name. A model may take an utterance for a label that the other corpus does not have, which then
is wrong; beside it stands the prediction among the labels that both have.
"""

import dataclasses
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from can_tf.errors import ConfigError, RunError
from can_tf.features.registry import front_end_from_json, front_end_to_text
from can_tf.models.config import ModelConfig
from can_tf.models.contract import fault_in_signature
from can_tf.models.registry import VARIANTS
from can_tf.models.saved import load_model
from can_tf.progress import Progress, amount, counted, ignore
from can_tf.records.dataset import Dataset, StoredUtterance, verify_shards
from can_tf.records.pipeline import EpochOrder, batches, by_speaker, cut_utterances
from can_tf.training import run_folder
from can_tf.training.leakage import Heard, heard_by
from can_tf.training.metrics import evaluate_predictions, majority
from can_tf.training.options import TrainOptions, options_of_run
from can_tf.training.predictions import Predictions, by_length, forward_of, predictions_of
from can_tf.training.shared_labels import LabelMatch, among, match_labels

_CONFIG: dict[str, Any] = {  # What is needed of a run's.
    "options": {},
    "records": {
        "folder": str,
        "fingerprint": str,
        "corpus": {"synthetic": bool},
        "segmentation": str,
        "overlap": float,
        "fillers": str,
        "features": {"name": str},
    },
}


@dataclasses.dataclass(frozen=True, eq=False)
class Elsewhere:
    """What a run's model predicts of other records.

    Attributes:
        run: The run folder.
        dataset: The other records.
        labels: The model's, in index order.
        alpha: The exponent of Eq. 15.
        predictions: Of the utterances whose label the model knows.
        match: How the labels fit.
        heard: What the run has heard of these records in its training.
        notes: In words, what differs from the run's own records and may shift the scores.

    Example:
        >>> from can_tf.records.dataset import load_dataset
        >>> result = evaluate_on(Path("runs/can"), load_dataset(Path("data/records")))
        >>> result.probabilities["final"].shape == (len(result.predictions.utterances), len(result.labels))
        True
    """

    run: Path
    dataset: Dataset
    labels: tuple[str, ...]
    alpha: float
    predictions: Predictions
    match: LabelMatch
    heard: Heard
    notes: tuple[str, ...]

    @property
    def speakers(self) -> int:
        """How many speakers the utterances have."""
        return len({utterance.speaker for utterance in self.predictions.utterances})

    @property
    def probabilities(self) -> dict[str, np.ndarray]:
        """Each prediction, `<float64>[utterances, labels]`: `final`, and `text` and `audio` if there are such heads.

        Where the records lack labels that the model knows, also `shared`: the final one among the shared labels.
        """
        found = {"final": self.predictions.final}
        if self.match.lacking:
            found["shared"] = among(self.predictions.final, self.labels, self.match.shared)
        return {**found, **self.predictions.single_modalities}

    @property
    def scores(self) -> dict[str, dict[str, Any]]:
        """The scores of each prediction, as `evaluate_predictions` has them.

        `majority` scores a constant guess: these utterances' own shares of labels.
        """
        true = [utterance.label for utterance in self.predictions.utterances]
        scored = {
            name: evaluate_predictions(values, self.predictions.true, self.labels)
            for name, values in self.probabilities.items()
        }
        return {**scored, "majority": majority(true, true, self.labels)}


def evaluate_on(run: Path, dataset: Dataset, progress: Progress = ignore) -> Elsewhere:
    """Asks a finished run's model about the records of another corpus.

    Args:
        run: The run folder, of any variant. Nothing in it is changed.
        dataset: The records: of the run's front end and, if the model reads audio, in segments or whole as its own.
        progress: Told of the batches.

    Raises:
        RunError: The run is not finished, or its files are damaged.
        RecordsError: The records are damaged.
        ConfigError: The records do not fit what the model reads, or share fewer than two labels with it.

    Example:
        >>> from can_tf.records.dataset import load_dataset
        >>> result = evaluate_on(Path("runs/can"), load_dataset(Path("data/records")))
        >>> result.heard.own_records, sorted(result.scores), result.match.left_out
        (True, ['audio', 'final', 'majority', 'text'], {})
    """
    run_folder.read_run_json(run, run_folder.METRICS_FILE)  # Which tells whether the run is finished.
    config = run_folder.read_run_json(run, run_folder.CONFIG_FILE, _CONFIG)
    options = options_of_run(run / run_folder.CONFIG_FILE, config["options"])
    _check_fits(run, config["records"], options, dataset)
    model_config = ModelConfig.from_json(run_folder.read_run_json(run, run_folder.MODEL_CONFIG_FILE))
    where = f"{run} on {dataset.folder}"
    match = match_labels(model_config.labels, [utterance.label for utterance in dataset.utterances], where)
    utterances = by_length(utterance for utterance in dataset.utterances if utterance.label in match.shared)
    heard = heard_by(run, config, options, dataset, utterances)
    notes = tuple(_notes(config["records"], options, dataset, utterances))
    verify_shards(dataset)
    forward = forward_of(_model(run, model_config))
    read = by_speaker(dataset) if options.normalize == "speaker" else dataset
    cut = None if dataset.segmentation == "whole" else options.max_segment_frames
    order = EpochOrder(utterances, options.batch_size)
    data = _told(batches(read, order, max_segment_frames=cut), len(order), progress)
    predictions = predictions_of(forward, data, utterances, model_config.labels, model_config.alpha)
    return Elsewhere(run, dataset, model_config.labels, model_config.alpha, predictions, match, heard, notes)


def _told(data: Iterable[Any], total: int, progress: Progress) -> Iterator[Any]:
    report = counted(progress, "Predicting", "batches")
    for number, batch in enumerate(data, 1):
        yield batch
        report(number, total)


def _model(run: Path, config: ModelConfig) -> keras.Model:
    path = run_folder.unchanged(run, run_folder.MODEL_FILE)
    model = load_model(path)
    if fault := fault_in_signature(model, config):
        raise RunError(f"{path}: is not the model of {run_folder.MODEL_CONFIG_FILE} ({fault}). Take another run.")
    return model


def _check_fits(run: Path, records: Mapping[str, Any], options: TrainOptions, dataset: Dataset) -> None:
    """Raises ConfigError, with the command that builds records which fit, if the model cannot read these."""
    try:
        front_end = front_end_from_json(records["features"])
    except ConfigError as error:
        raise RunError(f"{run}: was trained on unknown features ({error}). Take another run.") from error
    own, others = front_end_to_text(front_end), front_end_to_text(dataset.front_end)
    if front_end != dataset.front_end:
        what = f"reads frames of {own}, and {dataset.folder} holds frames of {others}"
    elif _reads_audio(options) and (records["segmentation"] == "whole") != (dataset.segmentation == "whole"):
        what = (
            f"reads {_in_words(records['segmentation'])}, and {dataset.folder} holds {_in_words(dataset.segmentation)}"
        )
    else:
        return
    settings = {"--corpus": dataset.description["corpus"]["name"], "--root": "ROOT", "--features": own}
    settings |= {f"--{name}": f"{records[name]}" for name in ("segmentation", "overlap", "fillers")}
    command = shlex.join(["can-tf", "build-records", *(word for pair in settings.items() for word in pair)])
    raise ConfigError(what, where=str(run), advice=f"build records that fit with: {command} --out OUT")


def _in_words(segmentation: str) -> str:
    return "whole utterances" if segmentation == "whole" else f"{segmentation} segments"


def _reads_audio(options: TrainOptions) -> bool:
    return VARIANTS[options.model].reads != "nothing"


def _notes(
    records: Mapping[str, Any], options: TrainOptions, dataset: Dataset, utterances: Sequence[StoredUtterance]
) -> Iterator[str]:
    """Yields what differs from the run's own records, without keeping the model from reading these."""
    reads_segments = _reads_audio(options) and dataset.segmentation != "whole"
    for name in ("segmentation", "overlap", "fillers") if reads_segments else ("fillers",):
        own, other = records[name], dataset.description[name]
        if own != other:
            yield f"the run's records were built with --{name} {own}, and these with --{name} {other}"
    own, other = records.get("resampler"), dataset.description.get("resampler")
    if own and other and own != other:
        yield f"the run's recordings were resampled by {own}, and these by {other}"
    if records["corpus"]["synthetic"] != dataset.synthetic:
        kinds = ("recordings of people", "synthetic speech")
        yield f"the run was trained on {kinds[not dataset.synthetic]}, and these are {kinds[dataset.synthetic]}"
    if options.normalize == "speaker":
        counts = Counter(utterance.speaker for utterance in dataset.utterances)
        if alone := sum(count == 1 for count in counts.values()):
            yield f"of {amount(alone, 'speakers')} there is one utterance alone, which is standardized by itself"
    if reads_segments and (cut := cut_utterances(utterances, options.max_segment_frames)):
        yield f"of {amount(cut, 'utterances')} a segment is cut to {options.max_segment_frames} frames"
