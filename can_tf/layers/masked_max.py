"""The largest value of each feature over the real steps of a sequence."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="can_tf")
class MaskedMax(keras.layers.Layer):
    """Takes the maximum over steps.

    Call arguments:
        states: `<float32>[batch, steps, features]`.
        mask: `<bool>[batch, steps]`, False on padding.

    Returns:
        `<float32>[batch, features]`; 0 for a row of only padding.
    """

    def call(self, states, mask):
        highest = tf.reduce_max(tf.where(mask[:, :, None], states, states.dtype.min), axis=1)
        return tf.where(tf.reduce_any(mask, axis=1)[:, None], highest, 0.0)

    def compute_output_spec(self, states, mask):
        return keras.KerasTensor((states.shape[0], states.shape[2]), self.compute_dtype)
