"""Cross attention over two aligned modalities (Lee et al., 2020, Section 3.2.3, Eqs. 4 to 9).

    text_weights[i]  = softmax_i(text_query . text_states[i])                                   (4)
    audio_weights[i] = softmax_i(audio_query . audio_states[i])                                 (5)
    text_by_text     = sum_i text_weights[i] * text_states[i]              c^(TT)               (6)
    audio_by_text    = sum_i sg(text_weights[i]) * audio_states[i]         c^(TA)               (7)
    audio_by_audio   = sum_i audio_weights[i] * audio_states[i]            c^(AA)               (8)
    text_by_audio    = sum_i sg(audio_weights[i]) * text_states[i]         c^(AT)               (9)

`X_by_Y` is X's states weighted by Y's attention; sg is `tf.stop_gradient`, on the crossed weights only, so that a
modality's states still learn through a crossed context and its query does not.

Left open by the paper, decided here: each of the four heads is a query of its own over the whole state, and the heads'
contexts are concatenated. Padding gets weight 0. Departs from the paper: nowhere.
"""

import keras
import tensorflow as tf

from can_tf.layers.global_attention import attention_context, attention_weights


@keras.saving.register_keras_serializable(package="can_tf")
class CrossAttention(keras.layers.Layer):
    """Aggregates each modality by its own attention and by the other's.

    Args:
        num_heads: Positive int, queries a modality.
        stop_gradient: Whether the crossed weights are cut from the gradient, as in the paper.

    Call arguments:
        text_states, audio_states: `<float32>[batch, words, features]`, the encoders' outputs, aligned.
        mask: `<bool>[batch, words]`, False on padding.

    Returns:
        A dict: the contexts `text_by_text`, `audio_by_text`, `audio_by_audio`, `text_by_audio`
        (`<float32>[batch, num_heads * features]`), and `text_weights`, `audio_weights`
        (`<float32>[batch, num_heads, words]`): rows sum to 1, padding is 0; all 0 in a row of only padding.
    """

    def __init__(self, num_heads: int = 4, stop_gradient: bool = True, **kwargs):
        super().__init__(**kwargs)
        if num_heads < 1:
            raise ValueError(f"num_heads must be at least 1, got {num_heads}")
        self.num_heads = num_heads
        self.stop_gradient = stop_gradient

    def build(self, text_states_shape, audio_states_shape=None, mask_shape=None):
        self.text_query = self._query("text_query", text_states_shape[-1])
        self.audio_query = self._query("audio_query", (audio_states_shape or text_states_shape)[-1])
        self.built = True

    def _query(self, name: str, features: int):
        return self.add_weight(shape=(self.num_heads, features), name=name)

    def call(self, text_states, audio_states, mask):
        text_weights = attention_weights(text_states, keras.ops.convert_to_tensor(self.text_query), mask)
        audio_weights = attention_weights(audio_states, keras.ops.convert_to_tensor(self.audio_query), mask)
        cut = tf.stop_gradient if self.stop_gradient else tf.identity
        return {
            "text_by_text": attention_context(text_weights, text_states),
            "audio_by_text": attention_context(cut(text_weights), audio_states),
            "audio_by_audio": attention_context(audio_weights, audio_states),
            "text_by_audio": attention_context(cut(audio_weights), text_states),
            "text_weights": text_weights,
            "audio_weights": audio_weights,
        }

    def compute_output_spec(self, text_states, audio_states, mask):
        batch, words, features = text_states.shape
        shapes = {
            "text_by_text": (batch, self.num_heads * features),
            "audio_by_text": (batch, self.num_heads * audio_states.shape[-1]),
            "audio_by_audio": (batch, self.num_heads * audio_states.shape[-1]),
            "text_by_audio": (batch, self.num_heads * features),
            "text_weights": (batch, self.num_heads, words),
            "audio_weights": (batch, self.num_heads, words),
        }
        # Each output needs a tensor of its own: Keras tells them apart by identity.
        return {name: keras.KerasTensor(shape, self.compute_dtype) for name, shape in shapes.items()}

    def get_config(self):
        return {**super().get_config(), "num_heads": self.num_heads, "stop_gradient": self.stop_gradient}
