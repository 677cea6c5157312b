"""Eqs. 4 to 9 against NumPy, and the gradients that the paper cuts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.layers import CrossAttention, GlobalAttention

MASK = np.array([[True, True, True], [True, True, False]])


def states(seed):
    return np.random.default_rng(seed).normal(size=(2, 3, 4)).astype(np.float32)


def numpy_weights(query, states, mask):
    """Eq. 4 or 5, one utterance and one head after another."""
    weights = np.zeros((len(states), len(query), states.shape[1]))
    for utterance in range(len(states)):
        real = np.flatnonzero(mask[utterance])
        for head in range(len(query)):
            exponentials = [np.exp(np.dot(query[head], states[utterance, word])) for word in real]
            weights[utterance, head, real] = np.array(exponentials) / np.sum(exponentials)
    return weights


def numpy_context(weights, states):
    """Eqs. 6 to 9: each head's weighted sum, heads side by side."""
    return np.array(
        [
            np.concatenate(
                [sum(weight * state for weight, state in zip(head, utterance, strict=True)) for head in heads]
            )
            for heads, utterance in zip(weights, states, strict=True)
        ]
    )


def test_equations_4_to_9():
    layer = CrossAttention(num_heads=2)
    text, audio = states(0), states(1)
    outputs = layer(text, audio, MASK)
    text_query, audio_query = layer.get_weights()
    assert text_query.shape == audio_query.shape == (2, 4)
    text_weights = numpy_weights(text_query, text, MASK)
    audio_weights = numpy_weights(audio_query, audio, MASK)
    expected = {
        "text_weights": text_weights,
        "audio_weights": audio_weights,
        "text_by_text": numpy_context(text_weights, text),
        "audio_by_text": numpy_context(text_weights, audio),
        "audio_by_audio": numpy_context(audio_weights, audio),
        "text_by_audio": numpy_context(audio_weights, text),
    }
    assert set(outputs) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(outputs[name], values, rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_worked_example():
    layer = CrossAttention(num_heads=1)
    text = np.array([[[0.0], [np.log(3.0)]]], np.float32)  # Weights 1/4 and 3/4 for a query of 1.
    audio = np.array([[[8.0], [4.0]]], np.float32)
    layer.build(text.shape, audio.shape)
    layer.set_weights([np.array([[1.0]]), np.array([[0.0]])])  # Audio attends to both words alike.
    outputs = layer(text, audio, np.array([[True, True]]))
    np.testing.assert_allclose(outputs["text_weights"], [[[0.25, 0.75]]], rtol=1e-6)
    np.testing.assert_allclose(outputs["text_by_text"], [[0.75 * np.log(3.0)]], rtol=1e-6)
    np.testing.assert_allclose(outputs["audio_by_text"], [[0.25 * 8 + 0.75 * 4]], rtol=1e-6)
    np.testing.assert_allclose(outputs["audio_by_audio"], [[6.0]], rtol=1e-6)
    np.testing.assert_allclose(outputs["text_by_audio"], [[0.5 * np.log(3.0)]], rtol=1e-6)


def crossed_gradients(stop_gradient):
    """Gradients of each crossed context with respect to the query that weighs it, and to the states it weighs."""
    layer = CrossAttention(num_heads=2, stop_gradient=stop_gradient)
    text, audio = tf.constant(states(0)), tf.constant(states(1))
    layer.build(text.shape, audio.shape)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([text, audio])
        outputs = layer(text, audio, MASK)
        audio_by_text = tf.reduce_sum(outputs["audio_by_text"] ** 2)
        text_by_audio = tf.reduce_sum(outputs["text_by_audio"] ** 2)
    queries = (
        tape.gradient(audio_by_text, layer.text_query.value),
        tape.gradient(text_by_audio, layer.audio_query.value),
    )
    return queries, (tape.gradient(audio_by_text, audio), tape.gradient(text_by_audio, text))


def test_the_stop_gradient_cuts_the_other_modalitys_query_and_nothing_else():
    queries, weighed_states = crossed_gradients(stop_gradient=True)
    assert queries == (None, None)
    assert all(np.abs(gradient).max() > 0.1 for gradient in weighed_states)


def test_without_the_stop_gradient_the_other_modalitys_query_learns():
    queries, _ = crossed_gradients(stop_gradient=False)
    assert all(np.abs(gradient).max() > 0.01 for gradient in queries)


def test_what_stands_in_the_padding_changes_nothing():
    layer = CrossAttention(num_heads=2)
    text, audio = states(0), states(1)
    before = layer(text, audio, MASK)
    text[1, 2], audio[1, 2] = 1e4, -1e4
    after = layer(text, audio, MASK)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])
    np.testing.assert_array_equal(after["text_weights"][1, :, 2], 0.0)


def test_a_row_of_only_padding_gives_zeros():
    outputs = CrossAttention(num_heads=2)(states(0), states(1), np.zeros((2, 3), bool))
    for name, values in outputs.items():
        np.testing.assert_array_equal(values, 0.0, err_msg=name)


def test_large_scores_stay_finite():
    layer = CrossAttention(num_heads=1)
    outputs = layer(1e4 * states(0), 1e4 * states(1), MASK)
    np.testing.assert_allclose(tf.reduce_sum(outputs["text_weights"], -1), 1.0, rtol=1e-5)


def test_global_attention_is_one_side_of_cross_attention():
    cross, alone = CrossAttention(num_heads=2), GlobalAttention(num_heads=2)
    text, audio = states(0), states(1)
    outputs = cross(text, audio, MASK)
    alone.build(text.shape)
    alone.set_weights(cross.get_weights()[:1])
    np.testing.assert_allclose(alone(text, MASK)["context"], outputs["text_by_text"], rtol=1e-6)
    np.testing.assert_allclose(alone(text, MASK)["weights"], outputs["text_weights"], rtol=1e-6)


def test_each_output_is_its_own_in_a_functional_model():
    # Keras tells outputs apart by identity: two of one shape must not be one symbolic tensor.
    text, audio = keras.Input((3, 4)), keras.Input((3, 4))
    mask = keras.Input((3,), dtype="bool")
    layer = CrossAttention(num_heads=2)
    model = keras.Model([text, audio, mask], layer(text, audio, mask))
    outputs, eager = model([states(0), states(1), MASK]), layer(states(0), states(1), MASK)
    for name in eager:
        np.testing.assert_allclose(outputs[name], eager[name], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("layer", [CrossAttention, GlobalAttention])
def test_no_heads_are_refused(layer):
    with pytest.raises(ValueError, match="num_heads must be at least 1, got 0"):
        layer(num_heads=0)
