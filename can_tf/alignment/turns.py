"""Who speaks when: the turns of speakers in a recording, from RTTM files as diarization writes them.

One person is heard at a time. Where two turns overlap, the time is that of the one who began first.
"""

import bisect
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from can_tf.alignment.formats.format import chosen_name, parse_seconds
from can_tf.alignment.pauses import Stretch
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.text_files import read_text

_TURN = "SPEAKER"
_OTHER_LINES = frozenset(  # Of the format, and about something else.
    "NOSCORE NO_RT_METADATA SEGMENT LEXEME NON-LEX NON-SPEECH FILLER EDIT IP SU CB A/P SPKR-INFO".split()
)
_LEAST_COLUMNS = 8
_COMMENTS = (";", "#")
_SHORTEST_SECONDS = 0.2  # What a turn cuts off a stretch; less goes to what stands beside it.


class Turn(NamedTuple):
    """Somebody speaks, between two times in seconds."""

    start: float
    end: float
    speaker: str


def read_turns(path: Path, name: str | None = None) -> list[Turn]:
    """Returns the turns in a recording, in the order of their beginnings.

    Args:
        path: An RTTM file.
        name: Of the recording, where the file is about several.

    Raises:
        AlignmentError: The file cannot be read or holds no turn, or none of that recording.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "talk.rttm")
        ...     _ = path.write_text("SPEAKER talk 1 0.50 1.50 <NA> <NA> anna <NA> <NA>\\n")
        ...     read_turns(path)
        [Turn(start=0.5, end=2.0, speaker='anna')]
    """
    turns = list(_turns(path, read_text(path, AlignmentError)))
    if not turns:
        raise AlignmentError(
            f"{path}: holds no turn; expected lines as SPEAKER talk 1 0.50 1.50 <NA> <NA> anna <NA> <NA>"
        )
    chosen = chosen_name(path, list(dict.fromkeys(recording for recording, _ in turns)), name)
    return sorted(turn for recording, turn in turns if recording == chosen)


def recordings_with_turns(path: Path) -> list[str]:
    """Returns the names of the recordings that an RTTM file is about; raises as `read_turns` does."""
    return list(dict.fromkeys(recording for recording, _ in _turns(path, read_text(path, AlignmentError))))


def _turns(path: Path, text: str) -> Iterator[tuple[str, Turn]]:
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split()
        if not columns or columns[0].startswith(_COMMENTS) or columns[0] in _OTHER_LINES:
            continue
        if columns[0] != _TURN or len(columns) < _LEAST_COLUMNS:
            raise AlignmentError(
                f"{path}:{number}: expected SPEAKER, recording, channel, start, duration, <NA>, <NA> and speaker, "
                f"found {line.strip()[:80]!r}"
            )
        start, seconds = (parse_seconds(path, number, column) for column in columns[3:5])
        if not (start >= 0 and seconds >= 0 and start + seconds < math.inf):  # NaN too.
            raise AlignmentError(
                f"{path}:{number}: expected a start and a duration from 0 on, found {columns[3]} and {columns[4]}"
            )
        yield columns[1], Turn(start, start + seconds, columns[7])


def one_at_a_time(turns: Sequence[Turn]) -> tuple[list[Turn], float]:
    """Returns turns that do not overlap, and of how many seconds somebody else's turn was taken away.

    Example:
        >>> one_at_a_time([Turn(0.0, 2.0, "anna"), Turn(1.5, 3.0, "ben")])
        ([Turn(start=0.0, end=2.0, speaker='anna'), Turn(start=2.0, end=3.0, speaker='ben')], 0.5)
    """
    apart: list[Turn] = []
    lost, reached, whose = 0.0, 0.0, None
    for turn in sorted(turns):
        if turn.start < reached and turn.speaker != whose:
            lost += min(turn.end, reached) - turn.start
        if turn.end > max(turn.start, reached):
            apart.append(turn._replace(start=max(turn.start, reached)))
            reached, whose = turn.end, turn.speaker
    return apart, lost


class Speakers:
    """Tells who speaks.

    Args:
        turns: Any; none tell nothing.

    Attributes:
        overlap_seconds: For how long two spoke at once.

    Example:
        >>> speakers = Speakers([Turn(0.0, 2.0, "anna"), Turn(2.0, 3.0, "ben")])
        >>> speakers.at(1.0), speakers.at(5.0)
        ('anna', None)
        >>> speakers.cut([Stretch(1.0, 4.0)])[:2]
        [(Stretch(start=1.0, end=2.0), 'anna'), (Stretch(start=2.0, end=3.0), 'ben')]
    """

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self._turns, self.overlap_seconds = one_at_a_time(turns)
        self._starts = [turn.start for turn in self._turns]
        self._edges = sorted({edge for turn in self._turns for edge in (turn.start, turn.end)})

    def at(self, seconds: float) -> str | None:
        """Returns who speaks at a time; None where nobody does, or nobody knows."""
        place = bisect.bisect_right(self._starts, seconds) - 1
        if place < 0 or seconds >= self._turns[place].end:
            return None
        return self._turns[place].speaker

    def cut(self, stretches: Sequence[Stretch]) -> list[tuple[Stretch, str | None]]:
        """Returns stretches, cut where another speaks, and whose each is."""
        return [part for stretch in stretches for part in self._cut(stretch)]

    def of_words(self, words: Sequence[Word]) -> list[tuple[str | None, list[Word]]]:
        """Returns words in groups of the same speaker: the one who speaks in the middle of a word says it."""
        groups = itertools.groupby(words, lambda word: self.at((word.start + word.end) / 2))
        return [(speaker, list(group)) for speaker, group in groups]

    def _cut(self, stretch: Stretch) -> list[tuple[Stretch, str | None]]:
        first, last = (bisect.bisect(self._edges, edge) for edge in stretch)
        edges = [stretch.start, *(edge for edge in self._edges[first:last] if edge < stretch.end), stretch.end]
        parts: list[tuple[Stretch, str | None]] = []
        for start, end in itertools.pairwise(edges):
            speaker = self.at((start + end) / 2)
            if parts and (parts[-1][1] == speaker or end - start < _SHORTEST_SECONDS):
                parts[-1] = (Stretch(parts[-1][0].start, end), parts[-1][1])
            elif parts and parts[-1][0].end - parts[-1][0].start < _SHORTEST_SECONDS:  # The first of all.
                parts[-1] = (Stretch(parts[-1][0].start, end), speaker)
            else:
                parts.append((Stretch(start, end), speaker))
        return parts
