"""Words find their sound by attention over all frames (Xu et al., 2019, "Learning Alignment for Multimodal Emotion
Recognition from Speech").

    score[j, i] = tanh(v . frame[i] + w . word[j] + b)      aligned[j] = sum_i softmax_i(score[j, i]) * frame[i]
"""

import keras
import tensorflow as tf

from can_tf.layers.global_attention import masked_softmax


@keras.saving.register_keras_serializable(package="can_tf")
class LearnedAlignment(keras.layers.Layer):
    """Gives each word a mixture of frames, weighted by learned alignment.

    Call arguments:
        word_states: `<float32>[batch, words, features]`.
        frame_states: `<float32>[batch, frames, features]`.
        frame_mask: `<bool>[batch, frames]`, False on padding.

    Returns:
        `<float32>[batch, words, features]`, aligned frame states; what stands at padded words means nothing.
    """

    def build(self, word_states_shape, frame_states_shape=None, frame_mask_shape=None):
        frame_features = (frame_states_shape or word_states_shape)[-1]
        self.frame_weights = self.add_weight(shape=(frame_features, 1), name="frame_weights")
        self.word_weights = self.add_weight(shape=(word_states_shape[-1], 1), name="word_weights")
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")
        self.built = True

    def call(self, word_states, frame_states, frame_mask):
        frame_weights, word_weights, bias = map(
            keras.ops.convert_to_tensor, (self.frame_weights, self.word_weights, self.bias)
        )
        of_frames = tf.matmul(frame_states, frame_weights)[:, None, :, 0]  # [batch, 1, frames]
        of_words = tf.matmul(word_states, word_weights)  # [batch, words, 1]
        weights = masked_softmax(tf.tanh(of_frames + of_words + bias), frame_mask[:, None, :])
        return tf.matmul(weights, frame_states)

    def compute_output_spec(self, word_states, frame_states, frame_mask):
        return keras.KerasTensor((*word_states.shape[:2], frame_states.shape[2]), self.compute_dtype)
