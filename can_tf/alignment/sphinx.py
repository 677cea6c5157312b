"""Pocketsphinx: its decoder and its American English model, which come in one wheel."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from can_tf.alignment.silence import SILENCE, is_silence, without_silence
from can_tf.alignment.word import Word, normalize_word
from can_tf.errors import MissingExtraError
from can_tf.samples import SAMPLE_RATE_HZ, pcm16

_FRAMES_PER_SECOND = 100
_LOWEST_SCORE = 1e-300  # Below it, a float is zero.
_PADDING_PEAK = 10  # Of 32,767.


class SearchResult(NamedTuple):
    """What a search found: words and `<sil>` in order of time, and the mean log score of a frame of the words."""

    tokens: tuple[Word, ...]
    mean_score: float

    @property
    def words(self) -> list[str]:
        """The words without their times and without silences."""
        return [token.text for token in without_silence(self.tokens)]


def make_decoder(**options: Any) -> Any:
    """Returns a decoder; `lm=None` is one that knows no language model.

    Raises:
        MissingExtraError: pocketsphinx is not installed.
    """
    return _library().Decoder(samprate=SAMPLE_RATE_HZ, loglevel="FATAL", **options)


def make_voice_detector(mode: int) -> Any:
    """Returns a detector of voices in frames of 30 ms, from 0, the least, to 3, the most strict; errors as above."""
    return _library().Vad(mode=mode, sample_rate=SAMPLE_RATE_HZ)


def check_installed() -> None:
    """Raises MissingExtraError if pocketsphinx is not installed."""
    _library()


def _library() -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise MissingExtraError("Finding words in speech", "align") from error
    return pocketsphinx


def search(decoder: Any, samples: np.ndarray, *, padding_frames: int = 0) -> SearchResult:
    """Returns what a decoder finds in a recording.

    Args:
        decoder: From `make_decoder`.
        samples: `<float32>[samples]` in [-1, 1] at `SAMPLE_RATE_HZ`.
        padding_frames: Frames of 10 ms of faint noise to put before and behind it for the search.
    """
    padded = _padded(pcm16(samples), padding_frames * SAMPLE_RATE_HZ // _FRAMES_PER_SECOND)
    decoder.reinit_feat()  # Or the answer would depend on the recordings before.
    decoder.start_utt()
    decoder.process_raw(padded.tobytes(), full_utt=True)
    decoder.end_utt()
    segments = list(_segments(decoder, padding_frames, len(samples) * _FRAMES_PER_SECOND / SAMPLE_RATE_HZ))
    return SearchResult(tuple(_without_overlap(token for token, _, _ in segments)), _mean_score(segments))


def _padded(samples: np.ndarray, padding: int) -> np.ndarray:
    """Returns `<int16>[padding + samples + padding]`; digital silence would upset the features' mean."""
    if not padding:
        return samples
    padded = np.pad(samples.astype(np.int32), padding)
    noise = np.random.default_rng(0).integers(-_PADDING_PEAK, _PADDING_PEAK, len(padded), endpoint=True)
    return np.clip(padded + noise, -32_768, 32_767).astype(np.int16)


def _segments(decoder: Any, padding_frames: int, total_frames: float) -> Iterator[tuple[Word, float, int]]:
    """Yields tokens inside the recording, the log score of each, and its frames."""
    for segment in decoder.seg() or ():  # None where nothing was found.
        first = max(segment.start_frame - padding_frames, 0)
        end = min(segment.end_frame + 1 - padding_frames, total_frames)
        if end <= first:
            continue  # Silence that was put there.
        text = SILENCE if segment.word.startswith(("<", "[", "++")) else normalize_word(segment.word)
        score = math.log(max(segment.ascore, _LOWEST_SCORE))
        frames = segment.end_frame - segment.start_frame + 1
        yield Word(text, first / _FRAMES_PER_SECOND, end / _FRAMES_PER_SECOND), score, frames


def _without_overlap(tokens: Iterable[Word]) -> Iterator[Word]:
    """Joins neighboring silences and cuts them where a word has the time: the first and the last share frames."""
    reached = 0.0
    for silent, group in itertools.groupby(tokens, lambda token: is_silence(token.text)):
        for token in [Word(SILENCE, reached, max(token.end for token in group))] if silent else group:
            if token.end > reached:
                yield token
            reached = max(reached, token.end)


def _mean_score(segments: Sequence[tuple[Word, float, int]]) -> float:
    scored = [(score, frames) for token, score, frames in segments if not is_silence(token.text)]
    return sum(score for score, _ in scored) / max(sum(frames for _, frames in scored), 1)
