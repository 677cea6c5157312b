"""Where words and their times are in the JSON that other programs write, and in can_tf's own answers.

Each dialect is a function from a parsed file to its entries, one for each word: an object with `word` (or `text`),
`start` and `end` in seconds. It returns None for another dialect. `DIALECTS` lists them; the first that fits counts.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.formats.format import chosen_name, chosen_tier
from can_tf.alignment.formats.textgrid import WORD_TIERS
from can_tf.alignment.silence import is_silence
from can_tf.errors import AlignmentError

Entries = Sequence[Any]
Dialect = Callable[[Path, Any, str | None], Entries | None]

_MS = 1000
_LARGEST = 1e15  # Beyond, no number is a time.
_SPACES = re.compile(r"\s*")


def names_of_recordings(value: Any) -> list[str]:
    """Returns the paths that the answers of `can-tf predict` or `align` in a parsed file are about."""
    return [entry["path"] for entry in value] if _are_answers(value) else []


def entries_of(path: Path, value: Any, wanted: str | None, tier: str | None) -> Entries:
    """Returns the entries of a parsed file.

    Args:
        path: For messages.
        value: What was parsed.
        wanted: Which recording, where a file tells several apart.
        tier: Which tier or channel, where a file has several.

    Raises:
        AlignmentError: No dialect fits, or the file lacks what was asked for.
    """
    if _are_answers(value):
        return _of_answers(path, value, wanted)
    if isinstance(_get(value, "tiers"), (dict, list)):
        return _of_tiers(path, value["tiers"], tier)
    for dialect in _DIALECTS:
        entries = dialect(path, value, tier)
        if entries is not None:
            return entries
    raise AlignmentError(
        f'{path}: expected a list of {{"word", "start", "end"}}, or what Whisper, WhisperX, Vosk and their like write'
    )


def _are_answers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and isinstance(entry.get("path"), str) for entry in value)
    )


def _of_answers(path: Path, value: Sequence[Mapping[str, Any]], wanted: str | None) -> Entries:
    """`can-tf predict --json`, with or without `--timeline`, and `can-tf align --json`."""
    names = [entry["path"] for entry in value]
    if twice := [name for name in names if names.count(name) > 1]:
        raise AlignmentError(f"{path}: holds several answers about {twice[0]!r}; expected one")
    entry = value[names.index(chosen_name(path, names, wanted))]
    stretches = entry["stretches"] if isinstance(entry.get("stretches"), list) else [entry]
    words = [stretch["words"] for stretch in stretches if isinstance(stretch, dict) and "words" in stretch]
    if not all(isinstance(part, list) for part in words) or not words:
        raise AlignmentError(
            f"{path}: its answer about {entry['path']!r} has no words: {entry.get('error', '')!s:.100}"
        )
    return [word for part in words for word in part]


def _of_tiers(path: Path, tiers: Mapping[str, Any] | Sequence[Any], wanted: str | None) -> Entries:
    """Montreal Forced Aligner with `--output_format json`, and praatIO: intervals by tier, or in a list of tiers."""
    named = tiers.items() if isinstance(tiers, Mapping) else [(_get(tier, "name"), tier) for tier in tiers]
    rows = [(str(name), _get(tier, "entries")) for name, tier in named]
    good: list[tuple[str, Entries]] = [(name, entries) for name, entries in rows if _are_intervals(entries)]
    return chosen_tier(path, good, wanted, WORD_TIERS, lambda entries: not all(is_silence(row[2]) for row in entries))


def _are_intervals(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, list) and len(row) == 3 and isinstance(row[2], str) for row in value
    )


def _list_named(name: str) -> Dialect:
    """Returns the dialect of an object that has its words in a list of some name."""

    def entries(path: Path, value: Any, tier: str | None) -> Entries | None:
        found = value.get(name) if isinstance(value, dict) else None
        return found if isinstance(found, list) else None

    return entries


def _results(path: Path, value: Any, tier: str | None) -> Entries | None:
    """Vosk's answers one after another; one that heard nothing, or is not finished, has no words."""
    parts = value if isinstance(value, list) else [value]
    if not any(isinstance(part, dict) and ("result" in part or "alternatives" in part) for part in parts):
        return None
    found = [_best(part) for part in parts if isinstance(part, dict)]
    if not all(isinstance(result, list) for result in found):
        raise AlignmentError(f"{path}: expected a list of words for each result, as Vosk writes them")
    return [word for result in found for word in result]


def _best(part: Mapping[str, Any]) -> Any:
    alternatives = part.get("alternatives")
    if isinstance(alternatives, list) and alternatives and isinstance(alternatives[0], dict):
        part = alternatives[0]
    return part.get("result", part.get("words", [])) or []


def _segments(path: Path, value: Any, tier: str | None) -> Entries | None:
    """Whisper and its kin: segments with words, in an object or by themselves, as faster-whisper's are."""
    segments = value.get("segments") if isinstance(value, dict) else value
    if not isinstance(segments, list) or not segments:
        return None
    if isinstance(value, list) and not all(isinstance(part, dict) and "words" in part for part in segments):
        return None
    words = [_get(segment, "words") or _get(segment, "word-level") for segment in segments]  # The older WhisperX's.
    if all(
        isinstance(part, list) or _get(segment, "words") == [] for part, segment in zip(words, segments, strict=True)
    ):
        return [word for part in words for word in part or ()]
    raise AlignmentError(f"{path}: its segments have no words; ask Whisper for word timestamps")


def _pocketsphinx(path: Path, value: Any, tier: str | None) -> Entries | None:
    """Pocketsphinx's answers, one behind another: begin, duration and text of each word."""
    parts = value if isinstance(value, list) else [value]
    if not any(isinstance(_get(part, "w"), list) for part in parts):
        return None
    words = [word for part in parts for word in _get(part, "w") or ()]
    return [{"word": _get(word, "t"), "start": _get(word, "b"), "end": _sum(word, "b", "d")} for word in words]


def _sum(value: Any, *names: str) -> Any:
    numbers = [_get(value, name) for name in names]
    return sum(numbers) if all(map(_is_number, numbers)) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _whisper_cpp(path: Path, value: Any, tier: str | None) -> Entries | None:
    parts = value.get("transcription") if isinstance(value, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return None
    return [
        {"word": part.get("text"), **_times(part.get("offsets"), "from", "to", _MS)}
        for part in parts
        if str(part.get("text")).strip()
    ]


def _chunks(path: Path, value: Any, tier: str | None) -> Entries | None:
    """Hugging Face's pipeline with `return_timestamps="word"`; the last chunk may have no end."""
    chunks = value.get("chunks") if isinstance(value, dict) else None
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        return None
    return [{"word": chunk.get("text"), **_pair(chunk.get("timestamp"))} for chunk in chunks]


def _pair(value: Any) -> dict[str, Any]:
    return {"start": value[0], "end": value[1]} if isinstance(value, list) and len(value) == 2 else {}


def _amazon(path: Path, value: Any, tier: str | None) -> Entries | None:
    results = value.get("results") if isinstance(value, dict) else None
    items = results.get("items") if isinstance(results, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return [
        {"word": _first(item.get("alternatives")).get("content"), **_times(item, "start_time", "end_time")}
        for item in items
        if item.get("type") != "punctuation"
    ]


def _google(path: Path, value: Any, tier: str | None) -> Entries | None:
    results = value.get("results") if isinstance(value, dict) else None
    if not isinstance(results, list):
        return None
    found = [word for result in results for word in _words(_first(_get(result, "alternatives")))]
    return [
        {"word": _get(word, "word"), **_times(word, "startTime", "endTime"), **_times(word, "startOffset", "endOffset")}
        for word in found
    ]


def _deepgram(path: Path, value: Any, tier: str | None) -> Entries | None:
    channels = _get(_get(value, "results"), "channels")
    if not isinstance(channels, list):
        return None
    if tier is None and len(channels) > 1:
        raise AlignmentError(f"{path}: has {len(channels)} channels; name the one with the words: --tier 0")
    named = [(str(number), channel) for number, channel in enumerate(channels)]
    return _words(_first(_get(chosen_tier(path, named, tier, ("0",), lambda channel: True), "alternatives")))


def _assembly(path: Path, value: Any, tier: str | None) -> Entries | None:
    """AssemblyAI, whose times are milliseconds."""
    words = _get(value, "words")
    if not isinstance(words, list) or "audio_duration" not in value or not all(isinstance(w, dict) for w in words):
        return None
    return [{"word": word.get("text"), **_times(word, "start", "end", _MS)} for word in words]


def _rev(path: Path, value: Any, tier: str | None) -> Entries | None:
    monologues = _get(value, "monologues")
    if not isinstance(monologues, list):
        return None
    elements = [element for part in monologues for element in _get(part, "elements") or () if isinstance(element, dict)]
    spoken = [element for element in elements if element.get("type") == "text"]
    return [{"word": element.get("value"), **_times(element, "ts", "end_ts")} for element in spoken]


def _plain_list(path: Path, value: Any, tier: str | None) -> Entries | None:
    return value if isinstance(value, list) else None


_DIALECTS: tuple[Dialect, ...] = (
    _list_named("word_segments"),  # WhisperX.
    _assembly,
    _list_named("words"),  # OpenAI, Gentle.
    _whisper_cpp,
    _pocketsphinx,
    _results,
    _segments,
    _chunks,
    _amazon,
    _google,
    _deepgram,
    _rev,
    _plain_list,
)


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _first(value: Any) -> Mapping[str, Any]:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _words(value: Mapping[str, Any]) -> list[Any]:
    words = value.get("words")
    return words if isinstance(words, list) else []


def _times(value: Any, start: str, end: str, unit: float = 1) -> dict[str, Any]:
    """Returns `start` and `end` in seconds, as far as an object has them under other names, or in parts of a second."""
    found: dict[str, Any] = {}
    for name, theirs in (("start", start), ("end", end)):
        time = _get(value, theirs)
        if isinstance(time, str):
            time = time.removesuffix("s")  # As protocol buffers write 1.300s.
        if time is not None:
            found[name] = time / unit if _is_number(time) else time
    return found


def objects_in(text: str, decode: Callable[[str, int], tuple[Any, int]]) -> Iterator[Any]:
    """Yields the JSON values that stand one behind another in a text.

    Args:
        text: Such as a stream's answers, each on lines of its own.
        decode: As `json.JSONDecoder().raw_decode` has it.

    Raises:
        ValueError: There is none, or one is not JSON.
    """
    place = _SPACES.match(text).end()  # type: ignore[union-attr]  # It always fits.
    while not place or place < len(text):
        value, place = decode(text, place)
        place = _SPACES.match(text, place).end()  # type: ignore[union-attr]
        yield value
