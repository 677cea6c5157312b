"""Where a long recording may be cut: at its pauses, told by the voice activity detector that comes with pocketsphinx.

It is WebRTC's; an energy rule of our own would need a threshold for each microphone. Left
to decide are the lengths: a pause is a gap of `PAUSE_SECONDS`, and a stretch has at most `MAX_STRETCH_SECONDS`, for the
model has learned from utterances of one emotion each. Where words' times are known, their gaps are the pauses.

Nothing that is decided waits for more than a second of what comes after, so that speech that is heard live has the same
stretches as its recording.
"""

import dataclasses
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
_CUT_SECONDS = 1.0  # Of speech, among which too long a stretch is cut: it has the end of a word.


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
    finder = StretchFinder()
    return [heard.stretch for part in (finder.add(samples), finder.end()) for heard in part]


class Heard(NamedTuple):
    """A stretch and its sound, `<float32>[samples]` at `SAMPLE_RATE_HZ`."""

    stretch: Stretch
    samples: np.ndarray


class StretchFinder:
    """Finds the stretches of sound that comes in bit by bit, as soon as each has ended.

    They are those that `find_stretches` finds in all of the sound, however it is cut into bits. No more is kept than
    the sound of the stretch that is going on.

    Raises:
        MissingExtraError: pocketsphinx is not installed.

    Example:
        >>> finder = StretchFinder()
        >>> list(finder.add(np.zeros(1_600, np.float32))), list(finder.end()), finder.seconds
        ([], [], 0.1)
    """

    def __init__(self) -> None:
        self._detector = make_voice_detector(_MODE)
        self._frame_seconds, self._size = self._detector.frame_length, self._detector.frame_bytes // 2
        self._pause, self._shortest = self._frames(PAUSE_SECONDS), self._frames(_SHORTEST_SECONDS)
        self._longest = int((MAX_STRETCH_SECONDS - 2 * _MARGIN_SECONDS) / self._frame_seconds)
        self._sound = np.zeros(0, np.float32)
        self._first = 0  # Which of all samples the sound that is kept begins with.
        self._heard = 0  # Frames.
        self._run: _Run | None = None

    @property
    def seconds(self) -> float:
        """How much sound has come in."""
        return (self._first + len(self._sound)) / SAMPLE_RATE_HZ

    @property
    def kept_from(self) -> float:
        """The time, in seconds, before which no sound is needed any more."""
        return self._first / SAMPLE_RATE_HZ

    def add(self, samples: np.ndarray) -> Iterator[Heard]:
        """Yields the stretches that end with more sound, `<float32>[samples]` in [-1, 1] at `SAMPLE_RATE_HZ`."""
        for begin in range(0, len(samples), SAMPLE_RATE_HZ):
            self._sound = np.concatenate([self._sound, samples[begin : begin + SAMPLE_RATE_HZ]])
            while (self._heard + 1) * self._size <= self._first + len(self._sound):
                yield from self._hear_frame()
            self._forget()

    def end(self) -> Iterator[Heard]:
        """Yields the stretch that was going on, if any: there is no more sound."""
        run, self._run = self._run, None
        if run is not None:
            yield from self._ended(run)

    def _frames(self, seconds: float) -> int:
        return round(seconds / self._frame_seconds)

    def _hear_frame(self) -> Iterator[Heard]:
        begin = self._heard * self._size - self._first
        frame = self._sound[begin : begin + self._size]
        voiced = bool(self._detector.is_speech(pcm16(frame).tobytes()))
        if voiced and self._run is None:
            self._run = _Run(self._heard)
        self._heard += 1
        run = self._run
        if run is None:
            return
        run.loudness.append(float(np.square(frame).mean()) + voiced)  # Any voice is louder than none.
        if voiced:
            run.end = self._heard
        if self._heard - run.end >= self._pause:
            self._run = None
            yield from self._ended(run)
        elif run.end - run.first > self._longest:
            yield self._cut(run)

    def _cut(self, run: "_Run") -> Heard:
        """Ends too long a run at its least loud frame of late, and lets the rest go on."""
        low = max(self._longest - self._frames(_CUT_SECONDS), 1)
        cut = low + int(np.argmin(run.loudness[low : self._longest - self._shortest]))
        place = run.first + cut
        self._run = _Run(place, run.end, run.loudness[cut:], after_cut=True)
        return self._heard_from(run, place * self._frame_seconds)

    def _ended(self, run: "_Run") -> Iterator[Heard]:
        if run.after_cut or run.end - run.first >= self._shortest:
            yield self._heard_from(run, min(run.end * self._frame_seconds + _MARGIN_SECONDS, self.seconds))

    def _heard_from(self, run: "_Run", end: float) -> Heard:
        start = run.first * self._frame_seconds
        stretch = Stretch(start if run.after_cut else max(start - _MARGIN_SECONDS, 0.0), end)
        first, last = (round(seconds * SAMPLE_RATE_HZ) - self._first for seconds in stretch)
        return Heard(stretch, self._sound[first:last].copy())

    def _forget(self) -> None:
        """Lets go of sound that no stretch will have."""
        first = (self._heard if self._run is None else self._run.first) * self._size
        old = first - self._first - round(_MARGIN_SECONDS * SAMPLE_RATE_HZ)
        if old > 0:
            self._sound, self._first = self._sound[old:].copy(), self._first + old


@dataclasses.dataclass
class _Run:
    """Frames of voice with short gaps: the first, the one behind the last voiced, and how loud each is.

    `after_cut` tells that it goes on where too long a run was cut.
    """

    first: int
    end: int = 0
    loudness: list[float] = dataclasses.field(default_factory=list)
    after_cut: bool = False


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


def _with_margins(times: Sequence[tuple[float, float]], seconds: float) -> Iterator[Stretch]:
    """Yields stretches with a margin on both sides, of which neighbors share what there is."""
    limits = [0.0, *((left[1] + right[0]) / 2 for left, right in itertools.pairwise(times)), seconds]
    for (start, end), low, high in zip(times, limits, limits[1:], strict=False):
        yield Stretch(max(start - _MARGIN_SECONDS, low), min(end + _MARGIN_SECONDS, high))
