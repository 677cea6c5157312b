"""Praat's TextGrid, long or short: both are the same numbers and quoted strings in the same order.

The words are the intervals of the tier `words`, or of the only tier. Intervals cover the recording and may not overlap:
what no word covers is an interval of silence, and words that overlap meet in the middle.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from can_tf.alignment.formats.format import DECIMALS, Format
from can_tf.alignment.silence import SILENCE, SILENT_INTERVALS, without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_FILE_TYPE, _OBJECT_CLASS = "ooTextFile", "TextGrid"
_HEADER = [f'File type = "{_FILE_TYPE}"', f'Object class = "{_OBJECT_CLASS}"', ""]
_INTERVALS, _POINTS = "IntervalTier", "TextTier"  # The classes of tiers.
_WORDS = "words"  # The name of the tier; Montreal Forced Aligner puts a speaker before it.
_TOKEN = re.compile(
    # Numbers stand alone, and are written so that a long run of digits takes time in proportion to its length.
    r'"((?:[^"]|"")*)"|(?<![\w.])([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w\]])|<(exists|absent)>'
)
_COMMENT_LINE = re.compile(r"^[ \t]*!.*$", re.MULTILINE)


def _read(path: Path, text: str, utterance_id: str | None) -> Iterator[Word]:
    tokens = _tokens(path, text)
    try:
        tiers = list(_interval_tiers(tokens))
    except (StopIteration, RuntimeError, ValueError, OverflowError) as error:
        raise AlignmentError(f"{path}: is cut short or is not a TextGrid") from error
    named = [rows for name, rows in tiers if name.lower() == _WORDS or name.lower().endswith(f" - {_WORDS}")]
    if not named and len(tiers) == 1:
        named = [tiers[0][1]]
    if len(named) != 1:
        names = ", ".join(repr(name[:40]) for name, _ in tiers[:10]) or "none"
        raise AlignmentError(f"{path}: expected one tier of intervals named {_WORDS!r}; the interval tiers are {names}")
    for start, end, label in named[0]:
        yield Word(SILENCE if label.strip().lower() in SILENT_INTERVALS else label.strip(), start, end)


def _tokens(path: Path, text: str) -> Iterator[str | float]:
    if _FILE_TYPE not in text[:200] or _OBJECT_CLASS not in text[:400]:
        raise AlignmentError(f"{path}: is not a TextGrid: its first lines are not Praat's")
    for match in _TOKEN.finditer(_COMMENT_LINE.sub("", text)):
        string, number, flag = match.groups()
        if flag is None:
            yield float(number) if number is not None else string.replace('""', '"')


def _interval_tiers(tokens: Iterator[str | float]) -> Iterator[tuple[str, list[tuple[float, float, str]]]]:
    """Yields name and intervals of each interval tier; a missing or wrong token raises StopIteration or ValueError."""

    def number() -> float:
        token = next(tokens)
        if not isinstance(token, float):
            raise ValueError(token)
        return token

    def string() -> str:
        token = next(tokens)
        if not isinstance(token, str):
            raise ValueError(token)
        return token

    if [string(), string()] != [_FILE_TYPE, _OBJECT_CLASS]:
        raise ValueError("header")
    number(), number()
    for _ in range(int(number())):
        kind, name = string(), string()
        number(), number()
        count = int(number())
        if kind == _INTERVALS:
            yield name, [(number(), number(), string()) for _ in range(count)]
        elif kind == _POINTS:
            for _ in range(count):
                number(), string()
        else:
            raise ValueError(kind)


def _intervals(tokens: Sequence[Word], audio_seconds: float) -> list[tuple[float, float, str]]:
    """Returns intervals that cover the recording without a gap; a silence has no text."""
    words = without_silence(tokens)
    starts, ends = [word.start for word in words], [word.end for word in words]
    for left in range(len(words) - 1):
        if ends[left] > starts[left + 1]:
            ends[left] = starts[left + 1] = (ends[left] + starts[left + 1]) / 2
    rows: list[tuple[float, float, str]] = []
    reached = 0.0
    for word, start, end in zip(words, starts, ends, strict=True):
        if round(start, DECIMALS) > round(reached, DECIMALS):
            rows.append((reached, start, ""))
        rows.append((rows[-1][1] if rows else start, end, word.text))
        reached = end
    if round(audio_seconds, DECIMALS) > round(reached, DECIMALS):
        rows.append((reached, audio_seconds, ""))
    return rows


def _number(seconds: float) -> str:
    return f"{seconds:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _write_long(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = _intervals(tokens, audio_seconds)
    end = _number(rows[-1][1])
    lines = [*_HEADER, "xmin = 0", f"xmax = {end}", "tiers? <exists>", "size = 1", "item []:", "    item [1]:"]
    tier = (f'class = "{_INTERVALS}"', f'name = "{_WORDS}"', "xmin = 0", f"xmax = {end}")
    lines += [f"        {line}" for line in tier]
    lines.append(f"        intervals: size = {len(rows)}")
    for index, (first, last, text) in enumerate(rows, 1):
        lines.append(f"        intervals [{index}]:")
        values = (f"xmin = {_number(first)}", f"xmax = {_number(last)}", f"text = {_quoted(text)}")
        lines += [f"            {value}" for value in values]
    return "\n".join(lines) + "\n"


def _write_short(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = _intervals(tokens, audio_seconds)
    end = _number(rows[-1][1])
    lines = [*_HEADER, "0", end, "<exists>", "1", f'"{_INTERVALS}"', f'"{_WORDS}"', "0", end, str(len(rows))]
    for first, last, text in rows:
        lines += [_number(first), _number(last), _quoted(text)]
    return "\n".join(lines) + "\n"


TEXTGRID = Format(suffixes=(".TextGrid",), read=_read, write=_write_long, silence_labels=SILENT_INTERVALS)
SHORT_TEXTGRID = dataclasses.replace(TEXTGRID, write=_write_short)
