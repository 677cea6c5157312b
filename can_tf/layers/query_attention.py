"""Attention by a query that each utterance brings itself (Yoon et al., 2019).

weights[i] = softmax_i(query . states[i])        context = sum_i weights[i] * states[i]
"""

import keras
import tensorflow as tf

from can_tf.layers.global_attention import masked_softmax


@keras.saving.register_keras_serializable(package="can_tf")
class QueryAttention(keras.layers.Layer):
    """Gathers the states of one modality by a vector of the other's.

    Call arguments:
        query: `<float32>[batch, features]`.
        states: `<float32>[batch, steps, features]`.
        mask: `<bool>[batch, steps]`, False on padding.

    Returns:
        `<float32>[batch, features]`; 0 for a row of only padding.
    """

    def call(self, query, states, mask):
        weights = masked_softmax(tf.einsum("bsf,bf->bs", states, query), mask)
        return tf.einsum("bs,bsf->bf", weights, states)

    def compute_output_spec(self, query, states, mask):
        return keras.KerasTensor(query.shape, self.compute_dtype)
