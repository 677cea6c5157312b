"""Frames standardized by speaker, without labels: what is left is how a speaker differs from their own average.

It needs several recordings of each speaker, of several emotions: it takes away whatever all of them share, an emotion
too. What was trained so has to be asked so.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_LEAST_VARIANCE = 1e-6  # Numbers that vary less are a constant, which division would only blow up.


@dataclasses.dataclass(frozen=True, eq=False)
class SpeakerStatistics:
    """Of each speaker's frames.

    Attributes:
        speakers: Their names.
        mean, deviation: `<float32>[speakers, width]`; frames become `(frame - mean) / deviation`.
    """

    speakers: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray

    def standardized(self, frames: tf.RaggedTensor, speaker: tf.Tensor) -> tf.RaggedTensor:
        """Returns frames, ragged `<float32>[batch, (segments), (frames), width]`, standardized.

        Args:
            frames: Of a batch.
            speaker: `<string>[batch]`, whose they are.
        """
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant(self.speakers), tf.range(len(self.speakers))), -1
        )
        ends = tf.gather(frames.values.row_splits, frames.row_splits)  # Of utterances, in frames.
        row = tf.repeat(table.lookup(speaker), ends[1:] - ends[:-1])
        flat = (frames.flat_values - tf.gather(self.mean, row)) / tf.gather(self.deviation, row)
        return frames.with_flat_values(flat)


def standardized_alone(frames: tf.RaggedTensor) -> tf.RaggedTensor:
    """Returns each utterance's frames standardized by its own, as if nothing else of its speaker were known.

    Args:
        frames: Ragged `<float32>[batch, (words), (frames), width]`.
    """
    utterance = tf.gather(frames.value_rowids(), frames.values.value_rowids())
    count = frames.nrows()

    def mean_of(values: tf.Tensor) -> tf.Tensor:
        return tf.math.unsorted_segment_mean(values, utterance, count)

    centered = frames.flat_values - tf.gather(mean_of(frames.flat_values), utterance)
    variance = mean_of(tf.square(centered))
    deviation = tf.where(variance < _LEAST_VARIANCE, 1.0, tf.sqrt(variance))
    return frames.with_flat_values(centered / tf.gather(deviation, utterance))


class RunningStatistics:
    """Mean and variance of frames that come bit by bit."""

    def __init__(self, width: int):
        self.count, self._total, self._squares = 0, np.zeros(width), np.zeros(width)

    def add(self, frames: np.ndarray) -> None:
        """Counts frames `<float>[frames, width]`."""
        frames = frames.astype(np.float64)
        self.count += len(frames)
        self._total += frames.sum(axis=0)
        self._squares += np.square(frames).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        """`<float64>[width]`."""
        return self._total / self.count

    @property
    def variance(self) -> np.ndarray:
        """`<float64>[width]`, at least 0."""
        return np.maximum(self._squares / self.count - np.square(self.mean), 0.0)

    @property
    def deviation(self) -> np.ndarray:
        """`<float64>[width]`, what standardizing divides by: 1 for numbers that are constant."""
        return np.where(self.variance < _LEAST_VARIANCE, 1.0, np.sqrt(self.variance))


def statistics_of(by_speaker: dict[str, RunningStatistics]) -> SpeakerStatistics:
    """Returns the statistics of speakers by name."""
    speakers: Sequence[str] = sorted(by_speaker)
    return SpeakerStatistics(
        tuple(speakers),
        np.array([by_speaker[name].mean for name in speakers], np.float32),
        np.array([by_speaker[name].deviation for name in speakers], np.float32),
    )
