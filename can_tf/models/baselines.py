"""The models that Table 2 compares the CAN with, in the paper's common set-up (Section 4.2): only the fusion differs.

Audio is read frame by frame, over the whole utterance, as these papers do: from records of `--segmentation whole`, of
which the one segment is the utterance; where a front end makes one frame of a segment, the segments' frames in a row.
Encoders, dropout, units and word vectors are the CAN's.

Departs from their papers: Yoon et al. (2019) add a residual connection within the recurrence, and delta features; Xu et
al. (2019) use other features and 100 units. Both are left out: the CAN's authors keep one set-up for all.
"""

import keras
import numpy as np

from can_tf.layers import (
    GlobalAttention,
    LastStates,
    LearnedAlignment,
    MaskedMax,
    Only,
    QueryAttention,
    SegmentFrame,
    SequenceEncoder,
    UtteranceFrames,
)
from can_tf.models.can import encode_text, head, model_inputs
from can_tf.models.config import ModelConfig


def build_text(config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns a BLSTM over words with global attention of one query (Mirsamadi et al., 2017). Audio is not read.

    Inputs are those of `can_tf.models.can.build_can`; the output is a dict of one, `fused`.
    """
    inputs = model_inputs(config)
    states, mask = encode_text(config, embeddings, inputs["words"])
    context = GlobalAttention(1, name="text_attention")(states, mask)["context"]
    context = Only(name="text_only")(context, inputs["frames"], inputs["segment_frames"])
    return keras.Model(inputs, {"fused": head(config, "fused")(context)}, name="text")


def build_audio(config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns the same over frames of audio; words are not read."""
    del embeddings
    inputs = model_inputs(config)
    states, mask = _encode_frames(config, inputs)
    context = GlobalAttention(1, name="audio_attention")(states, mask)["context"]
    context = Only(name="audio_only")(context, inputs["words"])
    return keras.Model(inputs, {"fused": head(config, "fused")(context)}, name="audio")


def build_multi_hop(config: ModelConfig, embeddings: np.ndarray | None = None, *, hops: int = 2) -> keras.Model:
    """Returns multi-hop attention (Yoon et al., 2019): each modality is asked by what the last hop found in the other.

    Hop 1 asks the words with the last audio states, hop 2 the frames with what hop 1 found, hop 3 the words with what
    hop 2 found; the last two vectors are classified.
    """
    if not 1 <= hops <= 3:
        raise ValueError(f"hops must be 1, 2 or 3, got {hops}")
    inputs = model_inputs(config)
    words, word_mask = encode_text(config, embeddings, inputs["words"])
    frames, frame_mask = _encode_frames(config, inputs)
    queries = [LastStates(name="last_audio_states")(frames, frame_mask)]
    for hop in range(1, hops + 1):
        states, mask = (words, word_mask) if hop % 2 else (frames, frame_mask)
        queries.append(QueryAttention(name=f"hop_{hop}")(queries[-1], states, mask))
    both = keras.layers.Concatenate(name="contexts")(queries[:-3:-1])
    return keras.Model(inputs, {"fused": head(config, "fused")(both)}, name=f"mha_{hops}")


def build_learned_alignment(config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns learned alignment (Xu et al., 2019): words with the frames that attention finds for them, a BLSTM."""
    inputs = model_inputs(config)
    words, word_mask = encode_text(config, embeddings, inputs["words"])
    frames, frame_mask = _encode_frames(config, inputs)
    aligned = LearnedAlignment(name="learned_alignment")(words, frames, frame_mask)
    both = keras.layers.Concatenate(name="aligned_words")([aligned, words])
    states = SequenceEncoder(config.units, name="fusion_blstm")(both, word_mask)
    states = keras.layers.Dropout(config.dropout, seed=config.seed + 2, name="fusion_dropout")(states)
    pooled = MaskedMax(name="fusion_max")(states, word_mask)
    return keras.Model(inputs, {"fused": head(config, "fused")(pooled)}, name="learned_alignment")


def _encode_frames(config: ModelConfig, inputs):
    """Returns the states `[batch, frames, 2 * units]` of a BLSTM over the utterance's frames, and their mask."""
    statistics = {"mean": list(config.frame_mean), "variance": list(config.frame_variance)}
    if config.one_frame:
        normalized = SegmentFrame(**statistics, name="segment_frame")(inputs["frames"], inputs["segment_frames"])
        mask = keras.ops.greater(inputs["segment_frames"], 0)
    else:
        utterance = UtteranceFrames(name="utterance_frames")(inputs["frames"], inputs["segment_frames"])
        mask = utterance["mask"]
        normalized = keras.layers.Normalization(**statistics, name="frame_normalization")(utterance["frames"])
    states = SequenceEncoder(config.units, name="audio_blstm")(normalized, mask)
    return keras.layers.Dropout(config.dropout, seed=config.seed + 1, name="audio_dropout")(states), mask
