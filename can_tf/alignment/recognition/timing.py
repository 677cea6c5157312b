"""When each recognized word was said.

English words are timed by forced alignment. It is asked about the whole of a recording of up to a minute; where it
finds no path, and in longer ones, about the parts on either side of a pause, down to a single segment of the
recognizer. Words that it cannot time, and those of other languages, keep the recognizer's own times, mended: Whisper's
come 40 ms early, and are off by more where speech begins and ends, so that edges go to where the sound begins and ends.
Words are in order and inside the recording, and each has some time. `tools/recognition_study.py` measures both ways.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from can_tf.alignment.forced import Aligner
from can_tf.alignment.pauses import Stretch, loud_stretches
from can_tf.alignment.silence import is_silence, without_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word, normalize_word
from can_tf.errors import AlignmentError
from can_tf.samples import SAMPLE_RATE_HZ

_MOST_AT_ONCE_SECONDS = 60.0
_EARLY_SECONDS = 0.04  # That Whisper's own times are, at the median, of English and of German.
_MOST_ADDED_SECONDS = 0.4  # To a last word.
_MARGIN_SECONDS = 1.0  # Of a part, around the recognizer's own times.
_EDGE_SECONDS = 0.2  # How far the recognizer's own times may be off.
_SHORTEST_SECONDS = 0.02


class Segment(NamedTuple):
    """What a recognizer found in one go: its text as it is written, and its words with the recognizer's own times."""

    text: str
    words: tuple[Word, ...]


def timed_words(segments: Sequence[Segment], samples: np.ndarray, aligner: Aligner | None) -> list[Word]:
    """Returns the words of segments as they are said, with the best times there are.

    Args:
        segments: In order; words of nothing but punctuation are left out.
        samples: `<float32>[samples]` in [-1, 1] at `SAMPLE_RATE_HZ`.
        aligner: For English; None keeps the recognizer's times.
    """
    segments = [segment for segment in segments if segment.words]
    if not segments:
        return []
    seconds = len(samples) / SAMPLE_RATE_HZ
    if aligner is None:
        words = [word for segment in segments for word in _mended(_own_words(segment, _written), samples)]
    else:
        words = list(_aligned(segments, samples, (0.0, seconds), aligner))
    return in_order(words, seconds)


def _aligned(
    segments: Sequence[Segment], samples: np.ndarray, limits: tuple[float, float], aligner: Aligner
) -> Iterator[Word]:
    """Yields the words of neighboring segments, whose sound lies within limits in seconds, timed together or apart."""
    start = max(limits[0], segments[0].words[0].start - _MARGIN_SECONDS)
    end = min(limits[1], segments[-1].words[-1].end + _MARGIN_SECONDS)
    if end - start <= _MOST_AT_ONCE_SECONDS or len(segments) == 1:
        first = round(start * SAMPLE_RATE_HZ)
        try:
            said = spoken_words(" ".join(segment.text for segment in segments))
            tokens = aligner.align(samples[first : round(end * SAMPLE_RATE_HZ)], said)
        except AlignmentError:
            pass
        else:
            late = first / SAMPLE_RATE_HZ
            yield from _moved(without_silence(tokens), late)
            return
    if len(segments) == 1:
        yield from _mended(_own_words(segments[0], _said), samples)
        return
    cut = _widest_gap(segments)
    edge = _quietest(samples, segments[cut - 1].words[-1].end, segments[cut].words[0].start)
    yield from _aligned(segments[:cut], samples, (limits[0], edge), aligner)
    yield from _aligned(segments[cut:], samples, (edge, limits[1]), aligner)


def _widest_gap(segments: Sequence[Segment]) -> int:
    """Returns where to cut: the segment, of the middle half, before which the pause is longest."""
    quarter = len(segments) // 4
    places = range(max(quarter, 1), max(len(segments) - quarter, 2))
    return max(places, key=lambda place: segments[place].words[0].start - segments[place - 1].words[-1].end)


def _quietest(samples: np.ndarray, end: float, start: float) -> float:
    """Returns the quietest moment, in seconds, about the end of one word and the start of the next."""
    size = SAMPLE_RATE_HZ // 100
    low, high = sorted((end, start))
    first = max(round((low - _EDGE_SECONDS) * SAMPLE_RATE_HZ), 0)
    around = samples[first : round((high + _EDGE_SECONDS) * SAMPLE_RATE_HZ)]
    frames = around[: len(around) // size * size].reshape(-1, size)
    if not len(frames):
        return (low + high) / 2
    return (first + size * (int(np.square(frames).mean(axis=1).argmin()) + 0.5)) / SAMPLE_RATE_HZ


def _own_words(segment: Segment, words_of: Callable[[str], Sequence[str]]) -> list[Word]:
    """Returns a segment's words with the recognizer's times, which words that were written as one share."""
    found = []
    for word in segment.words:
        parts = words_of(word.text)
        edges = np.linspace(word.start, word.end, len(parts) + 1).tolist()
        found += [Word(text, *times) for text, times in zip(parts, itertools.pairwise(edges), strict=True)]
    return found


def _written(text: str) -> Sequence[str]:
    word = normalize_word(text).lstrip("'")  # Whisper parts "l'eau" into "l" and "'eau".
    return (word,) if word and not is_silence(text) else ()


def _said(text: str) -> Sequence[str]:
    try:
        return spoken_words(text)
    except AlignmentError:
        return _written(text)


def _moved(words: Sequence[Word], seconds: float) -> list[Word]:
    return [Word(word.text, word.start + seconds, word.end + seconds) for word in words]


def _mended(words: Sequence[Word], samples: np.ndarray) -> list[Word]:
    """Returns a segment's words with the recognizer's times made better: see the module."""
    if not words:
        return []
    first = max(words[0].start - _MARGIN_SECONDS, 0.0)
    part = samples[round(first * SAMPLE_RATE_HZ) : round((words[-1].end + _MARGIN_SECONDS) * SAMPLE_RATE_HZ)]
    return _moved(at_edges_of_sound(_moved(words, _EARLY_SECONDS - first), loud_stretches(part)), first)


def at_edges_of_sound(words: Sequence[Word], stretches: Sequence[Stretch]) -> list[Word]:
    """Takes silences off the edges of words, and lets the last word of a stretch of sound last until its end.

    Example:
        >>> at_edges_of_sound([Word("yes", 0.0, 0.5), Word("no", 0.5, 0.8)], [Stretch(0.2, 1.0)])
        [Word(text='yes', start=0.2, end=0.5), Word(text='no', start=0.5, end=1.0)]
    """
    found = []
    for word, next_start in _with_next(words):
        heard = [stretch for stretch in stretches if stretch.start < word.end and word.start < stretch.end]
        if heard:  # Else the recognizer hears what is not loud.
            end = min(word.end, heard[-1].end)
            if heard[-1].end <= next_start and heard[-1].end - end <= _MOST_ADDED_SECONDS:
                end = heard[-1].end
            word = Word(word.text, max(word.start, heard[0].start), end)
        found.append(word)
    return found


def _with_next(words: Sequence[Word]) -> Iterator[tuple[Word, float]]:
    """Yields each word with the start of the next, which the last has not: infinity."""
    for place, word in enumerate(words, 1):
        yield word, words[place].start if place < len(words) else math.inf


def in_order(words: Sequence[Word], seconds: float) -> list[Word]:
    """Returns words in order, inside the recording, each of some time: their edges are moved as little as that takes.

    Example:
        >>> words = in_order([Word("so", 0.3, 0.5), Word("it", 0.4, 0.4), Word("is", 0.4, 1.2)], seconds=1.0)
        >>> [(word.start, word.end) for word in words]
        [(0.3, 0.4), (0.4, 0.42), (0.42, 1.0)]
    """
    shortest = min(_SHORTEST_SECONDS, seconds / max(len(words), 1))
    starts, ends, reached = [], [], 0.0
    for word, next_start in _with_next(words):
        starts.append(max(word.start, reached))
        # Where two overlap, the onset of the later one counts.
        ends.append(max(min(word.end, next_start), starts[-1] + shortest))
        reached = ends[-1]
    limit = seconds
    for place in reversed(range(len(words))):
        ends[place] = min(ends[place], limit)
        starts[place] = max(min(starts[place], ends[place] - shortest), 0.0)
        limit = starts[place]
    return [Word(word.text, *times) for word, times in zip(words, zip(starts, ends, strict=True), strict=True)]
