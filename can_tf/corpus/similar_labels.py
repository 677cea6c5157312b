"""Labels that look alike, or that one utterance has: a typo becomes a class of its own, and nobody meant it."""

import itertools
import logging
from collections import Counter
from collections.abc import Iterator, Mapping

from can_tf.corpus.utterance import Corpus

_LOG = logging.getLogger(__name__)
_LEAST_LETTERS = 4  # Shorter labels, hap and hae, are one letter apart by design.


def say_odd_labels(corpus: Corpus) -> None:
    """Tells, on the logger `can_tf`, of a corpus's labels that look alike and of those that one utterance has."""
    counts = Counter(utterance.label for utterance in corpus.utterances)
    if alike := "; ".join(similar_labels(counts)):
        _LOG.warning(
            "%s: labels that look alike are classes of their own: %s. To make them one, map them with --labels FILE",
            corpus.name,
            alike,
        )
    if single := [label for label in sorted(counts) if counts[label] == 1]:
        _LOG.warning("%s: one utterance alone has the label %s", corpus.name, ", ".join(map(repr, single[:10])))


def similar_labels(counts: Mapping[str, int]) -> Iterator[str]:
    """Yields pairs of labels that differ in case, in what separates words, or in a letter, with their counts.

    Example:
        >>> list(similar_labels({"happy": 8, "Happy": 2, "hapy": 1, "sad": 4, "mad": 4}))
        ["'Happy' (2) and 'happy' (8)", "'Happy' (2) and 'hapy' (1)", "'happy' (8) and 'hapy' (1)"]
    """
    for left, right in itertools.combinations(sorted(counts), 2):
        if _alike(_folded(left), _folded(right)):
            yield f"{left!r} ({counts[left]}) and {right!r} ({counts[right]})"


def _folded(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum())


def _alike(left: str, right: str) -> bool:
    """Tells whether two are the same, or one letter was left out, added, changed or swapped with the next."""
    if left == right:
        return True
    shorter, longer = sorted((left, right), key=len)
    if len(shorter) < _LEAST_LETTERS or len(longer) - len(shorter) > 1 or any(map(str.isdigit, left + right)):
        return False
    same = len([*itertools.takewhile(lambda pair: pair[0] == pair[1], zip(shorter, longer, strict=False))])
    if len(shorter) < len(longer):
        return shorter[same:] == longer[same + 1 :]
    swapped = shorter[same : same + 2][::-1] == longer[same : same + 2]
    return shorter[same + 1 :] == longer[same + 1 :] or (swapped and shorter[same + 2 :] == longer[same + 2 :])
