"""JSON: a list of words with their times, or what recognizers, aligners and can_tf itself write.

One reader takes all of them: `can_tf.alignment.formats.json_dialects` tells where their words are. They have words
alone: silences are left out.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.formats.format import DECIMALS, Format, parse_seconds, say_spread, spread
from can_tf.alignment.formats.json_dialects import entries_of, names_of_recordings, objects_in
from can_tf.alignment.mending import UNKNOWN
from can_tf.alignment.silence import without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_HEAD_BYTES = 20_000  # More than the longest path, as JSON has it.
_ANSWER = re.compile(rb'\s*\[\s*\{\s*"(?:path|title)":\s*"(?:[^"\\]|\\.)*",\s*"(?:label|error|stretches|explanations)"')


def is_answer(path: Path) -> bool:
    """Tells whether a file is what `can-tf predict --json` or `explain --json` prints; one of `align` is an alignment.

    Example:
        >>> is_answer(Path("nowhere.json"))
        False
    """
    try:
        with path.open("rb") as file:
            return _ANSWER.match(file.read(_HEAD_BYTES)) is not None
    except OSError:
        return False


def _read(path: Path, text: str, utterance_id: str | None, tier: str | None = None) -> Iterator[Word]:
    parts = [
        _parts(path, number, entry)
        for number, entry in enumerate(entries_of(path, _value(path, text), utterance_id, tier), 1)
    ]
    words = [(word, start, end) for word, start, end in parts if word.strip()]
    if parts and not words:
        raise AlignmentError(f"{path}: entry 1: expected a word, found {parts[0][0]!r}")
    if any(len(word.split()) > 1 for word, _, _ in words):
        say_spread(path)
    for word, start, end in words:
        yield from spread(word, start, end)


def _value(path: Path, text: str) -> Any:
    try:
        values = list(objects_in(text, json.JSONDecoder().raw_decode))
    except (ValueError, RecursionError) as error:
        raise AlignmentError(f"{path}: is not JSON ({str(error)[:80]})") from error
    return values[0] if len(values) == 1 else values


def _names(path: Path, text: str) -> list[str]:
    return names_of_recordings(_value(path, text))


def _parts(path: Path, number: int, entry: Any) -> tuple[str, float, float]:
    """Returns an entry's word, start and end in seconds."""
    if isinstance(entry, list) and len(entry) >= 3:  # A named tuple of faster-whisper, or an interval.
        texts = [part for part in entry if isinstance(part, str)]
        times = [part for part in entry if not isinstance(part, str)]
        entry = {
            "word": texts[0] if texts else None,
            "start": times[0] if times else None,
            "end": (times + [None] * 2)[1],
        }
    if not isinstance(entry, dict):
        raise AlignmentError(f"{path}: entry {number}: expected an object with word, start and end")
    word = entry.get("word", entry.get("text"))
    if not isinstance(word, str):
        raise AlignmentError(f"{path}: entry {number}: expected a word, found {str(word)[:40]!r}")
    start, end = (
        UNKNOWN if entry.get(name) is None else parse_seconds(path, number, entry[name]) for name in ("start", "end")
    )
    return word, start, end


def _entries(tokens: Sequence[Word]) -> list[dict[str, Any]]:
    return [
        {"word": word.text, "start": round(word.start, DECIMALS), "end": round(word.end, DECIMALS)}
        for word in without_silence(tokens)
    ]


def _write_list(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = [json.dumps(entry, ensure_ascii=False) for entry in _entries(tokens)]
    return "[\n  " + ",\n  ".join(rows) + "\n]\n"


def _write_whisper(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    entries = [{**entry, "word": f" {entry['word']}"} for entry in _entries(tokens)]
    text = "".join(entry["word"] for entry in entries)
    segment = {"id": 0, "start": entries[0]["start"], "end": entries[-1]["end"], "text": text, "words": entries}
    return _indented({"text": text, "segments": [segment], "language": "en"})


def _write_whisperx(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    entries = _entries(tokens)
    text = " ".join(entry["word"] for entry in entries)
    segment = {"start": entries[0]["start"], "end": entries[-1]["end"], "text": text, "words": entries}
    return _indented({"segments": [segment], "word_segments": entries})


def _write_vosk(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    entries = _entries(tokens)
    return _indented({"result": entries, "text": " ".join(entry["word"] for entry in entries)})


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


JSON = Format(suffixes=(".json",), read=_read, write=_write_list, read_tier=_read, names=_names)
WHISPER = dataclasses.replace(JSON, write=_write_whisper)
WHISPERX = dataclasses.replace(JSON, write=_write_whisperx)
VOSK = dataclasses.replace(JSON, write=_write_vosk)
