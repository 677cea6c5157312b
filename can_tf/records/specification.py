"""The one specification of what is stored of an utterance. Reads without TensorFlow.

`Record` is an example in a shard and `StoredUtterance` a row of `utterances.csv`; both have the fields of `Described`,
what a corpus says of an utterance. The schema, the parser and the columns follow from these fields (`EXAMPLE_FIELDS`,
`COLUMNS`): a new field is one line here, and whatever fills it.
"""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a corpus says of an utterance. `session` and `scenario` are empty where it has none."""

    id: str
    label: str
    speaker: str
    session: str
    scenario: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record(Described):
    """One utterance as a shard holds it; its label is stored as an index.

    Attributes:
        words: Normalized words.
        word_start, word_end: Their times in seconds, silences shared, before overlap.
        segment_frames: How many frames each segment has.
        frames: `<float32>[frames, width]`, those of all segments one after another.
    """

    words: tuple[str, ...]
    word_start: tuple[float, ...]
    word_end: tuple[float, ...]
    segment_frames: tuple[int, ...]
    frames: np.ndarray


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredUtterance(Described):
    """A row of `utterances.csv`.

    Attributes:
        words: The utterance's words joined by spaces.
        seconds: Length of its recording.
        shard: File that its example is in.
        segments, frames, longest_segment: Number of segments, of frames in all of them, and in the longest.
        offset, bytes: Where its example begins in the shard, and its length.
        corpus: Which of several corpora it is of; empty where there is one.
    """

    words: str
    seconds: float
    shard: str
    segments: int
    frames: int
    longest_segment: int
    offset: int
    bytes: int
    corpus: str = ""


class Field(typing.NamedTuple):
    """A feature of an example: its name, what one value is (`str`, `int` or `float`), and whether it has many."""

    name: str
    kind: type
    many: bool


def _fields_of(record: type) -> tuple[Field, ...]:
    hints = typing.get_type_hints(record)
    return tuple(_field(field.name, hints[field.name]) for field in dataclasses.fields(record))


def _field(name: str, hint: Any) -> Field:
    if name == "label":
        return Field(name, int, many=False)  # Its index.
    if hint is np.ndarray:
        return Field(name, float, many=True)
    values = typing.get_args(hint)
    return Field(name, values[0], many=True) if values else Field(name, hint, many=False)


EXAMPLE_FIELDS = _fields_of(Record)
COLUMNS: Mapping[str, type] = {
    field.name: typing.get_type_hints(StoredUtterance)[field.name] for field in dataclasses.fields(StoredUtterance)
}
_KINDS = {int: "a whole number", float: "a number", str: "text"}


def described(utterance: Any) -> dict[str, str]:
    """Returns what a corpus says of an utterance, by field.

    Example:
        >>> from can_tf.corpus.utterance import Utterance
        >>> described(Utterance("u1", "u1.wav", (), "sad", "anna"))["speaker"]
        'anna'
    """
    return {field.name: getattr(utterance, field.name) for field in dataclasses.fields(Described)}


def stored_utterance(row: Mapping[str, str]) -> StoredUtterance:
    """Returns a row of `utterances.csv`; raises ValueError that names the column whose value cannot be."""
    values: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        try:
            values[name] = kind(row[name])
        except ValueError as error:
            raise ValueError(f"{name}: expected {_KINDS[kind]}, found {row[name][:40]!r}") from error
    return StoredUtterance(**values)
