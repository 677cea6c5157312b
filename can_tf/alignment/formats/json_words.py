"""JSON: a list of words with their times, or what Whisper, WhisperX and Vosk write.

One reader takes all of them: Whisper's words are in `segments`, WhisperX's in `word_segments`, Vosk's in `result`. They
have words alone: silences are left out.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.formats.format import DECIMALS, Format, parse_seconds
from can_tf.alignment.silence import without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError


def _read(path: Path, text: str, utterance_id: str | None) -> Iterator[Word]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AlignmentError(f"{path}: is not JSON ({str(error)[:80]})") from error
    for number, entry in enumerate(_entries_of(path, value), 1):
        if not isinstance(entry, dict):
            raise AlignmentError(f"{path}: entry {number}: expected an object with word, start and end")
        word = entry.get("word", entry.get("text"))
        if not isinstance(word, str) or not word.strip():
            raise AlignmentError(f"{path}: entry {number}: expected a word, found {str(word)[:40]!r}")
        if "start" not in entry or "end" not in entry:
            raise AlignmentError(f"{path}: entry {number}: the word {word.strip()[:40]!r} has no start or no end")
        yield Word(word.strip(), parse_seconds(path, number, entry["start"]), parse_seconds(path, number, entry["end"]))


def _entries_of(path: Path, value: Any) -> list[Any]:
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


JSON = Format(suffixes=(".json",), read=_read, write=_write_list)
WHISPER = dataclasses.replace(JSON, write=_write_whisper)
WHISPERX = dataclasses.replace(JSON, write=_write_whisperx)
VOSK = dataclasses.replace(JSON, write=_write_vosk)
