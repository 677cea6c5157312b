"""How much of what is tested occurs in the training set, of a fold or of a finished run: a high score may be memory."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import RecordsError
from can_tf.records.dataset import Dataset, StoredUtterance, load_dataset
from can_tf.training.data import split_of
from can_tf.training.folds import make_fold, number_of_folds
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import PREDICTIONS_FILE, VALIDATION_PREDICTIONS_FILE, read_predictions

_PREDICTIONS = (VALIDATION_PREDICTIONS_FILE, PREDICTIONS_FILE)

# What an utterance may share with one of the training set; an empty value is shared with nobody.
SHARED: Mapping[str, Callable[[StoredUtterance], str]] = {
    "speaker": lambda utterance: utterance.speaker,
    "session": lambda utterance: utterance.session,
    "scenario": lambda utterance: utterance.scenario,
    "sentence": lambda utterance: utterance.words,
}


def shared_with_training(utterances: Sequence[StoredUtterance], protocol: str, seed: int = 0) -> dict[str, int]:
    """Returns, for each of SHARED, how many utterances share it with their own fold's training set when they test.

    Over all folds of a protocol, every utterance tests once. `sentence` is the very same words.

    Raises:
        ConfigError: The corpus does not allow the protocol.
    """
    by_id = {utterance.id: utterance for utterance in utterances}
    counts = dict.fromkeys(SHARED, 0)
    for number in range(number_of_folds(utterances, protocol)):
        fold = make_fold(utterances, protocol, number, seed)
        for name, value_of in SHARED.items():
            known = {value_of(by_id[id_]) for id_ in fold.train} - {""}
            counts[name] += sum(value_of(by_id[id_]) in known for id_ in fold.test)
    return counts


@dataclasses.dataclass(frozen=True)
class Heard:
    """What of some records a run has been trained on, as far as names tell.

    Attributes:
        own_records: Whether they are the records that the run was made from.
        sets: Whose ids theirs were compared with: the run's training and validation sets; where its records are not
            at hand, its validation and test sets, of which it has predictions.
        utterances: How many ids they have in common.
        speakers: Names of speakers in common; None where the run's records are not at hand.
    """

    own_records: bool
    sets: str
    utterances: int
    speakers: tuple[str, ...] | None


def heard_by(
    run: Path,
    config: Mapping[str, Any],
    options: TrainOptions,
    dataset: Dataset,
    utterances: Sequence[StoredUtterance],
) -> Heard:
    """Returns what of some records a run has heard in its training.

    Args:
        run: A finished run folder.
        config: Its `config.json`, with `folder` and `fingerprint` of its records.
        options: What it was trained with.
        dataset: The records.
        utterances: Those of them that count.

    Raises:
        RunError: The run's predictions cannot be read.
    """
    own = dataset.fingerprint == config["records"]["fingerprint"]
    ids, speakers = ({getattr(row, name) for row in utterances} - {""} for name in ("id", "speaker"))
    records = dataset if own else _records_of(config)
    if records is None:
        rows = [row for name in _PREDICTIONS for row in read_predictions(run, ("id",), name)]
        return Heard(own, "validation and test sets", len(ids & {row["id"] for row in rows}), None)
    split = split_of(records, options)
    learned = (*split.train, *split.validation)
    common = tuple(sorted(speakers & {row.speaker for row in learned}))
    return Heard(own, "training and validation sets", len(ids & {row.id for row in learned}), common)


def _records_of(config: Mapping[str, Any]) -> Dataset | None:
    """Returns the records that a run was trained on; None if they are not where they were, or are others now."""
    try:
        records = load_dataset(Path(config["records"]["folder"]))
    except (RecordsError, OSError):
        return None
    return records if records.fingerprint == config["records"]["fingerprint"] else None
