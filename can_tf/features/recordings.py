"""Frames of several recordings at the same time: what `build-records` computes, and tests compare with NumPy."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from can_tf.features.front_end import FrontEnd, Segments
from can_tf.features.segments import segment_samples


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SegmentedAudio:
    """A recording `<float32>[samples]` at 16 kHz, and its segments' spans in seconds before overlap."""

    samples: np.ndarray
    spans: Sequence[tuple[float, float]]


def frames_of_recordings(
    recordings: Sequence[SegmentedAudio], front_end: FrontEnd, overlap: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns, for each recording, its frames `<float32>[frames, width]` and its segments' `<int64>[segments]`.

    A segment outside the audio has 0 frames.

    Example:
        >>> from can_tf.features.mfcc import Mfcc
        >>> audio = SegmentedAudio(np.zeros(16_000, np.float32), [(0.0, 0.5), (0.5, 1.0)])
        >>> [(frames, counts)] = frames_of_recordings([audio], Mfcc(), overlap=0.0)
        >>> frames.shape, counts.tolist()
        ((96, 40), [48, 48])
    """
    spans = np.array([span for recording in recordings for span in recording.spans], np.float32).reshape(-1, 2)
    counts = [len(recording.spans) for recording in recordings]
    frames, segment_frames = _graph(front_end, overlap)(
        np.concatenate([recording.samples for recording in recordings]),
        np.array([len(recording.samples) for recording in recordings], np.int64),
        np.repeat(np.arange(len(recordings)), counts),
        spans[:, 0],
        spans[:, 1],
    )
    frames_by_recording = np.split(segment_frames.numpy(), np.cumsum(counts)[:-1])
    edges = np.cumsum([counts.sum() for counts in frames_by_recording])[:-1]
    return list(zip(np.split(frames.numpy(), edges), frames_by_recording, strict=True))


@functools.cache
def _graph(front_end: FrontEnd, overlap: float) -> tf.types.experimental.GenericFunction:
    """Returns the graph for one front end, traced once for every shape."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, "samples"),
            tf.TensorSpec([None], tf.int64, "recording_samples"),
            tf.TensorSpec([None], tf.int64, "recording"),
            tf.TensorSpec([None], tf.float32, "start"),
            tf.TensorSpec([None], tf.float32, "end"),
        ],
        autograph=False,  # Reading all the code takes longer than tracing it.
    )
    def frames(samples, recording_samples, recording, start, end):
        first, num_samples = segment_samples(start, end, tf.gather(recording_samples, recording), overlap)
        return front_end.frames(Segments(samples, recording_samples, recording, first, num_samples))

    return frames
