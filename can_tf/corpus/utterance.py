"""What was said, when, by whom, with which emotion."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from can_tf.alignment.word import Word


@dataclasses.dataclass(frozen=True, slots=True)
class Utterance:
    """One recording with its alignment and its label.

    Attributes:
        id: Of printable characters, and the utterance's own within the corpus.
        audio_path: The recording, which nobody has opened yet.
        words: The alignment's tokens as they were read, with times in seconds, silences included, sorted by time; empty
            where `transcript` says what is said, or where that is to be recognized.
        label: A name of the label set.
        speaker: Who speaks; folds by speaker go by it.
        session: Empty where the corpus has none.
        scenario: What is performed or talked about; empty where the corpus has none.
        transcript: What is said, where nobody has aligned it.
        corpus: Which of several corpora it is of; empty where there is one.

    Example:
        >>> utterance = Utterance("u1", Path("u1.wav"), (Word("yes", 0.1, 0.4),), label="calm", speaker="anna")
        >>> utterance.session
        ''
    """

    id: str
    audio_path: Path
    words: tuple[Word, ...]
    label: str
    speaker: str
    session: str = ""
    scenario: str = ""
    transcript: str = ""
    corpus: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Rejection:
    """An utterance that cannot be used: its id, the reason in words, and the file at fault."""

    id: str
    reason: str
    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Corpus:
    """What a reader returns.

    Attributes:
        name: Of the entry in `can_tf.corpus.registry.READERS`.
        labels: The label set's names in index order.
        utterances: Usable so far, sorted by id; their audio has not been opened.
        rejected: Not usable, sorted by id.
        excluded: Number of utterances by label that the label set leaves out on purpose.
        synthetic: Whether its speech is synthetic.
        listeners: By label, the share of listeners who heard it, averaged over its utterances; empty where it is
            not known.
        notes: What the reader guessed or made do with, a line each.
        parts: Of several corpora, the name of the entry by the name that `Utterance.corpus` has.

    Example:
        >>> utterance = Utterance("u1", Path("u1.wav"), (), "calm", "anna", transcript="yes")
        >>> Corpus("manifest", ("calm",), (utterance,), rejected=(), excluded={}).utterances[0].speaker
        'anna'
    """

    name: str
    labels: tuple[str, ...]
    utterances: tuple[Utterance, ...]
    rejected: tuple[Rejection, ...]
    excluded: Mapping[str, int]
    synthetic: bool = False
    listeners: Mapping[str, float] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
