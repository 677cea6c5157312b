"""NIST's time-marked conversation: a line per word with recording, channel, start, duration and the word.

Behind them may stand a confidence, a type and a speaker. A file may hold several recordings, each with several
channels: of two, one has to be asked for, as two people may speak at once. Of alternatives, the first is read. A file
has words alone: silences are left out.
"""

import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from can_tf.alignment.formats.format import DECIMALS, Format, chosen_name, one_token, parse_seconds
from can_tf.alignment.mending import UNKNOWN
from can_tf.alignment.silence import without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_COMMENT = ";;"
_LEAST_COLUMNS, _MOST_COLUMNS = 5, 8
_CHANNEL = 1
_ALTERNATIVES = ("<ALT_BEGIN>", "<ALT>", "<ALT_END>")  # Each in a row of its own.
_UNTIMED = "*"
_NO_WORD = "@"  # One of several alternatives may be that nothing is said.

_Row = tuple[int, list[str]]  # The line's number, and its columns.


def _read(path: Path, text: str, utterance_id: str | None, channel: str | None = None) -> Iterator[Word]:
    rows_of = _rows_by_name(path, text)
    if not rows_of:
        return
    name = chosen_name(path, tuple(rows_of), utterance_id)
    rows = _of_channel(path, name, rows_of[name], channel)
    for number, columns in _first_alternatives(rows):
        if columns[4] == _NO_WORD:
            continue
        if columns[2] == columns[3] == _UNTIMED:
            yield Word(columns[4], UNKNOWN, UNKNOWN)
            continue
        start = parse_seconds(path, number, columns[2])
        yield Word(columns[4], start, start + parse_seconds(path, number, columns[3]))


def _rows(path: Path, text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split()
        if not columns or line.lstrip().startswith(_COMMENT):
            continue
        if not _LEAST_COLUMNS <= len(columns) <= _MOST_COLUMNS:
            raise AlignmentError(
                f"{path}:{number}: expected utterance, channel, start, duration, word, and perhaps confidence, type "
                f"and speaker; found {len(columns)} columns"
            )
        yield number, columns


@functools.lru_cache(maxsize=1)
def _rows_by_name(path: Path, text: str) -> dict[str, list[_Row]]:
    """Returns the rows of each recording; kept, for the words of a whole corpus may be in one file."""
    rows: defaultdict[str, list[_Row]] = defaultdict(list)
    for number, columns in _rows(path, text):
        rows[columns[0]].append((number, columns))
    return dict(rows)


def _names(path: Path, text: str) -> list[str]:
    return list(_rows_by_name(path, text))


def _of_channel(path: Path, name: str, rows: list[_Row], wanted: str | None) -> list[_Row]:
    channels = list(dict.fromkeys(columns[1] for _, columns in rows))
    if wanted is None and len(channels) > 1:
        raise AlignmentError(
            f"{path}: {name} has the channels {', '.join(channels)[:80]}, and people who speak at once; expected words "
            f"of one. Name its channel, as in --tier {channels[0]}"
        )
    if wanted is not None and wanted not in channels:
        raise AlignmentError(f"{path}: {name} has no channel {wanted!r}; it has {', '.join(channels)[:80]}")
    return rows if wanted is None else [row for row in rows if row[1][1] == wanted]


def _first_alternatives(rows: Sequence[_Row]) -> Iterator[_Row]:
    reading = True
    for row in rows:
        mark = row[1][4].upper()
        if mark not in _ALTERNATIVES:
            if reading:
                yield row
        else:
            reading = mark != "<ALT>"


def _write(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    lines = [
        f"{one_token(utterance_id)} {_CHANNEL} {word.start:.{DECIMALS}f} {word.end - word.start:.{DECIMALS}f} "
        f"{one_token(word.text)}\n"
        for word in without_silence(tokens)
    ]
    return "".join(lines)


CTM = Format(suffixes=(".ctm",), read=_read, write=_write, read_tier=_read, names=_names)
