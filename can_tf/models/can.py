"""The Cross Attention Network (Lee et al., 2020, Figures 1 and 2).

    words -> text encoder  -> text_states  \\                        / text head   (Eq. 11)
                                             cross attention (4-9) --- fused head  (Eq. 10)
    frames -> audio encoder -> audio_states /                       \\ audio head  (Eq. 12)

Left open by the paper, decided here: frames are normalized by mean and variance of the training set, inside the model,
so that a saved model carries them. Departs from the paper: nowhere; heads give logits, and the softmax of Eqs. 10 to 12
is part of the loss and of Eq. 15, where it is more exact.
"""

from collections.abc import Sequence

import keras
import numpy as np

from can_tf.layers import (
    CrossAttention,
    GlobalAttention,
    ReferenceSegmentEncoder,
    SegmentEncoder,
    SegmentFrame,
    SequenceEncoder,
)
from can_tf.models.config import ModelConfig

CONTEXTS = ("text_by_text", "audio_by_text", "audio_by_audio", "text_by_audio")  # The order of Eq. 10.
FIRST_WORD_INDEX = 2  # 0 is padding, 1 an unknown word.


def build_can(config: ModelConfig, embeddings: np.ndarray | None = None, *, align_loss: bool = True) -> keras.Model:
    """Returns the model, not compiled.

    Args:
        config: Its sizes, vocabulary, labels and statistics.
        embeddings: Word vectors `<float32>[len(vocabulary) + 2, embedding_dim]` to start from; random if None.
        align_loss: Whether it has the heads of the single modalities, whose losses are L_align (Eq. 13).

    Returns:
        A functional model. Inputs: `words` `<string>[batch, words]` ("" on padding), `frames` `<float32>[batch, words,
        frames, width]`, `segment_frames` `<int32>[batch, words]` (0 on padding). Outputs: a dict of logits
        `<float32>[batch, labels]`: `fused`, `text`, `audio`.
    """
    inputs, text_states, audio_states, mask = encoders(config, embeddings)
    attention = CrossAttention(config.heads, config.stop_gradient, name="cross_attention")(
        text_states, audio_states, mask
    )
    every_context = keras.layers.Concatenate(name="contexts")([attention[name] for name in CONTEXTS])
    logits = {"fused": head(config, "fused")(every_context)}
    if align_loss:
        logits["text"] = head(config, "text")(attention["text_by_text"])
        logits["audio"] = head(config, "audio")(attention["audio_by_audio"])
    return keras.Model(inputs, logits, name="can")


def build_can_without_cross_attention(config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns the last row of Table 4: only c^(TT) and c^(AA), concatenated; no stop-gradient, no L_align.

    Inputs are those of `build_can`; the output is a dict of one, `fused`.
    """
    inputs, text_states, audio_states, mask = encoders(config, embeddings)
    text_context = GlobalAttention(config.heads, name="text_attention")(text_states, mask)["context"]
    audio_context = GlobalAttention(config.heads, name="audio_attention")(audio_states, mask)["context"]
    contexts = keras.layers.Concatenate(name="contexts")([text_context, audio_context])
    return keras.Model(inputs, {"fused": head(config, "fused")(contexts)}, name="can_no_cross_attention")


def with_attention(model: keras.Model) -> keras.Model:
    """Returns the same layers with two outputs more, `text_attention` and `audio_attention`, `[batch, heads, words]`.

    Args:
        model: From `build_can` or `build_can_without_cross_attention`, perhaps trained and loaded again.
    """
    names = {layer.name for layer in model.layers}
    if "cross_attention" in names:
        outputs = _outputs_by_name(model.get_layer("cross_attention"), (*CONTEXTS, "text_weights", "audio_weights"))
        text, audio = outputs["text_weights"], outputs["audio_weights"]
    else:
        layers = [model.get_layer(f"{name}_attention") for name in ("text", "audio")]
        text, audio = (_outputs_by_name(layer, ("context", "weights"))["weights"] for layer in layers)
    named = {**model.output, "text_attention": text, "audio_attention": audio}
    return keras.Model(model.input, named, name=f"{model.name}_with_attention")


def _outputs_by_name(layer: keras.Layer, names: Sequence[str]) -> dict[str, keras.KerasTensor]:
    """Returns a layer's outputs by name, which Keras keeps as a list, in the order in which it flattens a dict."""
    return dict(zip(keras.tree.flatten({name: name for name in names}), layer.output, strict=True))


def encoders(config: ModelConfig, embeddings: np.ndarray | None):
    """Returns the inputs by name, text and audio states `[batch, words, 2 * units]`, and the mask `[batch, words]`."""
    inputs = model_inputs(config)
    text_states, mask = encode_text(config, embeddings, inputs["words"])
    audio_states = _encode_audio(config, inputs["frames"], inputs["segment_frames"], mask)
    return inputs, text_states, audio_states, mask


def model_inputs(config: ModelConfig) -> dict[str, keras.KerasTensor]:
    """Returns the inputs that every variant has, by name."""
    return {
        "words": keras.Input((None,), dtype="string", name="words"),
        "frames": keras.Input((None, None, len(config.frame_mean)), name="frames"),
        "segment_frames": keras.Input((None,), dtype="int32", name="segment_frames"),
    }


def _word_lookup(config: ModelConfig) -> keras.layers.StringLookup:
    return keras.layers.StringLookup(
        vocabulary=list(config.vocabulary), mask_token="", oov_token="[UNK]", name="word_index"
    )


def encode_text(config: ModelConfig, embeddings: np.ndarray | None, words):
    """Returns the left side of Figure 1 (Eqs. 1 to 3): states `[batch, words, 2 * units]` and the words' mask."""
    word_index = _word_lookup(config)(words)
    mask = keras.ops.not_equal(word_index, 0)
    embedding = keras.layers.Embedding(
        len(config.vocabulary) + FIRST_WORD_INDEX, config.embedding_dim, name="word_vectors"
    )
    vectors = embedding(word_index)
    if embeddings is not None:
        embedding.set_weights([embeddings])
    states = SequenceEncoder(config.units, name="text_blstm")(vectors, mask)
    return keras.layers.Dropout(config.dropout, seed=config.seed, name="text_dropout")(states), mask


def _encode_audio(config: ModelConfig, frames, segment_frames, mask):
    """The right side of Figure 1 (Section 3.2.2): a BLSTM within each segment, another over the segments."""
    statistics = {"mean": list(config.frame_mean), "variance": list(config.frame_variance)}
    if config.one_frame:
        segments = SegmentFrame(**statistics, name="segment_frame")(frames, segment_frames)
    else:
        encoder = SegmentEncoder if config.fast else ReferenceSegmentEncoder
        segments = encoder(config.units, **statistics, name="segment_blstm")(frames, segment_frames)
    states = SequenceEncoder(config.units, name="audio_blstm")(segments, mask)
    return keras.layers.Dropout(config.dropout, seed=config.seed + 1, name="audio_dropout")(states)


def head(config: ModelConfig, name: str) -> keras.layers.Dense:
    """Returns the layer that gives the logits of an output."""
    return keras.layers.Dense(len(config.labels), name=name)
