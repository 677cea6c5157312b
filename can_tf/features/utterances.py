"""Features of several recordings at once: what `build-records` computes and what the tests hold against NumPy."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from can_tf.features.config import FeatureConfig
from can_tf.features.mfcc import segment_mfcc
from can_tf.features.segments import segment_samples


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SegmentedAudio:
    """A recording `<float32>[samples]` at the features' rate, and its segments' spans in seconds before overlap."""

    samples: np.ndarray
    spans: Sequence[tuple[float, float]]


def frames_of_utterances(
    recordings: Sequence[SegmentedAudio], config: FeatureConfig
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns, for each recording, its frames `<float32>[frames, mel_bins]` and its segments' `<int64>[segments]`.

    A segment outside the audio has 0 frames.
    """
    spans = np.array([span for recording in recordings for span in recording.spans], np.float32).reshape(-1, 2)
    lengths = np.array([len(recording.samples) for recording in recordings], np.int64)
    counts = [len(recording.spans) for recording in recordings]
    mfcc, segment_frames = _features(config)(
        np.concatenate([recording.samples for recording in recordings]),
        spans[:, 0],
        spans[:, 1],
        np.repeat(np.cumsum(lengths) - lengths, counts),
        np.repeat(lengths, counts),
    )
    frames_by_recording = np.split(segment_frames.numpy(), np.cumsum(counts)[:-1])
    edges = np.cumsum([frames.sum() for frames in frames_by_recording])[:-1]
    return list(zip(np.split(mfcc.numpy(), edges), frames_by_recording, strict=True))


@functools.cache
def _features(config: FeatureConfig) -> tf.types.experimental.GenericFunction:
    """Returns the graph for one configuration, traced once for every shape."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, "samples"),
            tf.TensorSpec([None], tf.float32, "start"),
            tf.TensorSpec([None], tf.float32, "end"),
            tf.TensorSpec([None], tf.int64, "recording_offset"),
            tf.TensorSpec([None], tf.int64, "recording_samples"),
        ]
    )
    def features(samples, start, end, recording_offset, recording_samples):
        first, num_samples = segment_samples(start, end, recording_samples, config)
        return segment_mfcc(samples, recording_offset + first, num_samples, config)

    return features
