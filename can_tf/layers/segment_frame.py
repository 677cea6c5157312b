"""What takes the bottom BLSTM's place where a front end makes one frame of a segment: that frame, normalized."""

from collections.abc import Sequence

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="can_tf")
class SegmentFrame(keras.layers.Layer):
    """Takes the one frame of each segment.

    Args:
        mean, variance: Of the frames: one number for each of a frame's, or one for all; frames are normalized by them.

    Call arguments:
        frames: `<float32>[batch, words, frames, width]`, of which the first frame of each segment is read.
        segment_frames: `<int32>[batch, words]`, 0 on padding.

    Returns:
        `<float32>[batch, words, width]`, 0 on padding.

    Example:
        >>> layer = SegmentFrame(mean=1.0, variance=4.0)
        >>> layer(tf.constant([[[[5.0]], [[7.0]]]]), tf.constant([[1, 0]])).numpy().tolist()
        [[[2.0], [0.0]]]
    """

    def __init__(self, mean: float | Sequence[float] = 0.0, variance: float | Sequence[float] = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.mean, self.variance = mean, variance
        self.normalization = keras.layers.Normalization(mean=mean, variance=variance)

    def build(self, frames_shape, segment_frames_shape=None):
        self.normalization.build((None, frames_shape[-1]))
        self.built = True

    def call(self, frames, segment_frames):
        return tf.where((segment_frames > 0)[:, :, None], self.normalization(frames[:, :, 0]), 0.0)

    def of_elements(self, elements: tf.Tensor, first: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Returns `<float32>[segments, width]` of frames that are not padded; see `SegmentEncoder.of_elements`."""
        return tf.where((lengths > 0)[:, None], self.normalization(tf.gather(elements, first)), 0.0)

    def compute_output_spec(self, frames, segment_frames):
        return keras.KerasTensor((*frames.shape[:2], frames.shape[-1]), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "variance": self.variance}
