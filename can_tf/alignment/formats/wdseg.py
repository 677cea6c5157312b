"""Sphinx-3's word segmentation: a line per word with its first and last frame, its score and the word.

Frames are 10 ms long and the last is inclusive, so times are rounded to the nearest frame and a word has at least one.
Silences are words such as `<sil>`, so that the rows cover the recording without a gap.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from can_tf.alignment.formats.format import Format, one_token
from can_tf.alignment.mending import OVERLAP_TOLERANCE_SECONDS
from can_tf.alignment.silence import SILENCE, SILENCES
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

FRAMES_PER_SECOND = 100
_HEADER = "\t SFrm  EFrm   SegAScr Word"
_TOTAL = " Total score:"
_NOT_ROWS = (_HEADER.split()[0], _TOTAL.split()[0])
_SECONDS_PER_FRAME = 0.01
_MOST_FRAMES = 1e9
_MOST_FRAMES_OF_OVERLAP = round(OVERLAP_TOLERANCE_SECONDS * FRAMES_PER_SECOND)


class Row(NamedTuple):
    """A word: its first and last frame, both inclusive, its acoustic score, and its text."""

    first: int
    last: int
    score: int
    text: str


def wdseg_text(rows: Iterable[Row]) -> str:
    """Returns rows as Sphinx lays them out: a header, the rows, and the sum of their scores.

    Example:
        >>> print(wdseg_text([Row(0, 51, -612, "<s>"), Row(52, 75, -1320, "YES")]).expandtabs(2), end="")
           SFrm  EFrm   SegAScr Word
              0    51       -612 <s>
             52    75      -1320 YES
         Total score:        -1932
    """
    lines, total = [_HEADER], 0
    for row in rows:
        lines.append(f"\t{row.first:5d} {row.last:5d} {row.score:10d} {row.text}")
        total += row.score
    return "\n".join([*lines, f"{_TOTAL} {total:12d}"]) + "\n"


def _read(path: Path, text: str, utterance_id: str | None) -> Iterator[Word]:
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split()
        if not columns or columns[0] in _NOT_ROWS:
            continue
        try:
            first, last, _, word = columns
            start, end = int(first), int(last) + 1
        except ValueError as error:
            raise AlignmentError(
                f"{path}:{number}: expected first frame, last frame, score and word, found {line.strip()[:60]!r}"
            ) from error
        if max(start, end) > _MOST_FRAMES:
            raise AlignmentError(f"{path}:{number}: frame {max(start, end)} is beyond any recording")
        yield Word(word, start * _SECONDS_PER_FRAME, end * _SECONDS_PER_FRAME)


def _write(utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    return wdseg_text(_rows(tokens, audio_seconds))


def _rows(tokens: Sequence[Word], audio_seconds: float) -> Iterator[Row]:
    """Yields rows that cover the recording; their scores, which nobody knows, are 0."""
    end = 0
    for token in tokens:
        # Two edges that round away from each other must not overlap by more than is read again.
        first = max(round(token.start * FRAMES_PER_SECOND), end - _MOST_FRAMES_OF_OVERLAP)
        last = max(round(token.end * FRAMES_PER_SECOND) - 1, first)
        if first > end:
            yield Row(end, first - 1, 0, SILENCE)
        yield Row(first, last, 0, one_token(token.text))
        end = max(end, last + 1)
    total = round(audio_seconds * FRAMES_PER_SECOND)
    if total > end:
        yield Row(end, total - 1, 0, SILENCE)


WDSEG = Format(suffixes=(".wdseg",), read=_read, write=_write, silence_labels=SILENCES)
