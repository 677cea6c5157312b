"""The words that a model knows."""

from collections.abc import Iterable, Sequence


def build_vocabulary(train_words: Iterable[Sequence[str]], with_vectors: Iterable[str] = ()) -> tuple[str, ...]:
    """Returns a vocabulary in alphabetical order.

    Args:
        train_words: The words of each utterance of the training set, normalized.
        with_vectors: Words from elsewhere that have a vector already; training never sees them, and they keep it.
    """
    return tuple(sorted({word for words in train_words for word in words}.union(with_vectors) - {""}))
