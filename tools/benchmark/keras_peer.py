"""The CAN on stock Keras layers: TimeDistributed(Bidirectional(LSTM)) as its documentation shows it.

TimeDistributed cannot be differentiated where the number of words is unknown, so inputs have static shapes.
"""

import keras
import numpy as np

from can_tf.layers import CrossAttention
from can_tf.models.config import ModelConfig


def build_stock_can(config: ModelConfig, words: int, frames: int) -> keras.Model:
    """Returns the model for batches of one shape; inputs and outputs are those of `can_tf.models.can.build_can`."""
    word_input = keras.Input((words,), dtype="string", name="words")
    mfcc = keras.Input((words, frames, len(config.frame_mean)), name="frames")
    segment_frames = keras.Input((words,), dtype="int32", name="segment_frames")
    index = keras.layers.StringLookup(vocabulary=list(config.vocabulary), mask_token="")(word_input)
    mask = keras.ops.not_equal(index, 0)
    vectors = keras.layers.Embedding(len(config.vocabulary) + 2, config.embedding_dim)(index)
    text_states = keras.layers.Dropout(config.dropout)(_blstm(config)(vectors, mask=mask))

    normalized = keras.layers.Normalization(mean=list(config.frame_mean), variance=list(config.frame_variance))(mfcc)
    frame_mask = keras.ops.less(np.arange(frames), keras.ops.expand_dims(segment_frames, -1))
    states = keras.layers.TimeDistributed(_blstm(config))(normalized, mask=frame_mask)
    real = keras.ops.expand_dims(keras.ops.cast(frame_mask, "float32"), -1)
    means = keras.ops.sum(states * real, axis=2) / keras.ops.maximum(keras.ops.sum(real, axis=2), 1.0)
    audio_states = keras.layers.Dropout(config.dropout)(_blstm(config)(means, mask=mask))

    attention = CrossAttention(config.heads)(text_states, audio_states, mask)
    contexts = [attention[name] for name in ("text_by_text", "audio_by_text", "audio_by_audio", "text_by_audio")]
    logits = {
        "fused": keras.layers.Dense(len(config.labels), name="fused")(keras.layers.Concatenate()(contexts)),
        "text": keras.layers.Dense(len(config.labels), name="text")(attention["text_by_text"]),
        "audio": keras.layers.Dense(len(config.labels), name="audio")(attention["audio_by_audio"]),
    }
    return keras.Model({"words": word_input, "frames": mfcc, "segment_frames": segment_frames}, logits)


def _blstm(config: ModelConfig) -> keras.layers.Layer:
    return keras.layers.Bidirectional(keras.layers.LSTM(config.units, return_sequences=True))


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives the stock model the weights of can_tf's, whose layers come in another order but have the same shapes."""
    weights = {weight.path: weight.numpy() for weight in source.trainable_weights}

    def of(layer: str) -> list[np.ndarray]:
        return [value for path, value in weights.items() if path.split("/")[0] == layer]

    ours = ["word_vectors", "text_blstm", "segment_blstm", "audio_blstm", "cross_attention", "fused", "text", "audio"]
    with_weights = [layer for layer in target.layers if layer.trainable_weights]
    kinds = {
        "word_vectors": [layer for layer in with_weights if isinstance(layer, keras.layers.Embedding)],
        "segment_blstm": [layer for layer in with_weights if isinstance(layer, keras.layers.TimeDistributed)],
        "cross_attention": [layer for layer in with_weights if isinstance(layer, CrossAttention)],
        **{name: [target.get_layer(name)] for name in ("fused", "text", "audio")},
    }
    recurrent = [layer for layer in with_weights if isinstance(layer, keras.layers.Bidirectional)]
    text_features = source.get_layer("word_vectors").output_dim
    kinds["text_blstm"] = [layer for layer in recurrent if layer.get_weights()[0].shape[0] == text_features]
    kinds["audio_blstm"] = [layer for layer in recurrent if layer not in kinds["text_blstm"]]
    for name in ours:
        [layer] = kinds[name]
        layer.set_weights(of(name))
