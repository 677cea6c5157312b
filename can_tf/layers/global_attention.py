"""Global attention over one modality's segments (Lee et al., 2020, Eqs. 4 and 6; after Mirsamadi et al., 2017).

    weights[i] = softmax_i(query . states[i])        context = sum_i weights[i] * states[i]

Left open by the paper, decided here: each of several heads is a query of its own over the whole state, and the heads'
contexts are concatenated; padding gets weight 0. Departs from the paper: nowhere.
"""

import keras
import tensorflow as tf


def attention_weights(states: tf.Tensor, query: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns the weights of Eq. 4, `<float32>[batch, heads, words]`: 0 on padding, all 0 in a row of only padding.

    Args:
        states: `<float32>[batch, words, features]`.
        query: `<float32>[heads, features]`.
        mask: `<bool>[batch, words]`, False on padding.
    """
    return masked_softmax(tf.einsum("bwf,hf->bhw", states, query), mask[:, None, :])


def masked_softmax(scores: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    """Returns the softmax over the last axis, of the scores that are `real` alone: 0 elsewhere, all 0 if none is.

    Args:
        scores: `<float32>[..., steps]`.
        real: `<bool>[..., steps]`, or of a shape that broadcasts to it.
    """
    # The largest real score becomes 0, so that exp() stays finite; it is a constant to the gradient, as in any softmax.
    highest = tf.stop_gradient(tf.reduce_max(tf.where(real, scores, scores.dtype.min), axis=-1, keepdims=True))
    exponentials = tf.where(real, tf.exp(tf.where(real, scores - highest, 0.0)), 0.0)
    return tf.math.divide_no_nan(exponentials, tf.reduce_sum(exponentials, axis=-1, keepdims=True))


def attention_context(weights: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
    """Returns the heads' weighted sums of states side by side (Eq. 6), `<float32>[batch, heads * features]`."""
    contexts = tf.einsum("bhw,bwf->bhf", weights, states)
    return tf.reshape(contexts, [-1, contexts.shape[1] * contexts.shape[2]])


@keras.saving.register_keras_serializable(package="can_tf")
class GlobalAttention(keras.layers.Layer):
    """Aggregates the segments of one modality by learned queries.

    Args:
        num_heads: Positive int, number of queries.

    Call arguments:
        states: `<float32>[batch, words, features]`, an encoder's output.
        mask: `<bool>[batch, words]`, False on padding.

    Returns:
        A dict: `context` `<float32>[batch, num_heads * features]`, that of each head, 0 for a row of only padding; and
        `weights` `<float32>[batch, num_heads, words]`.
    """

    def __init__(self, num_heads: int = 4, **kwargs):
        super().__init__(**kwargs)
        if num_heads < 1:
            raise ValueError(f"num_heads must be at least 1, got {num_heads}")
        self.num_heads = num_heads

    def build(self, states_shape, mask_shape=None):
        self.query = self.add_weight(shape=(self.num_heads, states_shape[-1]), name="query")
        self.built = True

    def call(self, states, mask):
        weights = attention_weights(states, keras.ops.convert_to_tensor(self.query), mask)
        return {"context": attention_context(weights, states), "weights": weights}

    def compute_output_spec(self, states, mask):
        batch, words, features = states.shape
        return {
            "context": keras.KerasTensor((batch, self.num_heads * features), self.compute_dtype),
            "weights": keras.KerasTensor((batch, self.num_heads, words), self.compute_dtype),
        }

    def get_config(self):
        return {**super().get_config(), "num_heads": self.num_heads}
