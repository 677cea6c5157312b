"""Praat's TextGrid, long or short: both are the same numbers and quoted strings in the same order.

The words are the intervals of the tier of words (by the names that aligners give it), or of the only tier that says
anything, or of the one asked for. Intervals cover the recording and may not overlap: what no word covers is an interval
of silence, and words that overlap meet in the middle. An interval of several words is shared by their lengths.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from can_tf.alignment.formats.format import DECIMALS, Format, chosen_tier, say_spread, spread
from can_tf.alignment.silence import SILENCE, SILENCES, is_silence, without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_FILE_TYPE, _OBJECT_CLASS = "ooTextFile", "TextGrid"
_FILE_TYPES = (_FILE_TYPE, f"{_FILE_TYPE} short")  # The second, as Praat's older short form and P2FA have it.
_HEADER = [f'File type = "{_FILE_TYPE}"', f'Object class = "{_OBJECT_CLASS}"', ""]
_INTERVALS, _POINTS = "IntervalTier", "TextTier"  # The classes of tiers.
_WORDS = "words"  # The tier that is written.
# Montreal Forced Aligner (a speaker may stand before it), P2FA, WebMAUS, SPPAS, EasyAlign.
WORD_TIERS = (_WORDS, "word", "ort-mau", "ort", "tokensalign", "ortho")
_TOKEN = re.compile(
    # Numbers stand alone, and are written so that a long run of digits takes time in proportion to its length.
    r'"((?:[^"]|"")*)"|(?<![\w.])([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w\]])|<(exists|absent)>'
)
_COMMENT_LINE = re.compile(r"^[ \t]*!.*$", re.MULTILINE)


def _read(path: Path, text: str, utterance_id: str | None, tier: str | None = None) -> Iterator[Word]:
    tokens = _tokens(path, text)
    try:
        tiers = list(_interval_tiers(tokens))
    except (StopIteration, RuntimeError, ValueError, OverflowError) as error:
        raise AlignmentError(f"{path}: is cut short or is not a TextGrid") from error
    return words_of_intervals(path, chosen_tier(path, tiers, tier, WORD_TIERS, _says_something))


def _says_something(rows: Sequence[tuple[float, float, str]]) -> bool:
    return not all(is_silence(label) for _, _, label in rows)


def words_of_intervals(path: Path, rows: Sequence[tuple[float, float, str]]) -> Iterator[Word]:
    """Yields the tokens of intervals: start and end in seconds, and a label."""
    if any(len(label.split()) > 1 and not is_silence(label) for _, _, label in rows):
        say_spread(path)
    for start, end, label in rows:
        if is_silence(label):
            yield Word(SILENCE, start, end)
        else:
            yield from spread(label, start, end)


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

    if string() not in _FILE_TYPES or string() != _OBJECT_CLASS:
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


TEXTGRID = Format(suffixes=(".TextGrid",), read=_read, write=_write_long, silence_labels=SILENCES, read_tier=_read)
SHORT_TEXTGRID = dataclasses.replace(TEXTGRID, write=_write_short)
