"""What a format of alignment files has to tell, and what several of them share."""

import dataclasses
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from can_tf.alignment.silence import is_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_LOG = logging.getLogger(__name__)
_Named = TypeVar("_Named")

DECIMALS = 4  # Of a second: finer than any aligner, and the same bytes on any machine.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """A format of alignment files; an entry in `FORMATS` gives it its name.

    Attributes:
        suffixes: Endings of such files, with the dot, matched in any case. The first is the one that is written.
            Formats that differ only in how they are written share a suffix, and then a reader too.
        read: Called with the path, for messages, the file's text, and the id of the utterance asked for or None (of
            use where a file holds several). Returns the tokens in order, with times in seconds; whether the times are
            possible is checked afterwards, and a word that comes without has `can_tf.alignment.mending.UNKNOWN` times.
            Raises AlignmentError, which names path and line, for another layout.
        write: Called with the utterance's id, its tokens sorted by time (words, and silences if any are known), and
            the recording's length in seconds. Returns the file's text.
        silence_labels: Labels, in lower case, that stand for silence in such a file, beside those that do in any
            (`can_tf.alignment.silence`). Empty for a format of words alone: what none of its words covers then counts
            as silence up to the ends of the recording.
        read_tier: As `read`, with a fourth argument, where files hold several tiers or channels: the name of the one
            asked for, or None.
        names: Called with the path and the file's text, returns the names of the recordings that the file tells apart,
            none where it is about one.

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
    read_tier: Callable[[Path, str, str | None, str | None], Iterable[Word]] | None = None
    names: Callable[[Path, str], Sequence[str]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """What a file of word timings does not say of itself.

    Attributes:
        tier: The tier of a TextGrid, or the channel of a CTM, that has the words; None where there is one.
        silence: Texts, in any case, that stand for silence beside those that always do.

    Example:
        >>> Reading(silence=("xxx",)).tier is None
        True
    """

    tier: str | None = None
    silence: tuple[str, ...] = ()


DEFAULT_READING = Reading()


def chosen_name(path: Path, names: Sequence[str], wanted: str | None) -> str:
    """Returns which of the recordings in a file is the one wanted: the one of its name, or the only one.

    Args:
        path: For messages.
        names: Of the recordings in the file, each once: ids, or paths.
        wanted: An id; None where nobody knows.

    Raises:
        AlignmentError: There is none, or several.

    Example:
        >>> chosen_name(Path("all.ctm"), ["talk", "other"], "talk"), chosen_name(Path("a.json"), ["wav/a.wav"], "a")
        ('talk', 'wav/a.wav')
    """
    if wanted is not None and wanted in names:
        return wanted
    of_that_name = [name for name in names if wanted is not None and wanted in _shorter(name)]
    if len(of_that_name) == 1 or len(names) == 1:
        return of_that_name[0] if of_that_name else names[0]
    if of_that_name:
        raise AlignmentError(
            f"{path}: holds {len(of_that_name)} recordings named {wanted!r}: {', '.join(of_that_name)[:200]}"
        )
    if wanted is None:
        raise AlignmentError(f"{path}: holds {len(names)} utterances, and none was asked for by its id")
    raise AlignmentError(f"{path}: has no utterance {wanted!r}; the first is {names[0][:60]!r}")


def _shorter(name: str) -> tuple[str, ...]:
    """Returns what else a recording of that name may be called: its file's name, with and without the suffix."""
    file = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
    return file.name, file.stem


def chosen_tier(
    path: Path,
    tiers: Sequence[tuple[str, _Named]],
    wanted: str | None,
    usual: Sequence[str],
    has_words: Callable[[_Named], bool],
) -> _Named:
    """Returns the tier of words among several: the one asked for, or else of a usual name, with words in it.

    Args:
        path: For messages.
        tiers: Names with what they stand for, in the file's order.
        wanted: A name, in any case; None where nobody asks.
        usual: Names of tiers of words, in lower case, the likeliest first. A speaker may stand before them.
        has_words: Tells whether a tier holds more than silence.

    Raises:
        AlignmentError: There is none, or several, and which of them has the words nobody said.
    """
    names = ", ".join(repr(name[:40]) for name, _ in tiers[:10]) or "none"
    if wanted is not None:
        asked = [tier for name, tier in tiers if name.strip().lower() == wanted.strip().lower()]
        if len(asked) != 1:
            raise AlignmentError(f"{path}: expected one tier {wanted!r}; the interval tiers are {names}")
        return asked[0]
    spoken = [(name.strip().lower(), tier) for name, tier in tiers if has_words(tier)]
    for name in usual:
        found = [tier for other, tier in spoken if other == name or re.search(rf"[^a-z]{re.escape(name)}$", other)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    if len(spoken) == 1:
        return spoken[0][1]
    if not spoken and tiers:
        raise AlignmentError(f"{path}: holds no words; the interval tiers are {names}")
    raise AlignmentError(
        f"{path}: expected one tier of intervals named {usual[0]!r}; the interval tiers are {names}. Name the tier of "
        "the words with --tier"
    )


def spread(text: str, start: float, end: float) -> Iterator[Word]:
    """Yields the words of a text that is said from `start` to `end`, each with time in proportion to its letters.

    Example:
        >>> [(word.text, word.start, word.end) for word in spread("so go", 0.0, 2.0)]
        [('so', 0.0, 1.0), ('go', 1.0, 2.0)]
    """
    words = [word for word in text.split() if not is_silence(word)] or [text.strip()]
    if len(words) == 1:  # As it is, to the bit.
        yield Word(words[0], start, end)
        return
    total, before = sum(map(len, words)) or 1, 0
    for word in words:
        first = before / total
        before += len(word)
        yield Word(word, start + (end - start) * first, start + (end - start) * before / total)


def say_spread(path: Path) -> None:
    """Tells that words of a file have times by `spread` alone."""
    _LOG.warning("%s: has times for several words together; within them, words are timed by their length", path)


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
