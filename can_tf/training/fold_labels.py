"""Which labels the sets of a fold have: why a fold cannot be trained, and what its scores leave out."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from can_tf.errors import ConfigError
from can_tf.progress import Event, Progress, amount, ignore, listed
from can_tf.training.confounds import shared_confounds
from can_tf.training.folds import UtteranceRow, held_out, make_fold
from can_tf.training.options import TrainOptions

_LEAST_LABELS = 2
_VERBS = {  # By set, what one fold does with it, and what some do.
    "train": ("trains", "train"),
    "validation": ("validates", "validate"),
    "test": ("tests", "test"),
}
# What helps where a fold cannot be trained.
ADVICE = "take another --protocol, or build records from more utterances or with other labels (--labels FILE)"


@dataclasses.dataclass(frozen=True)
class FoldLabels:
    """Number of utterances by label in each set of a fold; a label that a set lacks is not in it.

    Example:
        >>> of_fold = FoldLabels({"calm": 8}, {"calm": 1, "loud": 1}, {"loud": 2})
        >>> of_fold.fault
        "has the label 'calm' alone in its train set: there is nothing to tell apart"
        >>> of_fold.lacking("test", ("calm", "loud"))
        ('calm',)
    """

    train: Mapping[str, int]
    validation: Mapping[str, int]
    test: Mapping[str, int]

    @property
    def sets(self) -> dict[str, Mapping[str, int]]:
        return {name: getattr(self, name) for name in _VERBS}

    @property
    def fault(self) -> str:
        """Why nothing can be learned or measured, for an error; empty where something can."""
        if empty := [name for name, counts in self.sets.items() if not counts]:
            total = sum(sum(counts.values()) for counts in self.sets.values())
            return f"has an empty {empty[0]} set: {amount(total, 'utterances')} cannot fill three sets"
        if len(self.train) < _LEAST_LABELS:
            return f"has the label {next(iter(self.train))!r} alone in its train set: there is nothing to tell apart"
        for name in ("validation", "test"):
            if not set(self.sets[name]) & set(self.train):
                labels = listed(sorted(map(repr, self.sets[name])))
                return f"has no utterance to train on with a label of its {name} set ({labels}): none can be right"
        return ""

    def lacking(self, name: str, labels: Iterable[str]) -> tuple[str, ...]:
        """Returns those of some labels that no utterance of a set has."""
        return tuple(label for label in labels if label not in self.sets[name])

    def notes(self) -> list[str]:
        """Returns, for whoever starts a training, what a set lacks of the labels that the fold has: a line each."""
        labels = sorted({label for counts in self.sets.values() for label in counts})
        lines = []
        if untrained := [f"{label} ({self.test.get(label, 0)} to test)" for label in self.lacking("train", labels)]:
            lines.append(f"No utterance to train on: {listed(untrained)}. Those that test count as wrong.")
        if unvalidated := self.lacking("validation", labels):
            lines.append(f"No utterance to validate: {listed(unvalidated)}. Early stopping goes by other labels.")
        if untested := self.lacking("test", labels):
            lines.append(f"No utterance to test: {listed(untested)}. UA is the mean over the other labels.")
        return lines


def labels_of_folds(rows: Sequence[UtteranceRow], protocol: str, seed: int = 0, folds: int = 0) -> list[FoldLabels]:
    """Returns the labels of each fold's sets; arguments and errors are those of `can_tf.training.folds.make_fold`."""
    label_of = {row.id: row.label for row in rows}
    all_counts = Counter(label_of.values())
    found = []
    for validation, test in held_out(rows, protocol, seed, folds):
        held = [Counter(label_of[id_] for id_ in ids) for ids in (validation, test)]
        found.append(FoldLabels(all_counts - held[0] - held[1], *held))
    return found


def faults_in_words(faults: Mapping[int, str], total: int) -> str:
    """Returns which of some folds cannot be trained, and why the first cannot.

    Args:
        faults: Why, by fold; at least one.
        total: How many folds were looked at.

    Example:
        >>> faults_in_words({1: "has an empty test set: 3 utterances are too few", 4: "likewise"}, 10)
        '2 of 10 folds cannot be trained (1, 4): fold 1 has an empty test set: 3 utterances are too few'
    """
    first, reason = next(iter(faults.items()))
    if len(faults) == 1:
        return f"fold {first} {reason}"
    numbers = listed([str(fold) for fold in faults])
    return f"{len(faults)} of {total} folds cannot be trained ({numbers}): fold {first} {reason}"


def lacking_in_words(folds: Sequence[FoldLabels]) -> str:
    """Returns how many folds lack which labels in which set, the most first; empty where none lacks any.

    Example:
        >>> both, calm = {"calm": 2, "loud": 2}, {"calm": 2}
        >>> lacking_in_words([FoldLabels(both, both, calm), FoldLabels(both, calm, calm), FoldLabels(both, both, both)])
        'of 3 folds, 1 validates without loud; 2 test without loud'
    """
    labels = sorted({label for fold in folds for counts in fold.sets.values() for label in counts})
    told = []
    for name, (verb, verbs) in _VERBS.items():
        times = Counter(label for fold in folds for label in fold.lacking(name, labels))
        if most := sorted(times.items(), key=lambda item: (-item[1], item[0])):
            counts = [f"{count} without {label}" for label, count in most]
            counts[0] = f"{most[0][1]} {verb if most[0][1] == 1 else verbs} without {most[0][0]}"
            told.append(listed(counts))
    return f"of {amount(len(folds), 'folds')}, {'; '.join(told)}" if told else ""


def check_folds(
    rows: Sequence[UtteranceRow], options: TrainOptions, folds: Sequence[int], progress: Progress = ignore
) -> None:
    """Checks, before any is trained, that all of some folds can be.

    A seed draws which utterances of a label a set has, not how many: what holds with one holds with all.

    Args:
        rows: All utterances.
        options: The protocol, and in how many folds it puts speakers together.
        folds: To be trained, at least one.
        progress: Told of labels that sets lack, and of what else than the speech tells labels in the first fold.

    Raises:
        ConfigError: A fold cannot be trained, or `can_tf.training.folds.make_fold` would raise it.
    """
    of_all = labels_of_folds(rows, options.protocol, options.seed, options.folds)
    asked = {fold: of_all[fold] for fold in folds}
    if faults := {fold: labels.fault for fold, labels in asked.items() if labels.fault}:
        raise ConfigError(f"--protocol {options.protocol}: {faults_in_words(faults, len(asked))}", advice=ADVICE)
    lacking = lacking_in_words([*asked.values()])
    lines = [f"--protocol {options.protocol}: {lacking}."] if lacking else []
    first = make_fold(rows, options.protocol, folds[0], options.seed, options.folds)
    for line in [*lines, *shared_confounds(rows, first.train, first.test)]:
        progress(Event("Training", note=line))
