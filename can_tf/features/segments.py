"""From spans in seconds to runs of samples, as TensorFlow ops: the same graph in training and in production.

A span grows by `overlap / 2` of its own length at both ends, so that neighbors share `overlap` of their mean length
(Lee et al., 2020, Section 3.1.2: "we make the neighboring d_i s have 10% overlap"), and is then clipped to the audio.
"""

import tensorflow as tf

from can_tf.samples import SAMPLE_RATE_HZ


def segment_samples(
    start: tf.Tensor, end: tf.Tensor, num_samples: tf.Tensor, overlap: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the first sample and the number of samples of each segment, both `<int64>[segments]`.

    Args:
        start, end: `<float32>[segments]`, seconds, before overlap. Work goes on in float64 from here, so that a
            segment's edges do not depend on how long the recording is.
        num_samples: `<int64>[segments]`, samples of the recording that each segment lies in.
        overlap: The share of their mean length that neighboring segments have in common, such as 0.1.

    A segment that lies outside the audio gets 0 samples.
    """
    start, end = tf.cast(start, tf.float64), tf.cast(end, tf.float64)
    growth = (end - start) * (overlap / 2)
    first = _to_samples(start - growth, num_samples)
    last = _to_samples(end + growth, num_samples)
    return first, tf.maximum(last - first, 0)


def _to_samples(seconds: tf.Tensor, num_samples: tf.Tensor) -> tf.Tensor:
    samples = tf.cast(tf.round(seconds * SAMPLE_RATE_HZ), tf.int64)
    return tf.clip_by_value(samples, 0, tf.cast(num_samples, tf.int64))
