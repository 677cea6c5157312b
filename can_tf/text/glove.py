"""GloVe word vectors (Pennington et al., 2014), read from its text format: a word and its numbers a line.

fastText's and word2vec's text formats are read too: with a header, spaces at line ends, tabs or a byte order mark.

The real files have gigabytes, so a line is parsed only if its word is wanted. Some of their words contain spaces, so a
word is all that stands before the last `dimension` columns.

GloVe splits contractions as the Penn Treebank does: "don't" is "do" and "n't". A word with an apostrophe that has no
vector of its own gets the mean of its parts'. Where a file tells upper from lower case and lacks a lower-case word, the
capitalized word's vector is taken. Both are this project's choice; the paper says only that it uses GloVe.
"""

import codecs
import contextlib
import dataclasses
import gzip
import hashlib
import itertools
import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from can_tf.errors import TextError
from can_tf.progress import Event, Progress, counted, ignore

_EXPECTED = "Expected word vectors in GloVe's or fastText's text format."
_HEADER = re.compile(rb"(\d{1,12}) (\d{1,6})")
_FASTTEXT_BINARY = b"\xba\x16\x4f\x2f"
_LINES_TO_FIND_DIMENSION = 100
_LINES_BETWEEN_REPORTS = 20_000
_BYTES_PER_MB = 1_000_000
_PARTS_OF_CONTRACTIONS = ("n't", "'s", "'re", "'ve", "'ll", "'d", "'m")


@dataclasses.dataclass(frozen=True, eq=False)
class GloveVectors:
    """Vectors `<float32>[dimension]` by word, as wanted."""

    dimension: int
    vectors: dict[str, np.ndarray]


def read_glove(path: Path, wanted: Iterable[str], progress: Progress = ignore) -> GloveVectors:
    """Reads the vectors of some words.

    Args:
        path: GloVe's text format, plain or gzipped.
        wanted: Normalized words.
        progress: Told of the megabytes read.

    Raises:
        TextError: The file is missing, empty, or a line has another number of columns or a column that is no number.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "vectors.txt")
        ...     _ = path.write_text("good 1 2\\nday 3 4\\n")
        ...     read_glove(path, ["day", "unheard"]).vectors
        {'day': array([3., 4.], dtype=float32)}
    """
    words = sorted(set(wanted))
    needed = {spelling for word in words for part in (word, *_parts(word)) for spelling in _spellings(part)}
    try:
        if not path.is_file():
            raise TextError(f"{path}: cannot be read (there is no such file). {_EXPECTED}")
        layout = _layout(path)
        rows = {row.word: row.vector for row in _rows(path, layout, needed, progress)}
    except (OSError, EOFError, zlib.error) as error:
        raise TextError(f"{path}: cannot be read ({error}). {_EXPECTED}") from error
    vectors = {word: _vector(word, rows) for word in words}
    return GloveVectors(layout.dimension, {word: vector for word, vector in vectors.items() if vector is not None})


def embedding_matrix(vocabulary: Sequence[str], glove: GloveVectors, seed: int) -> np.ndarray:
    """Returns the vectors of a vocabulary, `<float32>[len(vocabulary) + 2, dimension]`.

    Row 0 is padding, all zeros; row 1 an unknown word, the mean of the vectors found. A word without a vector gets a
    random one with their standard deviation, which depends on the seed and the word alone.
    """
    known = np.array([glove.vectors[word] for word in vocabulary if word in glove.vectors], np.float32)
    mean = known.mean(axis=0) if len(known) else np.zeros(glove.dimension, np.float32)
    deviation = known.std() if len(known) else 0.1
    rows = [np.zeros(glove.dimension, np.float32), mean]
    for word in vocabulary:
        vector = glove.vectors.get(word)
        rows.append(_random_vector(word, seed, glove.dimension) * deviation if vector is None else vector)
    return np.stack(rows).astype(np.float32)


def _random_vector(word: str, seed: int, dimension: int) -> np.ndarray:
    digest = hashlib.sha256(f"{seed}:{word}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little")).normal(size=dimension)


def _parts(word: str) -> tuple[str, ...]:
    """Returns the parts that GloVe splits a contraction into, none for another word."""
    for part in _PARTS_OF_CONTRACTIONS:
        if word.endswith(part) and len(word) > len(part):
            stem = word[: -len(part)]
            return {"can't": "ca", "won't": "wo", "shan't": "sha"}.get(word, stem), part
    return ()


def _spellings(word: str) -> tuple[str, ...]:
    """Returns how a file may spell a word: as it is, capitalized, and either with accents as letters of their own."""
    spellings = (word, word.capitalize())
    return spellings if word.isascii() else (*spellings, *(unicodedata.normalize("NFD", each) for each in spellings))


def _vector(word: str, rows: dict[str, np.ndarray]) -> np.ndarray | None:
    for spelling in _spellings(word):
        if spelling in rows:
            return rows[spelling]
    parts = [rows[part] for part in _parts(word) if part in rows]
    return np.mean(parts, axis=0, dtype=np.float32) if parts else None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Row:
    word: str
    vector: np.ndarray


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO, int]]:
    """Gives the lines' file, the file whose position tells how far reading is, and its size."""
    with path.open("rb") as raw:
        size = path.stat().st_size
        if raw.read(2) == b"PK":
            raise TextError(f"{path}: is a zip archive; unzip it and give the .txt file inside.")
        raw.seek(0)
        if path.suffix == ".gz":
            with gzip.open(raw, "rb") as unpacked:
                yield unpacked, raw, size  # type: ignore[misc]
        else:
            yield raw, raw, size


class _Layout(NamedTuple):
    """Numbers in a line, and the number of words that a first line tells; None where there is no such line."""

    dimension: int
    words: int | None


def _layout(path: Path) -> _Layout:
    """Returns what the first line tells, or else the commonest number of columns behind a word over the first."""
    with _opened(path) as (lines, _, _):
        first = [line for line in itertools.islice(map(_plain, lines), _LINES_TO_FIND_DIMENSION) if line]
    if not first:
        raise TextError(f"{path}: is empty. {_EXPECTED}")
    if first[0].startswith(_FASTTEXT_BINARY):
        raise TextError(f"{path}: is a binary model of fastText; give its vectors as text, the .vec file.")
    counts = Counter(line.count(b" ") for line in first)
    if header := _HEADER.fullmatch(first[0]):
        words, dimension = map(int, header.groups())
        if dimension >= 2 and (counts[dimension] or len(first) == 1):
            return _Layout(dimension, words)
    dimension = counts.most_common(1)[0][0]
    if dimension < 2:
        raise TextError(f"{path}:1: expected a word and its numbers with spaces between them, as GloVe writes them.")
    return _Layout(dimension, None)


def _plain(line: bytes) -> bytes:
    """Returns a line without what other writers leave at its ends, and with spaces for their tabs."""
    return line.rstrip().replace(b"\t", b" ").removeprefix(codecs.BOM_UTF8)


def _rows(path: Path, layout: _Layout, needed: set[str], progress: Progress) -> Iterator[_Row]:
    dimension, words = layout.dimension, 0
    needed_bytes = {word.encode() for word in needed}
    report = counted(progress, "Reading word vectors", "MB")
    with _opened(path) as (lines, raw, size):
        for number, line in enumerate(map(_plain, lines), 1):
            if not line:
                continue
            if number == 1 and layout.words is not None:
                continue
            columns, words = line.count(b" "), words + 1
            if columns < dimension:
                raise _bad_line(path, number, dimension, f"found {columns}")
            # Most lines end here: a word has spaces only where there are more columns than numbers.
            word = line.split(b" ", 1)[0] if columns == dimension else line.rsplit(b" ", dimension)[0]
            if columns >= dimension and word in needed_bytes:
                yield _Row(word.decode(), _numbers(path, number, line, dimension))
            if number % _LINES_BETWEEN_REPORTS == 0:
                report(_megabytes(raw.tell()), _megabytes(size))
        report(_megabytes(size), _megabytes(size))
    if layout.words is not None and words != layout.words:
        note = f"{path}: holds {words} words, and {layout.words} by its first line. Was it cut short?"
        progress(Event("Reading word vectors", note=note))


def _megabytes(size: int) -> int:
    return math.ceil(size / _BYTES_PER_MB)


def _numbers(path: Path, number: int, line: bytes, dimension: int) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # What no float32 can hold becomes infinity.
            vector = np.array([float(column) for column in line.split(b" ")[-dimension:]], np.float32)
    except ValueError as error:
        raise _bad_line(path, number, dimension, str(error)) from error
    if not np.isfinite(vector).all():
        raise _bad_line(path, number, dimension, "found one that is not finite")
    return vector


def _bad_line(path: Path, number: int, dimension: int, found: str) -> TextError:
    return TextError(
        f"{path}:{number}: expected a word and {dimension} numbers, as on the first lines; {found}. "
        "Was the file cut short? Download it again."
    )
