"""The frames of a whole utterance, from a batch whose one segment is the utterance."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="can_tf")
class UtteranceFrames(keras.layers.Layer):
    """Takes each utterance's first segment as its frames.

    Call arguments:
        frames: `<float32>[batch, segments, frames, width]`.
        segment_frames: `<int32>[batch, segments]`.

    Returns:
        A dict: `frames` `<float32>[batch, frames, width]`, and `mask` `<bool>[batch, frames]`, False on padding.
    """

    def call(self, frames, segment_frames):
        return {"frames": frames[:, 0], "mask": tf.sequence_mask(segment_frames[:, 0], tf.shape(frames)[2])}

    def compute_output_spec(self, frames, segment_frames):
        batch, _, frames, width = frames.shape
        return {
            "frames": keras.KerasTensor((batch, frames, width), self.compute_dtype),
            "mask": keras.KerasTensor((batch, frames), "bool"),
        }
