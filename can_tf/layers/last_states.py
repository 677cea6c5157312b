"""What a BLSTM ends with: the last forward state and the first backward state of a sequence."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="can_tf")
class LastStates(keras.layers.Layer):
    """Takes the last state of each direction.

    Call arguments:
        states: `<float32>[batch, steps, 2 * units]`, forward states, then backward states.
        mask: `<bool>[batch, steps]`, True on real steps, which come first.

    Returns:
        `<float32>[batch, 2 * units]`; 0 for a row of only padding.
    """

    def call(self, states, mask):
        forward, backward = tf.split(states, 2, axis=-1)
        last = tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1, 0)
        ends = tf.concat([tf.gather(forward, last, batch_dims=1), backward[:, 0]], axis=-1)
        return tf.where(tf.reduce_any(mask, axis=1)[:, None], ends, 0.0)

    def compute_output_spec(self, states, mask):
        return keras.KerasTensor((states.shape[0], states.shape[2]), self.compute_dtype)
