"""Word timings as text, in every format that `can_tf.alignment.formats` reads.

What a format cannot say is decided here. Sphinx's frames are 10 ms long, so its times are rounded to the nearest and a
word has at least one. TextGrid and Sphinx cover the recording without gaps: what no word covers is written as silence,
and in a TextGrid, whose intervals may not overlap, neighbors that do meet in the middle. CTM and the JSON forms have
words alone, so silences are left out.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from can_tf.alignment.formats import OVERLAP_TOLERANCE_SECONDS
from can_tf.alignment.spans import is_silence
from can_tf.alignment.word import Word

_FRAMES_PER_SECOND = 100
_MOST_FRAMES_OF_OVERLAP = round(OVERLAP_TOLERANCE_SECONDS * _FRAMES_PER_SECOND)
_DECIMALS = 4  # Of a second: finer than any aligner, and the same bytes on any machine.

Writer = Callable[[str, Sequence[Word], float], str]


def format_alignment(name: str, utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    """Returns an alignment as the text of a file.

    Args:
        name: One of `FORMATS`.
        utterance_id: Of the recording; CTM and Whisper's forms have it.
        tokens: Words, and silences if there are any, sorted by time.
        audio_seconds: Length of the recording.
    """
    return FORMATS[name][1](utterance_id, tokens, audio_seconds)


def _words(tokens: Sequence[Word]) -> list[Word]:
    return [token for token in tokens if not is_silence(token.text)]


def _wdseg(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows, end = ["\t SFrm  EFrm   SegAScr Word"], 0
    for token in tokens:
        # Two edges that round away from each other must not overlap by more than is read again.
        first = max(round(token.start * _FRAMES_PER_SECOND), end - _MOST_FRAMES_OF_OVERLAP)
        last = max(round(token.end * _FRAMES_PER_SECOND) - 1, first)
        if first > end:
            rows.append(_wdseg_row(end, first - 1, "<sil>"))
        rows.append(_wdseg_row(first, last, token.text))
        end = max(end, last + 1)
    total = round(audio_seconds * _FRAMES_PER_SECOND)
    if total > end:
        rows.append(_wdseg_row(end, total - 1, "<sil>"))
    return "\n".join([*rows, " Total score: 0"]) + "\n"


def _wdseg_row(first: int, last: int, text: str) -> str:
    return f"\t{first:5d} {last:5d} {0:10d} {_one_token(text)}"  # No score is known.


def _ctm(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = [
        f"{_one_token(utterance_id)} 1 {word.start:.{_DECIMALS}f} {word.end - word.start:.{_DECIMALS}f} "
        f"{_one_token(word.text)}\n"
        for word in _words(tokens)
    ]
    return "".join(rows)


def _one_token(text: str) -> str:
    """Returns text without white space, which separates the columns."""
    return "_".join(text.split())


def _intervals(tokens: Sequence[Word], audio_seconds: float) -> list[tuple[float, float, str]]:
    """Returns intervals that cover the recording without a gap; a silence has no text."""
    words = _words(tokens)
    starts, ends = [word.start for word in words], [word.end for word in words]
    for left in range(len(words) - 1):
        if ends[left] > starts[left + 1]:
            ends[left] = starts[left + 1] = (ends[left] + starts[left + 1]) / 2
    rows: list[tuple[float, float, str]] = []
    reached = 0.0
    for word, start, end in zip(words, starts, ends, strict=True):
        if round(start, _DECIMALS) > round(reached, _DECIMALS):
            rows.append((reached, start, ""))
        rows.append((rows[-1][1] if rows else start, end, word.text))
        reached = end
    if round(audio_seconds, _DECIMALS) > round(reached, _DECIMALS):
        rows.append((reached, audio_seconds, ""))
    return rows


def _number(seconds: float) -> str:
    return f"{seconds:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _textgrid(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = _intervals(tokens, audio_seconds)
    end = _number(rows[-1][1])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end}"]
    lines += ["tiers? <exists>", "size = 1", "item []:", "    item [1]:"]
    lines += [f"        {line}" for line in ('class = "IntervalTier"', 'name = "words"', "xmin = 0", f"xmax = {end}")]
    lines.append(f"        intervals: size = {len(rows)}")
    for index, (first, last, text) in enumerate(rows, 1):
        lines.append(f"        intervals [{index}]:")
        values = (f"xmin = {_number(first)}", f"xmax = {_number(last)}", f"text = {_quoted(text)}")
        lines += [f"            {value}" for value in values]
    return "\n".join(lines) + "\n"


def _short_textgrid(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = _intervals(tokens, audio_seconds)
    end = _number(rows[-1][1])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", end, "<exists>", "1"]
    lines += ['"IntervalTier"', '"words"', "0", end, str(len(rows))]
    for first, last, text in rows:
        lines += [_number(first), _number(last), _quoted(text)]
    return "\n".join(lines) + "\n"


def _entries(tokens: Sequence[Word]) -> list[dict[str, Any]]:
    return [
        {"word": word.text, "start": round(word.start, _DECIMALS), "end": round(word.end, _DECIMALS)}
        for word in _words(tokens)
    ]


def _json(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    rows = [json.dumps(entry, ensure_ascii=False) for entry in _entries(tokens)]
    return "[\n  " + ",\n  ".join(rows) + "\n]\n"


def _whisper(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    entries = [{**entry, "word": f" {entry['word']}"} for entry in _entries(tokens)]
    text = "".join(entry["word"] for entry in entries)
    segment = {"id": 0, "start": entries[0]["start"], "end": entries[-1]["end"], "text": text, "words": entries}
    return _indented({"text": text, "segments": [segment], "language": "en"})


def _whisperx(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    entries = _entries(tokens)
    text = " ".join(entry["word"] for entry in entries)
    segment = {"start": entries[0]["start"], "end": entries[-1]["end"], "text": text, "words": entries}
    return _indented({"segments": [segment], "word_segments": entries})


def _vosk(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    entries = _entries(tokens)
    return _indented({"result": entries, "text": " ".join(entry["word"] for entry in entries)})


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


# By name: the suffix of such files, and what writes them.
FORMATS: Mapping[str, tuple[str, Writer]] = {
    "json": (".json", _json),
    "textgrid": (".TextGrid", _textgrid),
    "textgrid-short": (".TextGrid", _short_textgrid),
    "ctm": (".ctm", _ctm),
    "wdseg": (".wdseg", _wdseg),
    "whisper": (".json", _whisper),
    "whisperx": (".json", _whisperx),
    "vosk": (".json", _vosk),
}
