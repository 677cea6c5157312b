"""From spans in seconds to runs of samples, as TensorFlow ops: the same graph in training and in production.

A span grows by `overlap / 2` of its own length at both ends, so that neighbors share `overlap` of their mean length
(Lee et al., 2020, Section 3.1.2: "we make the neighboring d_i s have 10% overlap"), and is then clipped to the audio.
"""

import tensorflow as tf

from can_tf.features.config import FeatureConfig


def segment_samples(
    start: tf.Tensor, end: tf.Tensor, num_samples: tf.Tensor, config: FeatureConfig
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the first sample and the number of samples of each segment, both `<int64>[segments]`.

    Args:
        start, end: `<float32>[segments]`, seconds, before overlap. Work goes on in float64 from here, so that a
            segment's edges do not depend on how long the recording is.
        num_samples: `<int64>[segments]`, samples of the recording that each segment lies in.
        config: Gives the overlap and the sample rate.

    A segment that lies outside the audio gets 0 samples.
    """
    start, end = tf.cast(start, tf.float64), tf.cast(end, tf.float64)
    growth = (end - start) * (config.overlap / 2)
    first = _to_samples(start - growth, num_samples, config)
    last = _to_samples(end + growth, num_samples, config)
    return first, tf.maximum(last - first, 0)


def _to_samples(seconds: tf.Tensor, num_samples: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    samples = tf.cast(tf.round(seconds * config.sample_rate_hz), tf.int64)
    return tf.clip_by_value(samples, 0, tf.cast(num_samples, tf.int64))
