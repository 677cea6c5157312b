"""What a format of alignment files has to tell, and what several of them share."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

OVERLAP_TOLERANCE_SECONDS = 0.02  # Two frames of an aligner: neighbors that overlap by more are refused.
DECIMALS = 4  # Of a second: finer than any aligner, and the same bytes on any machine.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """A format of alignment files; an entry in `FORMATS` gives it its name.

    Attributes:
        suffixes: Endings of such files, with the dot, matched in any case. The first is the one that is written.
            Formats that differ only in how they are written share a suffix, and then a reader too.
        read: Called with the path, for messages, the file's text, and the id of the utterance asked for or None (of
            use where a file holds several). Returns the tokens in order, with times in seconds; whether the times are
            possible is checked afterwards. Raises AlignmentError, which names path and line, for another layout.
        write: Called with the utterance's id, its tokens sorted by time (words, and silences if any are known), and
            the recording's length in seconds. Returns the file's text.
        silence_labels: Labels, in lower case, that stand for silence in such a file. Empty for a format of words
            alone: what none of its words covers then counts as silence up to the ends of the recording.

    Example:
        >>> def read(path, text, utterance_id):
        ...     for line in text.splitlines():
        ...         start, end, word = line.split()
        ...         yield Word(word, float(start), float(end))
        >>> def write(utterance_id, tokens, audio_seconds):
        ...     return "".join(f"{token.start} {token.end} {token.text}\\n" for token in tokens)
        >>> labels = Format(suffixes=(".labels",), read=read, write=write)
        >>> list(labels.read(Path("a.labels"), labels.write("a", [Word("yes", 0.5, 1.0)], 2.0), None))
        [Word(text='yes', start=0.5, end=1.0)]
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, str, str | None], Iterable[Word]]
    write: Callable[[str, Sequence[Word], float], str]
    silence_labels: frozenset[str] = frozenset()


def parse_seconds(path: Path, number: int, value: Any) -> float:
    """Returns a time as a number; raises AlignmentError, which names its line or entry, for any other value.

    Example:
        >>> parse_seconds(Path("a.ctm"), 3, "0.25")
        0.25
    """
    try:
        if isinstance(value, bool):
            raise ValueError("a truth value")
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise AlignmentError(f"{path}:{number}: expected a time in seconds, found {str(value)[:40]!r}") from error


def one_token(text: str) -> str:
    """Returns text without the white space that separates columns.

    Example:
        >>> one_token(" New York")
        'New_York'
    """
    return "_".join(text.split())
