"""A BLSTM over the words of an utterance: the text encoder, and the upper half of the audio encoder (Eqs. 1 to 3).

It computes what a masked `keras.layers.Bidirectional(keras.layers.LSTM(units, return_sequences=True))` computes, with
the same weights in the same order, on the real words alone.
"""

import keras
import tensorflow as tf

from can_tf.layers.bidirectional import BidirectionalLayer
from can_tf.layers.packed_lstm import packed_lstm_states
from can_tf.layers.packing import pack


@keras.saving.register_keras_serializable(package="can_tf")
class SequenceEncoder(BidirectionalLayer):
    """Encodes a sequence into one state an element.

    Args:
        units: Positive int, LSTM units a direction.

    Call arguments:
        inputs: `<float32>[batch, words, features]`.
        mask: `<bool>[batch, words]`, True on real words, which come first in each row.

    Returns:
        `<float32>[batch, words, 2 * units]`: forward states, then backward states; 0 on padding.
    """

    def call(self, inputs, mask, training=None):
        batch, words = tf.unstack(tf.shape(inputs)[:2])
        packing = pack(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1))
        elements = tf.reshape(inputs, [batch * words, inputs.shape[-1]])
        states = []
        for backwards, weights in ((False, self.forward_weights()), (True, self.backward_weights())):
            rows = packing.rows(tf.range(batch) * words, backwards=backwards)
            taken = _take_rows(elements, rows, packing.real)
            packed = packed_lstm_states(taken, packing, weights, training=bool(training))
            states.append(_put_rows(packed, rows, packing.real, batch * words))
        return tf.reshape(tf.concat(states, axis=-1), [batch, words, 2 * self.units])

    def compute_output_spec(self, inputs, mask, training=None):
        return keras.KerasTensor((*inputs.shape[:2], 2 * self.units), self.compute_dtype)


@tf.custom_gradient
def _take_rows(values, rows, real):
    """Gathers real rows, none of them twice: so the gradient is put back rather than summed, in any order the same."""

    def gradient(taken_gradient):
        return _put_rows(taken_gradient, rows, real, tf.shape(values)[0]), None, None

    return tf.where(real[:, None], tf.gather(values, rows), 0.0), gradient


def _put_rows(values, rows, real, count):
    """Returns `[count, features]`, zero but for the real ones of `values` in their `rows`."""
    destination = tf.where(real, rows, count)  # A row more than is kept.
    return tf.scatter_nd(destination[:, None], values, [count + 1, values.shape[-1]])[:count]
