"""What one fold's training reads: its split, its vocabulary with word vectors, and the statistics of its frames.

Vocabulary and statistics come from the training set alone. Words of the other sets that stand in the GloVe file keep
their vectors, as they would in production; nothing about how often or with which label they occur is used.
"""

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from can_tf.errors import ConfigError
from can_tf.progress import Event, Progress, ignore
from can_tf.records.dataset import Dataset, StoredUtterance
from can_tf.text.glove import GloveVectors, embedding_matrix, read_glove
from can_tf.text.vocabulary import build_vocabulary
from can_tf.training.fold_labels import ADVICE, FoldLabels
from can_tf.training.folds import make_fold
from can_tf.training.options import TrainOptions

_LOG = logging.getLogger(__name__)

RANDOM_VECTOR_DIMENSION = 300  # The paper's, where there is no file to tell.


@dataclasses.dataclass(frozen=True)
class Split:
    """A fold's training, validation and test sets, each sorted by id."""

    train: tuple[StoredUtterance, ...]
    validation: tuple[StoredUtterance, ...]
    test: tuple[StoredUtterance, ...]

    @property
    def labels(self) -> FoldLabels:
        """How many utterances of each label the sets have."""
        return FoldLabels(*(Counter(row.label for row in rows) for rows in (self.train, self.validation, self.test)))


@dataclasses.dataclass(frozen=True, eq=False)
class WordVectors:
    """A vocabulary and `<float32>[len(vocabulary) + 2, dimension]`, rows of padding and unknown words first.

    `matrix` is None where no vectors were given: the model then draws its own.
    """

    vocabulary: tuple[str, ...]
    matrix: np.ndarray | None
    dimension: int
    source: str


def split_of(dataset: Dataset, options: TrainOptions) -> Split:
    """Returns the sets of a fold.

    Raises:
        ConfigError: There is no such fold, or it cannot be trained: a set is empty, one label is all there is to train
            on, or no label that validates or tests is trained.
    """
    by_id = {utterance.id: utterance for utterance in dataset.utterances}
    fold = make_fold(dataset.utterances, options.protocol, options.fold, options.seed, options.folds)
    split = Split(*(tuple(by_id[id_] for id_ in sorted(ids)) for ids in (fold.train, fold.validation, fold.test)))
    if fault := split.labels.fault:
        raise ConfigError(f"fold {options.fold} of the {options.protocol} protocol {fault}", advice=ADVICE)
    return split


def word_vectors(
    dataset: Dataset,
    split: Split,
    options: TrainOptions,
    progress: Progress = ignore,
    start: WordVectors | None = None,
) -> WordVectors:
    """Returns the vocabulary of a fold with its vectors, from a GloVe file, the demo's own, or none.

    Args:
        dataset: The records.
        split: Of the fold.
        options: Whether there is a file, and the seed of random vectors.
        progress: Told of word vectors read.
        start: Words of another run, all of which are kept with their vectors.

    Raises:
        TextError: The GloVe file cannot be used.
        ConfigError: Its vectors have another dimension than those of `start`.
    """
    train_words = [utterance.words.split(" ") for utterance in split.train]
    path = _glove_path(dataset, options)
    if path is None:
        if start is not None:
            return _added(start, train_words, {}, options)
        return WordVectors(build_vocabulary(train_words), None, RANDOM_VECTOR_DIMENSION, "none: random")
    every_word = sorted({word for utterance in dataset.utterances for word in utterance.words.split(" ")})
    glove = read_glove(path, every_word, progress)
    _say_coverage(path, len(glove.vectors), len(every_word), progress)
    if start is not None and glove.dimension == start.dimension:
        return _added(start, train_words, glove.vectors, options)
    if start is not None and options.glove is None:  # Nobody asked for the demo's.
        return _added(start, train_words, {}, options)
    if start is not None:
        raise ConfigError(
            f"{path}: has word vectors of {glove.dimension} dimensions, and {start.source} has {start.dimension}; "
            "give the file that it was trained with."
        )
    vocabulary = build_vocabulary(train_words, glove.vectors)
    return WordVectors(vocabulary, embedding_matrix(vocabulary, glove, options.seed), glove.dimension, path.name)


def _added(
    start: WordVectors, train_words: Sequence[Sequence[str]], others: Mapping[str, np.ndarray], options: TrainOptions
) -> WordVectors:
    """Returns a run's words, which keep their vectors, and those of a fold and a file, which get new ones."""
    of_start = np.asarray(start.matrix)
    kept = dict(zip(start.vocabulary, of_start[2:], strict=True))
    vectors = GloveVectors(start.dimension, {**others, **kept})
    vocabulary = build_vocabulary(train_words, vectors.vectors)
    matrix = embedding_matrix(vocabulary, vectors, options.seed)
    matrix[:2] = of_start[:2]
    source = f"{start.source}'s and {len(vocabulary) - len(kept)} more words"
    return WordVectors(vocabulary, matrix, start.dimension, source)


def _glove_path(dataset: Dataset, options: TrainOptions) -> Path | None:
    if options.glove is not None:
        return Path(options.glove)
    if dataset.synthetic:
        return Path(str(resources.files("can_tf.corpus") / "data" / "demo_glove.50d.txt"))
    return None


def _say_coverage(path: Path, known: int, words: int, progress: Progress) -> None:
    if known:
        progress(Event("Reading word vectors", note=f"{path.name}: word vectors for {known} of {words} words."))
    else:
        _LOG.warning(
            "%s: has word vectors for 0 of %d words, so that all start random; expected words in lower case, in the "
            "language of the corpus",
            path,
            words,
        )
