"""Files of word timings: Sphinx's `.wdseg`, Praat's TextGrid, CTM, and JSON as Whisper, WhisperX and Vosk write it.

All give tokens in seconds, in order, silences included where the format marks them.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

MAX_FILE_BYTES = 16 * 1024 * 1024  # An hour of words has less than one.
OVERLAP_TOLERANCE_SECONDS = 0.02  # Two frames of an aligner.
_ROUNDING_SECONDS = 1e-6  # What differences of decimal numbers miss.
_SECONDS_PER_WDSEG_FRAME = 0.01
_SILENT_LABELS = ("", "sil", "sp", "<eps>", "<sil>", "<s>", "</s>")


def read_alignment(path: Path, utterance_id: str | None = None) -> tuple[Word, ...]:
    """Returns the tokens of an alignment file, by its suffix: .wdseg, .TextGrid, .ctm or .json.

    Args:
        path: The file.
        utterance_id: Which utterance, where a CTM file holds several.

    Raises:
        AlignmentError: The file is missing, too large, not of its format, or its times are impossible.
    """
    readers: Mapping[str, Callable[[Path, str], Iterator[Word]]] = {
        ".wdseg": _wdseg,
        ".textgrid": _textgrid,
        ".ctm": lambda path, text: _ctm(path, text, utterance_id),
        ".json": _json,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise AlignmentError(f"{path}: unknown kind of alignment; expected .wdseg, .TextGrid, .ctm or .json")
    return _checked(path, tuple(reader(path, _text(path))))


def marks_silence(path: Path) -> bool:
    """Tells whether a format has tokens for silence, so that what no token covers is not part of the utterance."""
    return path.suffix.lower() in (".wdseg", ".textgrid")


def silence_at_edges(words: Sequence[Word], audio_seconds: float) -> tuple[Word, ...]:
    """Returns words with `<s>` before the first and `</s>` behind the last, where the audio goes further than they."""
    before = [Word("<s>", 0.0, words[0].start)] if words[0].start > 0 else []
    after = [Word("</s>", words[-1].end, audio_seconds)] if audio_seconds > words[-1].end else []
    return (*before, *words, *after)


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise AlignmentError(f"{path}: has {size} bytes; expected at most {MAX_FILE_BYTES} for one alignment")
        content = path.read_bytes()
    except OSError as error:
        raise AlignmentError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # A name that no file can have.
        raise AlignmentError(f"{str(path)!r}: cannot be read ({error})") from error
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue  # Latin-1 takes any byte, so only UTF-16 can end here.
    raise AlignmentError(f"{path}: begins like UTF-16 and is not")


def _checked(path: Path, words: tuple[Word, ...]) -> tuple[Word, ...]:
    if not words:
        raise AlignmentError(f"{path}: holds no words")
    previous_end = 0.0
    for number, word in enumerate(words, 1):
        where = f"{path}: token {number}, {word.text[:40]!r}, {word.start:.3f} to {word.end:.3f} s"
        if not (math.isfinite(word.start) and math.isfinite(word.end)) or word.start < 0:
            raise AlignmentError(f"{where}: expected finite times from 0 on")
        if word.end < word.start or (word.end == word.start and word.text.lower() not in _SILENT_LABELS):
            raise AlignmentError(f"{where}: expected an end after the start")
        if previous_end - word.start > OVERLAP_TOLERANCE_SECONDS + _ROUNDING_SECONDS:
            raise AlignmentError(f"{where}: begins before the token before it ends, at {previous_end:.3f} s")
        previous_end = max(previous_end, word.end)
    return words


def _seconds(path: Path, number: int, text: Any) -> float:
    """Returns a time; text that is no number is an error that names its line or entry."""
    try:
        if isinstance(text, bool):
            raise ValueError("a truth value")
        return float(text)
    except (TypeError, ValueError, OverflowError) as error:
        raise AlignmentError(f"{path}:{number}: expected a time in seconds, found {str(text)[:40]!r}") from error


def _wdseg(path: Path, text: str) -> Iterator[Word]:
    """Sphinx-3's word segmentation: first and last frame of 10 ms, the last inclusive, a score, and the word."""
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split()
        if not columns or columns[0] in ("SFrm", "Total"):
            continue
        try:
            first, last, _, word = columns
            start, end = int(first), int(last) + 1
        except ValueError as error:
            raise AlignmentError(
                f"{path}:{number}: expected first frame, last frame, score and word, found {line.strip()[:60]!r}"
            ) from error
        if max(start, end) > 1e9:
            raise AlignmentError(f"{path}:{number}: frame {max(start, end)} is beyond any recording")
        yield Word(word, start * _SECONDS_PER_WDSEG_FRAME, end * _SECONDS_PER_WDSEG_FRAME)


def _ctm(path: Path, text: str, utterance_id: str | None) -> Iterator[Word]:
    """NIST's time-marked conversation: utterance, channel, start, duration, word, and perhaps a confidence."""
    rows = [
        (number, line.split())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith(";;")
    ]
    found = list(dict.fromkeys(columns[0] for _, columns in rows))
    if utterance_id is None and len(found) > 1:
        raise AlignmentError(f"{path}: holds {len(found)} utterances, and none was asked for by its id")
    if rows and utterance_id is not None and utterance_id not in found and len(found) != 1:
        raise AlignmentError(f"{path}: has no utterance {utterance_id!r}; the first is {found[0][:60]!r}")
    chosen = utterance_id if utterance_id in found else (found[0] if found else None)
    for number, columns in rows:
        if columns[0] != chosen:
            continue
        if len(columns) not in (5, 6):
            raise AlignmentError(
                f"{path}:{number}: expected utterance, channel, start, duration, word and perhaps a confidence, "
                f"found {len(columns)} columns"
            )
        start = _seconds(path, number, columns[2])
        yield Word(columns[4], start, start + _seconds(path, number, columns[3]))


def _json(path: Path, text: str) -> Iterator[Word]:
    """A list of words, or what Whisper (`segments`), WhisperX (`word_segments`) and Vosk (`result`) write."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AlignmentError(f"{path}: is not JSON ({str(error)[:80]})") from error
    for number, entry in enumerate(_json_words(path, value), 1):
        if not isinstance(entry, dict):
            raise AlignmentError(f"{path}: entry {number}: expected an object with word, start and end")
        word = entry.get("word", entry.get("text"))
        if not isinstance(word, str) or not word.strip():
            raise AlignmentError(f"{path}: entry {number}: expected a word, found {str(word)[:40]!r}")
        if "start" not in entry or "end" not in entry:
            raise AlignmentError(f"{path}: entry {number}: the word {word.strip()[:40]!r} has no start or no end")
        yield Word(word.strip(), _seconds(path, number, entry["start"]), _seconds(path, number, entry["end"]))


def _json_words(path: Path, value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("word_segments"), list):
        return value["word_segments"]
    if isinstance(value, dict) and isinstance(value.get("words"), list):
        return value["words"]
    if isinstance(value, dict) and isinstance(value.get("result"), list):
        return value["result"]
    if isinstance(value, list) and any(
        isinstance(part, dict) and isinstance(part.get("result"), list) for part in value
    ):
        # Vosk's answers one after another; one that heard nothing has no `result`.
        results = [part.get("result") or [] for part in value if isinstance(part, dict)]
        if not all(isinstance(result, list) for result in results):
            raise AlignmentError(f"{path}: expected a list of words for each result, as Vosk writes them")
        return [word for result in results for word in result]
    if isinstance(value, dict) and isinstance(value.get("segments"), list):
        segments = value["segments"]
        if all(isinstance(segment, dict) and isinstance(segment.get("words"), list) for segment in segments):
            return [word for segment in segments for word in segment["words"]]
        raise AlignmentError(f"{path}: its segments have no words; ask Whisper for word timestamps")
    if isinstance(value, list):
        return value
    raise AlignmentError(
        f'{path}: expected a list of {{"word", "start", "end"}}, or what Whisper, WhisperX or Vosk write'
    )


_TEXTGRID_TOKEN = re.compile(
    # Numbers stand alone, and are written so that a long run of digits takes time in proportion to its length.
    r'"((?:[^"]|"")*)"|(?<![\w.])([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w\]])|<(exists|absent)>'
)
_TEXTGRID_NOISE = re.compile(r"^[ \t]*!.*$", re.MULTILINE)  # Comment lines.


def _textgrid(path: Path, text: str) -> Iterator[Word]:
    """Praat's TextGrid, long or short: both are the same numbers and quoted strings in the same order."""
    tokens = _textgrid_tokens(path, text)
    try:
        tiers = list(_interval_tiers(tokens))
    except (StopIteration, RuntimeError, ValueError, OverflowError) as error:
        raise AlignmentError(f"{path}: is cut short or is not a TextGrid") from error
    named = [rows for name, rows in tiers if name.lower() == "words" or name.lower().endswith(" - words")]
    if not named and len(tiers) == 1:
        named = [tiers[0][1]]
    if len(named) != 1:
        names = ", ".join(repr(name[:40]) for name, _ in tiers[:10]) or "none"
        raise AlignmentError(f"{path}: expected one tier of intervals named 'words'; the interval tiers are {names}")
    for start, end, label in named[0]:
        yield Word("<sil>" if label.strip().lower() in _SILENT_LABELS else label.strip(), start, end)


def _textgrid_tokens(path: Path, text: str) -> Iterator[str | float]:
    if "ooTextFile" not in text[:200] or "TextGrid" not in text[:400]:
        raise AlignmentError(f"{path}: is not a TextGrid: its first lines are not Praat's")
    for match in _TEXTGRID_TOKEN.finditer(_TEXTGRID_NOISE.sub("", text)):
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

    if [string(), string()] != ["ooTextFile", "TextGrid"]:
        raise ValueError("header")
    number(), number()
    for _ in range(int(number())):
        kind, name = string(), string()
        number(), number()
        count = int(number())
        if kind == "IntervalTier":
            yield name, [(number(), number(), string()) for _ in range(count)]
        elif kind == "TextTier":
            for _ in range(count):
                number(), string()
        else:
            raise ValueError(kind)
