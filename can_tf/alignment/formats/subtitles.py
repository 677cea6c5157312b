"""Subtitles, SubRip's `.srt` and WebVTT's `.vtt`: lines of text with the times between which they stand.

A line's words are timed by their lengths, unless the file says more: WebVTT may have a time before each word, and
Whisper underlines each word in turn. They have words alone: silences are left out.

What `can-tf predict --timeline` writes begins each text with an emotion and its confidence, which are no words.
"""

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from can_tf.alignment.formats.format import Format, say_spread, spread
from can_tf.alignment.silence import without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_INLINE = re.compile(rf"<{_TIME}>")
_UNDERLINED = re.compile(r"<u>(.*?)</u>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")  # <i>, <v Anna>, {\an8}.
_SPEAKER = re.compile(r"^(?:-\s*|>>\s*)+")  # A dash or >> before somebody else's words.
_EMOTION = re.compile(r"^\[[^\n]{1,200}? [01]\.\d{3}\](?: |$)")  # [happy 0.812], [anna: happy 0.812].
_HEAD_BYTES = 4_096
VTT_HEADER = "WEBVTT"


class _Cue(NamedTuple):
    """Some lines, and the seconds between which they stand."""

    start: float
    end: float
    lines: tuple[str, ...]


def is_timeline(path: Path) -> bool:
    """Tells whether a file is what `can-tf predict --timeline` writes as subtitles.

    Example:
        >>> is_timeline(Path("nowhere.srt"))
        False
    """
    if path.suffix.lower() not in (*SRT.suffixes, *VTT.suffixes):
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return False
    first = next((line for cue in _cues(head) for line in cue.lines), "")
    return _EMOTION.match(_TAG.sub("", first)) is not None


def _read(path: Path, text: str, utterance_id: str | None) -> Iterator[Word]:
    cues = list(_cues(text))
    if not cues:
        raise AlignmentError(f"{path}: has no line of times; expected 00:00:01,000 --> 00:00:02,500 and text below it")
    if any(_UNDERLINED.search(line) for cue in cues for line in cue.lines):
        for cue in cues:
            for word in _UNDERLINED.findall("\n".join(cue.lines)):
                yield from spread(_plain(word), cue.start, cue.end)
        return
    shown: tuple[str, ...] = ()
    together = False
    for cue in cues:
        new = [line for line in cue.lines if _INLINE.search(line) or _plain(line) not in ("", *shown)]
        for line in new:  # Lines roll: one that stood there before is not said again.
            if _INLINE.search(line):
                yield from _timed_words(cue, line)
            else:
                together = together or len(_plain(line).split()) > 1
                yield from spread(_plain(line), *_share(cue, line, new))
        shown = tuple(_plain(line) for line in cue.lines)
    if together:
        say_spread(path)


def _cues(text: str) -> Iterator[_Cue]:
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.strip("\n").split("\n")
        found = [(place, match) for place, line in enumerate(lines) if (match := _TIMES.match(line))]
        ends = [place for place, _ in found[1:]] + [len(lines)]
        for (place, match), end in zip(found, ends, strict=False):
            times = match.groups()
            yield _Cue(_seconds(times[:4]), _seconds(times[4:]), tuple(lines[place + 1 : end]))


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction}")


def _plain(line: str) -> str:
    return _SPEAKER.sub("", _EMOTION.sub("", html.unescape(_TAG.sub("", line)).strip())).strip()


def _share(cue: _Cue, line: str, lines: Sequence[str]) -> tuple[float, float]:
    """Returns the part of a cue's time that one of some lines has, by its length."""
    lengths = [len(_plain(each)) for each in lines]
    place = lines.index(line)
    total, before = sum(lengths) or 1, sum(lengths[:place])
    seconds = cue.end - cue.start
    return cue.start + seconds * before / total, cue.start + seconds * (before + lengths[place]) / total


def _timed_words(cue: _Cue, line: str) -> Iterator[Word]:
    """Yields the words of a line that has times within."""
    times = [cue.start, *(_seconds(match.groups()) for match in _INLINE.finditer(line)), cue.end]
    texts = [_plain(part) for part in re.split(_INLINE.pattern.replace("(\\d", "(?:\\d"), line)]
    for text, start, end in zip(texts, times, times[1:], strict=False):
        if text:
            yield from spread(text, start, end)


def _write_srt(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    cues = (
        f"{number}\n{written_times(word.start, word.end, ',')}\n{html.escape(word.text, quote=False)}\n"
        for number, word in enumerate(without_silence(tokens), 1)
    )
    return "\n".join(cues)


def _write_vtt(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    cues = (
        f"\n{written_times(word.start, word.end, '.')}\n{html.escape(word.text, quote=False)}\n"
        for word in without_silence(tokens)
    )
    return f"{VTT_HEADER}\n" + "".join(cues)


def written_times(start: float, end: float, point: str) -> str:
    """Returns the line of times above a text, with a comma or a full stop before the milliseconds.

    Example:
        >>> written_times(61.5, 62.0, ",")
        '00:01:01,500 --> 00:01:02,000'
    """
    return f"{_written(start, point)} --> {_written(end, point)}"


def _written(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


SRT = Format(suffixes=(".srt",), read=_read, write=_write_srt)
VTT = Format(suffixes=(".vtt",), read=_read, write=_write_vtt)
