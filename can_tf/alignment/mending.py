"""What becomes of odd words: one of them never costs a recording the others.

Recognizers write words of no duration, without times, out of order, or behind the recording's end. Such a word is timed
by its neighbors, cut or left out, and that is told once, on the logger `can_tf`. What is odd throughout is refused: it
belongs to another recording, or is no alignment.
"""

import bisect
import itertools
import logging
import math
from collections.abc import Iterator, Mapping, Sequence

from can_tf.alignment.silence import is_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.progress import amount

_LOG = logging.getLogger(__name__)

UNKNOWN = math.nan  # The start or the end of a word that came without.
OVERLAP_TOLERANCE_SECONDS = 0.02  # Two frames of an aligner: neighbors that overlap by no more meet in the middle.
END_TOLERANCE_SECONDS = 0.1  # Aligners round to frames; a word that ends this much after the audio is as it should be.
_LEAST_SECONDS = 0.1  # What a word without times gets where its neighbors have so much to give.
_ROUNDING_SECONDS = 1e-6  # What differences of decimal numbers miss.


def mended(tokens: Sequence[Word], where: str) -> tuple[Word, ...]:
    """Returns tokens in order, each with an end after its start.

    Args:
        tokens: Of an alignment, in the order in which they are said. A time may be anything: `UNKNOWN`, not finite,
            negative, behind those that follow.
        where: What messages call the alignment.

    Raises:
        AlignmentError: Not one word has times, most lack them, or half of them contradict the others.

    Example:
        >>> words = mended([Word("well", 0.2, 0.7), Word("a", 0.7, 0.7), Word("way", 0.7, 1.8)], "talk.json")
        >>> [(word.text, round(word.start, 2), round(word.end, 2)) for word in words]
        [('well', 0.2, 0.65), ('a', 0.65, 0.75), ('way', 0.75, 1.8)]
    """
    places = {number: token for number, token in enumerate(tokens, 1) if _is_timed(token) or not is_silence(token.text)}
    timed = {number: token for number, token in places.items() if _is_timed(token)}
    if places and not timed:
        raise AlignmentError(_without_times(*next(iter(places.items())), where))
    times = {number: [timed[number].start, timed[number].end] for number in _in_order(timed)}
    contradicting = {*timed} - {*times} | {*_cut_where_they_overlap(times)}
    if contradicting and len(contradicting) * 2 >= len(timed):
        raise AlignmentError(_contradiction(timed, where))
    words = [number for number, token in places.items() if number in times or not is_silence(token.text)]
    odd = [number for number in words if number not in times]
    if len(odd) * 2 > len([number for number in words if not is_silence(places[number].text)]):
        raise AlignmentError(f"{_without_times(odd[0], places[odd[0]], where)}, for most of the words")
    _time_the_rest(words, times)
    if changed := sorted(contradicting.union(odd).intersection(words)):
        what, first = amount(len(changed), "words"), places[changed[0]].text
        _LOG.warning("%s: %s without times that fit, timed by the neighbors; the first is %r", where, what, first)
    return tuple(Word(places[number].text, *times[number]) for number in words)


def within(tokens: Sequence[Word], audio_seconds: float, where: str) -> tuple[Word, ...]:
    """Returns the tokens of an alignment that begin within the audio; one that ends behind it, ends with it.

    Args:
        tokens: In order, with times in seconds.
        audio_seconds: Length of the recording.
        where: What messages call it.

    Raises:
        AlignmentError: Half of the words begin behind the audio's end, or all are for the most part there.

    Example:
        >>> within([Word("well", 0.2, 0.7), Word("away", 1.3, 2.4)], 2.0, "talk.wav")[-1]
        Word(text='away', start=1.3, end=2.0)
    """
    ends = max((token.end for token in tokens), default=0.0)
    words = [token for token in tokens if not is_silence(token.text)]
    behind = [word for word in words if word.start >= audio_seconds]
    if ends <= audio_seconds + END_TOLERANCE_SECONDS and not behind:
        return tuple(tokens)
    lengths = f"the alignment ends at {ends:.2f} s and the audio at {audio_seconds:.2f} s"
    foreign = [word for word in words if word.end - audio_seconds > (word.end - word.start) / 2]
    if foreign and (len(behind) * 2 >= len(words) or len(foreign) == len(words)):
        first = foreign[0]
        raise AlignmentError(
            f"{lengths}, behind which are {len(foreign)} of {amount(len(words), 'words')}, from {first.text!r} at "
            f"{first.start:.2f} s on; expected it to end with the audio, give or take {END_TOLERANCE_SECONDS} s"
        )
    left_out = f"{amount(len(behind), 'words')} behind it left out, from {behind[0].text!r} on" if behind else ""
    _LOG.warning("%s: %s; %s", where, lengths, left_out or "what is behind it is cut")
    return tuple(
        Word(token.text, token.start, audio_seconds) if token.end > audio_seconds + END_TOLERANCE_SECONDS else token
        for token in tokens
        if token.start < audio_seconds
    )


def _is_timed(token: Word) -> bool:
    return 0 <= token.start < token.end < math.inf


def _in_order(timed: Mapping[int, Word]) -> list[int]:
    """Returns the most tokens whose starts do not go back: one that is far off costs itself, not those behind it."""
    starts: list[float] = []  # The smallest start with which so many tokens in order end, and its token.
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number, token in timed.items():
        length = bisect.bisect_right(starts, token.start)
        before[number] = ends[length - 1] if length else None
        starts[length : length + 1] = [token.start]
        ends[length : length + 1] = [number]
    chosen: list[int] = []
    at = ends[-1] if ends else None
    while at is not None:
        chosen.append(at)
        at = before[at]
    return chosen[::-1]


def _cut_where_they_overlap(times: dict[int, list[float]]) -> Iterator[int]:
    """Ends a token where the next begins, as starts are what recognizers know best, and yields the next.

    A token that begins with the one before it loses its times.
    """
    previous: list[float] | None = None
    for number, (start, end) in [*times.items()]:
        if previous is not None and previous[1] - start > OVERLAP_TOLERANCE_SECONDS + _ROUNDING_SECONDS:
            yield number
            if start <= previous[0]:
                del times[number]
                continue
            previous[1] = start
        times[number] = previous = [start, end]


def _time_the_rest(numbers: Sequence[int], times: dict[int, list[float]]) -> None:
    """Gives each run of tokens without times the gap between its neighbors, and some of their time if it is short."""
    place = 0
    while place < len(numbers):
        run = []
        while place < len(numbers) and numbers[place] not in times:
            run.append(numbers[place])
            place += 1
        if run:
            before = numbers[place - len(run) - 1] if place > len(run) else None
            left = None if before is None else times[before]
            right = times[numbers[place]] if place < len(numbers) else None
            start, end = _room(len(run), left, right)
            for index, number in enumerate(run):
                step = (end - start) / len(run)
                times[number] = [start + step * index, start + step * (index + 1)]
        place += 1


def _room(count: int, left: list[float] | None, right: list[float] | None) -> tuple[float, float]:
    """Returns where so many words may be said, and cuts the neighbors' times where they give of their own."""
    start = left[1] if left else 0.0
    end = right[0] if right else start
    if end < start and left and right:  # They overlap by what is tolerated.
        start = end = left[1] = right[0] = (start + end) / 2
    lacking = max(count * _LEAST_SECONDS - (end - start), 0.0)
    share = lacking / 2 if left and right else lacking
    if lacking and left:
        left[1] = start = start - min(share, (left[1] - left[0]) / 2)
    if lacking and right:
        right[0] = end = end + min(share, (right[1] - right[0]) / 2)
    return start, end


def _place(number: int, token: Word, where: str) -> str:
    return f"{where}: token {number}, {token.text[:40]!r}, {token.start:.3f} to {token.end:.3f} s"


def _without_times(number: int, token: Word, where: str) -> str:
    if math.isnan(token.start) or math.isnan(token.end):
        return f"{where}: the word {token.text[:40]!r} has no start or no end; expected finite times from 0 on"
    if not (math.isfinite(token.start) and math.isfinite(token.end)) or token.start < 0:
        return f"{_place(number, token, where)}: expected finite times from 0 on"
    return f"{_place(number, token, where)}: expected an end after the start"


def _contradiction(timed: Mapping[int, Word], where: str) -> str:
    numbers = [*timed]
    reached = [*itertools.accumulate((timed[number].end for number in numbers), max)]
    late = next(
        place
        for place in range(1, len(numbers))
        if reached[place - 1] - timed[numbers[place]].start > OVERLAP_TOLERANCE_SECONDS + _ROUNDING_SECONDS
    )
    place = _place(numbers[late], timed[numbers[late]], where)
    return f"{place}: begins before the token before it ends, at {reached[late - 1]:.3f} s"
