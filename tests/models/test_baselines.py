"""The models of Table 2, their equations worked out in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.layers import LastStates, LearnedAlignment, MaskedMax, QueryAttention
from can_tf.models.registry import VARIANTS, build
from tests.models.small_can import CONFIG

FEATURES = 2 * CONFIG.units
MASK = np.array([[True, True, True], [True, False, False], [False, False, False]])


def states(seed, steps=3, features=4):
    return np.random.default_rng(seed).normal(size=(3, steps, features)).astype(np.float32)


def softmax(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def whole_batch():
    """Three utterances of 7, 3 and 5 frames, and of 2, 3 and 1 words; junk in the padding."""
    generator = np.random.default_rng(1)
    words = np.array([["good", "day", ""], ["bad", "day", "never"], ["good", "", ""]], object)
    return {
        "words": tf.constant(words),
        "frames": tf.constant(generator.normal(size=(3, 1, 7, 4)).astype(np.float32)),
        "segment_frames": tf.constant([[7], [3], [5]]),
    }


def test_query_attention_weighs_states_by_their_product_with_the_query():
    query, values = states(0)[:, 0], states(1)
    context = QueryAttention()(query, values, MASK).numpy()
    expected = softmax(values[0] @ query[0]) @ values[0]
    np.testing.assert_allclose(context[0], expected, rtol=1e-5)
    np.testing.assert_allclose(context[1], values[1, 0], rtol=1e-5)
    np.testing.assert_array_equal(context[2], 0.0)


def test_last_states_are_the_ends_of_both_directions():
    values = states(0)
    ends = LastStates()(values, MASK).numpy()
    np.testing.assert_array_equal(ends[0], [*values[0, 2, :2], *values[0, 0, 2:]])
    np.testing.assert_array_equal(ends[1], values[1, 0])
    np.testing.assert_array_equal(ends[2], 0.0)


def test_last_states_are_what_keras_returns_at_the_end():
    inputs = states(3, steps=4)
    sequence = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True))
    end = keras.layers.Bidirectional(keras.layers.LSTM(2))
    mask = tf.constant([[True] * 4, [True, True, False, False], [True] * 3 + [False]])
    sequence.build(inputs.shape)
    end.build(inputs.shape)
    end.set_weights(sequence.get_weights())
    ends = LastStates()(sequence(inputs, mask=mask).numpy(), mask)
    np.testing.assert_allclose(ends, end(inputs, mask=mask), atol=1e-6)


def test_learned_alignment_in_numpy():
    words, frames = states(0, features=5), states(1)
    layer = LearnedAlignment()
    aligned = layer(words, frames, MASK).numpy()
    layer.bias.assign([0.3])
    aligned = layer(words, frames, MASK).numpy()
    v, w = layer.frame_weights.numpy()[:, 0], layer.word_weights.numpy()[:, 0]
    for word in range(3):
        scores = np.tanh(frames[0] @ v + words[0, word] @ w + 0.3)
        np.testing.assert_allclose(aligned[0, word], softmax(scores) @ frames[0], rtol=1e-4)
        np.testing.assert_allclose(aligned[1, word], frames[1, 0], rtol=1e-5)
    np.testing.assert_array_equal(aligned[2], 0.0)


def test_masked_max_is_over_real_steps():
    values = states(0) - 5
    highest = MaskedMax()(values, MASK).numpy()
    np.testing.assert_array_equal(highest[0], values[0].max(axis=0))
    np.testing.assert_array_equal(highest[1], values[1, 0])
    np.testing.assert_array_equal(highest[2], 0.0)


BLSTM = 2 * (4 * CONFIG.units * (CONFIG.units + 1))  # Both directions, without the inputs' part.
TEXT = (3 + 2) * 5 + BLSTM + 2 * 4 * CONFIG.units * 5
AUDIO = BLSTM + 2 * 4 * CONFIG.units * 4
PARAMETERS = {
    "text": TEXT + FEATURES + (FEATURES * 3 + 3),
    "audio": AUDIO + FEATURES + (FEATURES * 3 + 3),
    "mha": TEXT + AUDIO + (2 * FEATURES * 3 + 3),
    "mha-1": TEXT + AUDIO + (2 * FEATURES * 3 + 3),
    "mha-3": TEXT + AUDIO + (2 * FEATURES * 3 + 3),
    "learned-alignment": TEXT
    + AUDIO
    + (2 * FEATURES + 1)
    + (BLSTM + 2 * 4 * CONFIG.units * 2 * FEATURES)
    + (FEATURES * 3 + 3),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_sizes_and_shapes(name):
    model = build(name, CONFIG)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == PARAMETERS[name]
    logits = model(whole_batch())
    assert set(logits) == {"fused"}
    assert logits["fused"].shape == (3, 3)
    assert np.isfinite(logits["fused"]).all()


@pytest.mark.parametrize("name", PARAMETERS)
def test_padding_changes_nothing(name):
    model, inputs = build(name, CONFIG), whole_batch()
    together = model(inputs)["fused"]
    for row, (words, frames) in enumerate(((2, 7), (3, 3), (1, 5))):
        alone = {
            "words": inputs["words"][row : row + 1, :words],
            "frames": inputs["frames"][row : row + 1, :, :frames],
            "segment_frames": inputs["segment_frames"][row : row + 1],
        }
        np.testing.assert_allclose(model(alone)["fused"][0], together[row], atol=1e-5)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_saved_model_answers_the_same(name, tmp_path):
    model = build(name, CONFIG)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(whole_batch())["fused"], model(whole_batch())["fused"], atol=1e-6)


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_multi_hop_attention_in_numpy(hops):
    model, inputs = build({1: "mha-1", 2: "mha", 3: "mha-3"}[hops], CONFIG), whole_batch()
    names = ("text_dropout", "audio_dropout")
    words, frames = (
        values.numpy() for values in keras.Model(model.inputs, [model.get_layer(n).output for n in names])(inputs)
    )
    kernel, bias = model.get_layer("fused").get_weights()
    for row, (word_count, frame_count) in enumerate(((2, 7), (3, 3), (1, 5))):
        text, audio = words[row, :word_count], frames[row, :frame_count]
        found = [np.concatenate([audio[-1, : CONFIG.units], audio[0, CONFIG.units :]])]
        for hop in range(hops):
            states_ = audio if hop % 2 else text
            found.append(softmax(states_ @ found[-1]) @ states_)
        expected = np.concatenate([found[-1], found[-2]]) @ kernel + bias
        np.testing.assert_allclose(model(inputs)["fused"][row], expected, atol=1e-5)


def test_text_reads_no_audio_and_audio_no_words():
    inputs = whole_batch()
    other_audio = {**inputs, "frames": inputs["frames"] + 1.0}
    other_words = {**inputs, "words": tf.reverse(inputs["words"], [0])}
    text, audio, both = (build(name, CONFIG) for name in ("text", "audio", "mha"))
    np.testing.assert_array_equal(text(inputs)["fused"], text(other_audio)["fused"])
    np.testing.assert_array_equal(audio(inputs)["fused"], audio(other_words)["fused"])
    for change in (other_audio, other_words):
        assert not np.allclose(both(inputs)["fused"], both(change)["fused"], atol=1e-6)
    assert VARIANTS["text"].reads == "nothing"
