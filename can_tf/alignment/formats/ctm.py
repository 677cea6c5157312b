"""NIST's time-marked conversation: a line per word with utterance, channel, start, duration and the word.

A sixth column may hold a confidence. A file may hold several utterances. It has words alone: silences are left out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from can_tf.alignment.formats.format import DECIMALS, Format, one_token, parse_seconds
from can_tf.alignment.silence import without_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

_COMMENT = ";;"
_COLUMNS = (5, 6)  # Without and with a confidence.
_CHANNEL = 1


def _read(path: Path, text: str, utterance_id: str | None) -> Iterator[Word]:
    rows = [
        (number, line.split())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith(_COMMENT)
    ]
    utterances = list(dict.fromkeys(columns[0] for _, columns in rows))
    if utterance_id is None and len(utterances) > 1:
        raise AlignmentError(f"{path}: holds {len(utterances)} utterances, and none was asked for by its id")
    if rows and utterance_id is not None and utterance_id not in utterances and len(utterances) != 1:
        raise AlignmentError(f"{path}: has no utterance {utterance_id!r}; the first is {utterances[0][:60]!r}")
    chosen = utterance_id if utterance_id in utterances else (utterances[0] if utterances else None)
    for number, columns in rows:
        if columns[0] != chosen:
            continue
        if len(columns) not in _COLUMNS:
            raise AlignmentError(
                f"{path}:{number}: expected utterance, channel, start, duration, word and perhaps a confidence, "
                f"found {len(columns)} columns"
            )
        start = parse_seconds(path, number, columns[2])
        yield Word(columns[4], start, start + parse_seconds(path, number, columns[3]))


def _write(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    lines = [
        f"{one_token(utterance_id)} {_CHANNEL} {word.start:.{DECIMALS}f} {word.end - word.start:.{DECIMALS}f} "
        f"{one_token(word.text)}\n"
        for word in without_silence(tokens)
    ]
    return "".join(lines)


CTM = Format(suffixes=(".ctm",), read=_read, write=_write)
