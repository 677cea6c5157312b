"""Which labels of a model the utterances of another corpus have, by name, and its predictions among these alone."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from can_tf.errors import ConfigError

LEAST_SHARED = 2


@dataclasses.dataclass(frozen=True)
class LabelMatch:
    """How the labels of utterances fit those of a model.

    Attributes:
        shared: The model's labels that an utterance has, in index order.
        lacking: The model's labels that no utterance has, in index order.
        left_out: Number of utterances by label, for labels that the model does not know.
    """

    shared: tuple[str, ...]
    lacking: tuple[str, ...]
    left_out: Mapping[str, int]


def match_labels(known: Sequence[str], found: Sequence[str], where: str = "") -> LabelMatch:
    """Matches labels by name.

    Args:
        known: The model's labels, in index order.
        found: The label of each utterance.
        where: What an error names.

    Raises:
        ConfigError: They share fewer than two labels.

    Example:
        >>> match_labels(("calm", "loud", "sad"), ["sad", "calm", "bored", "calm"])
        LabelMatch(shared=('calm', 'sad'), lacking=('loud',), left_out={'bored': 1})
    """
    counts = Counter(found)
    shared = tuple(label for label in known if counts[label])
    if len(shared) < LEAST_SHARED:
        there = ", ".join(sorted(counts)) or "none"
        raise ConfigError(
            f"the model knows the labels {', '.join(known)}, and the records have {there}",
            where=where,
            expected=f"at least {LEAST_SHARED} labels of the same names",
            advice="build the records with --labels FILE, which maps labels to others; docs/own-corpus.md tells how",
        )
    lacking = tuple(label for label in known if not counts[label])
    return LabelMatch(shared, lacking, {label: counts[label] for label in sorted(set(counts) - set(known))})


def among(probabilities: np.ndarray, labels: Sequence[str], kept: Sequence[str]) -> np.ndarray:
    """Returns probabilities given that one of some labels is right, `<float64>[utterances, labels]`.

    The others become 0, and each row sums to 1 again. A row that has nothing for those kept becomes even among them.

    Args:
        probabilities: `<float>[utterances, labels]`.
        labels: Names in index order.
        kept: Some of them, at least one.

    Example:
        >>> among(np.array([[0.5, 0.3, 0.2]]), ("calm", "loud", "sad"), ("loud", "sad")).round(6)
        array([[0. , 0.6, 0.4]])
    """
    of_kept = np.isin(labels, kept)
    masked = np.where(of_kept, probabilities, 0.0)
    total = masked.sum(axis=1, keepdims=True)
    return np.where(total > 0, masked / np.where(total > 0, total, 1.0), of_kept / of_kept.sum())
