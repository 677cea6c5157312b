"""What was said, when, by whom, with which emotion."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from can_tf.alignment.word import Word


@dataclasses.dataclass(frozen=True, slots=True)
class Utterance:
    """One recording with its alignment and its label.

    `words` holds the alignment's tokens as they were read, silences included, sorted by time; it is empty where only
    `transcript` says what is said. `session` and `scenario` are empty where the corpus has none.
    """

    id: str
    audio_path: Path
    words: tuple[Word, ...]
    label: str
    speaker: str
    session: str = ""
    scenario: str = ""
    transcript: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Rejection:
    """An utterance that cannot be used: its id, the reason in words, and the file at fault."""

    id: str
    reason: str
    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Corpus:
    """What a reader found.

    Attributes:
        name: "iemocap" or "manifest".
        labels: The label set's names in index order.
        utterances: Usable so far, sorted by id; their audio has not been opened.
        rejected: Not usable, sorted by id.
        excluded: Number of utterances by label that the label set leaves out on purpose.
        synthetic: Whether the corpus is the synthetic demo corpus.
    """

    name: str
    labels: tuple[str, ...]
    utterances: tuple[Utterance, ...]
    rejected: tuple[Rejection, ...]
    excluded: Mapping[str, int]
    synthetic: bool = False
