"""Where a long recording may be cut: at its pauses, told by the voice activity detector that comes with pocketsphinx.

It is WebRTC's; an energy rule of our own would need a threshold for each microphone. Left
to decide are the lengths: a pause is a gap of `PAUSE_SECONDS`, and a stretch has at most `MAX_STRETCH_SECONDS`, for the
model has learned from utterances of one emotion each. Where words' times are known, their gaps are the pauses.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from can_tf.alignment.sphinx import make_voice_detector
from can_tf.alignment.word import Word
from can_tf.samples import SAMPLE_RATE_HZ, pcm16

PAUSE_SECONDS = 0.3
MAX_STRETCH_SECONDS = 15.0
_MODE = 2  # Of 0 to 3: how sure the detector is before it says "voice".
_SHORTEST_SECONDS = 0.2  # Less is a click or a cough.
_LOUDNESS_FRAMES_PER_SECOND = 100
_SHORTEST_GAP_FRAMES = 10  # Less belongs to a sound, such as the silence before a "t".
_LOUDEST, _LEAST_OF_LOUDEST = 0.98, 1e-3  # A quantile of the frames' power; 30 dB below it, sound is no longer loud.
_MARGIN_SECONDS = 0.1  # The detector comes late to soft sounds.


class Stretch(NamedTuple):
    """Speech without a pause, in seconds from the beginning of the recording."""

    start: float
    end: float


def find_stretches(samples: np.ndarray) -> list[Stretch]:
    """Returns the stretches of speech in a recording, in order and apart.

    Args:
        samples: `<float32>[samples]` in [-1, 1] at `SAMPLE_RATE_HZ`.

    Raises:
        MissingExtraError: pocketsphinx is not installed.
    """
    detector = make_voice_detector(_MODE)
    seconds, size = detector.frame_length, detector.frame_bytes // 2
    frames = samples[: len(samples) // size * size].reshape(-1, size)  # The last part of a frame is left out.
    voiced = np.array([detector.is_speech(pcm16(frame).tobytes()) for frame in frames], bool)
    loudness = np.square(frames).mean(axis=1) + voiced  # Any voice is louder than none.
    longest = int((MAX_STRETCH_SECONDS - 2 * _MARGIN_SECONDS) / seconds)
    times = [
        (first * seconds, end * seconds)
        for run in _runs(voiced, round(PAUSE_SECONDS / seconds))
        if run[1] - run[0] >= round(_SHORTEST_SECONDS / seconds)
        for first, end in _split(*run, loudness, longest)
    ]
    return list(_with_margins(times, len(samples) / SAMPLE_RATE_HZ))


def loud_stretches(samples: np.ndarray) -> list[Stretch]:
    """Returns where a few seconds of speech are loud, to 10 ms: finer than a detector of voices, which hears more.

    Where there is noise of nearly the voice's loudness, all of it is loud.

    Args:
        samples: `<float32>[samples]` at `SAMPLE_RATE_HZ`.

    Example:
        >>> loud_stretches(np.repeat(np.float32([0, 0.5, 0]), 1600))
        [Stretch(start=0.1, end=0.2)]
    """
    size = SAMPLE_RATE_HZ // _LOUDNESS_FRAMES_PER_SECOND
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        return []
    power = np.square(frames.astype(np.float64)).mean(axis=1)
    loud = power > np.quantile(power, _LOUDEST) * _LEAST_OF_LOUDEST
    return [
        Stretch(first / _LOUDNESS_FRAMES_PER_SECOND, end / _LOUDNESS_FRAMES_PER_SECOND)
        for first, end in _runs(loud, _SHORTEST_GAP_FRAMES)
    ]


def split_words(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Returns words without silences in groups: cut where there is a pause, and where a group would be too long.

    Args:
        words: In order, with times in seconds.

    Example:
        >>> groups = split_words([Word("yes", 0.0, 0.4), Word("well", 1.0, 1.4), Word("no", 1.5, 2.0)])
        >>> [[word.text for word in group] for group in groups]
        [['yes'], ['well', 'no']]
    """
    groups: list[list[Word]] = []
    for word in words:
        if not groups or word.start - groups[-1][-1].end >= PAUSE_SECONDS:
            groups.append([])
        groups[-1].append(word)
    return [part for group in groups for part in _split_group(tuple(group))]


def stretches_of(groups: Sequence[Sequence[Word]], audio_seconds: float) -> list[Stretch]:
    """Returns the stretches of groups of words, which end with the audio if the last word does not.

    Example:
        >>> stretches_of([[Word("yes", 0.5, 1.0)]], audio_seconds=1.0)
        [Stretch(start=0.4, end=1.0)]
    """
    times = [(group[0].start, min(group[-1].end, audio_seconds)) for group in groups]
    return list(_with_margins(times, audio_seconds))


def _split_group(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    """Yields parts that are not too long: cut at the longest gap nearest to the middle."""
    if words[-1].end - words[0].start <= MAX_STRETCH_SECONDS or len(words) == 1:
        yield words
        return
    middle = (words[0].start + words[-1].end) / 2
    cut = max(
        range(1, len(words)),
        key=lambda place: (round(words[place].start - words[place - 1].end, 2), -abs(words[place].start - middle)),
    )
    yield from _split_group(words[:cut])
    yield from _split_group(words[cut:])


def _runs(voiced: np.ndarray, pause: int) -> Iterator[tuple[int, int]]:
    """Yields the first frame of each run of voice, and the one behind its last; short gaps are part of it."""
    run: tuple[int, int] | None = None
    for frame in np.flatnonzero(voiced).tolist():
        if run is not None and frame - run[1] >= pause:
            yield run
            run = None
        run = (frame if run is None else run[0], frame + 1)
    if run is not None:
        yield run


def _split(first: int, end: int, loudness: np.ndarray, longest: int) -> Iterator[tuple[int, int]]:
    """Yields parts that are not too long: cut at the least loud frame of the middle half."""
    if end - first <= longest:
        yield first, end
        return
    low, high = first + (end - first) // 4, end - (end - first) // 4
    cut = low + int(np.argmin(loudness[low:high]))
    yield from _split(first, cut, loudness, longest)
    yield from _split(cut, end, loudness, longest)


def _with_margins(times: Sequence[tuple[float, float]], seconds: float) -> Iterator[Stretch]:
    """Yields stretches with a margin on both sides, of which neighbors share what there is."""
    limits = [0.0, *((left[1] + right[0]) / 2 for left, right in itertools.pairwise(times)), seconds]
    for (start, end), low, high in zip(times, limits, limits[1:], strict=False):
        yield Stretch(max(start - _MARGIN_SECONDS, low), min(end + _MARGIN_SECONDS, high))
