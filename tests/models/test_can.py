"""The CAN and its ablations, built and called."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.errors import ConfigError
from can_tf.layers import CrossAttention
from can_tf.models.config import ModelConfig
from can_tf.models.registry import VARIANTS, build
from tests.models.small_can import CONFIG, batch


def parameters_of_encoders(config):
    words = (len(config.vocabulary) + 2) * config.embedding_dim

    def blstm(features):
        return 2 * 4 * config.units * (features + config.units + 1)

    return words + blstm(config.embedding_dim) + blstm(len(config.frame_mean)) + blstm(2 * config.units)


@pytest.mark.parametrize(
    "name, contexts, single",
    [
        ("can", 4, True),
        ("can-no-stop-gradient", 4, True),
        ("can-no-align-loss", 4, False),
        ("can-no-stop-gradient-no-align-loss", 4, False),
        ("can-no-cross-attention", 2, False),
    ],
)
def test_variants_have_the_parameters_and_outputs_of_the_paper(name, contexts, single):
    model = build(name, CONFIG)
    context = CONFIG.heads * 2 * CONFIG.units
    labels = len(CONFIG.labels)
    heads = (contexts * context + 1) * labels + (2 * (context + 1) * labels if single else 0)
    assert model.count_params() == parameters_of_encoders(CONFIG) + 2 * context + heads
    outputs = model(batch([[2, 1], [3]]))
    assert {key: value.shape for key, value in outputs.items()} == dict.fromkeys(
        ("fused", "text", "audio") if single else ("fused",), (2, 3)
    )


@pytest.mark.parametrize(
    "name, stopped",
    [
        ("can", True),
        ("can-no-stop-gradient", False),
        ("can-no-align-loss", True),
        ("can-no-stop-gradient-no-align-loss", False),
    ],
)
def test_the_crossed_weights_teach_their_query_only_without_the_stop_gradient(name, stopped):
    model = build(name, CONFIG)
    kernel, bias = model.get_layer("fused").get_weights()
    kernel[: len(kernel) * 3 // 4] = 0.0  # What is left reads the text's states by the audio's attention.
    model.get_layer("fused").set_weights([kernel, bias])
    _, audio_query = model.get_layer("cross_attention").trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(batch([[2, 1, 3], [3, 2, 1]]))["fused"][:, 0])
    gradient = tape.gradient(loss, audio_query.value, unconnected_gradients="zero")
    assert (np.abs(gradient).max() == 0.0) == stopped


@pytest.mark.parametrize("kept, other", [("text", "audio"), ("audio", "text")])
def test_without_cross_attention_a_context_reads_its_own_modality_alone(kept, other):
    model = build("can-no-cross-attention", CONFIG)
    assert not any(isinstance(layer, CrossAttention) for layer in model.layers)
    kernel, bias = model.get_layer("fused").get_weights()
    half = len(kernel) // 2
    kernel[half:] *= kept == "audio"
    kernel[:half] *= kept == "text"
    model.get_layer("fused").set_weights([kernel, bias])
    inputs = batch([[2, 1], [3]])
    changed = {
        "audio": {**inputs, "frames": inputs["frames"] + 1.0},
        "text": {**inputs, "words": tf.where(inputs["words"] == "", "", "other")},
    }
    logits = model(inputs)["fused"]
    np.testing.assert_array_equal(model(changed[other])["fused"], logits)
    assert np.abs(model(changed[kept])["fused"] - logits).max() > 1e-6


def test_every_variant_is_listed():
    assert list(VARIANTS) == [
        "can",
        "can-no-stop-gradient",
        "can-no-align-loss",
        "can-no-stop-gradient-no-align-loss",
        "can-no-cross-attention",
        "text",
        "audio",
        "mha",
        "mha-1",
        "mha-3",
        "learned-alignment",
    ]
    with pytest.raises(ConfigError, match="there is no model 'nothing'; expected one of can, "):
        build("nothing", CONFIG)


def test_an_utterance_gives_the_same_logits_alone_and_among_64():
    model = build("can", CONFIG)
    generator = np.random.default_rng(3)
    lengths = [list(generator.integers(1, 9, generator.integers(1, 7))) for _ in range(64)]
    inputs = batch(lengths)
    together = model(inputs)
    for index in (0, 17, 63):
        words = len(lengths[index])
        frames = max(lengths[index])
        alone = model(
            {
                "words": inputs["words"][index : index + 1, :words],
                "frames": inputs["frames"][index : index + 1, :words, :frames],
                "segment_frames": inputs["segment_frames"][index : index + 1, :words],
            }
        )
        for name in together:
            np.testing.assert_allclose(alone[name][0], together[name][index], atol=1e-5, err_msg=name)


def test_an_utterance_of_no_words_gives_finite_logits():
    inputs = {
        "words": tf.constant([["", ""]]),
        "frames": tf.ones((1, 2, 3, 4)),
        "segment_frames": tf.constant([[0, 0]]),
    }
    assert all(np.isfinite(logits).all() for logits in build("can", CONFIG)(inputs).values())


def test_fast_and_reference_models_are_the_same_function():
    fast = build("can", CONFIG)
    reference = build("can", dataclasses.replace(CONFIG, fast=False))
    reference.set_weights(fast.get_weights())
    inputs = batch([[2, 5, 1], [3]])
    for name, logits in fast(inputs).items():
        np.testing.assert_allclose(logits, reference(inputs)[name], atol=1e-5)


def test_each_head_learns_from_its_own_modality():
    model = build("can", CONFIG)
    inputs = batch([[2, 1], [3]])
    with tf.GradientTape(persistent=True) as tape:
        sums = {name: tf.reduce_sum(logits**2) for name, logits in model(inputs).items()}
    layer = {
        name: [weight.value for weight in model.get_layer(name).trainable_weights]
        for name in ("word_vectors", "segment_blstm", "cross_attention")
    }
    text_query, audio_query = layer["cross_attention"]
    assert tape.gradient(sums["text"], layer["segment_blstm"]) == [None] * 6
    assert tape.gradient(sums["audio"], layer["word_vectors"]) == [None]
    assert tape.gradient(sums["text"], audio_query) is None
    assert tape.gradient(sums["audio"], text_query) is None
    assert np.abs(tape.gradient(sums["text"], text_query)).max() > 0
    assert np.abs(tape.gradient(sums["audio"], audio_query)).max() > 0
    assert np.abs(tape.gradient(sums["fused"], text_query)).max() > 0


def test_the_fused_head_reads_the_contexts_in_the_order_of_equation_10():
    model = build("can", CONFIG)
    inputs = batch([[2, 1], [3]])
    dropouts = [model.get_layer(name).output for name in ("text_dropout", "audio_dropout")]
    text_states, audio_states = keras.Model(model.inputs, dropouts)(inputs)
    contexts = model.get_layer("cross_attention")(text_states, audio_states, inputs["segment_frames"] > 0)
    kernel, bias = model.get_layer("fused").get_weights()
    order = ("text_by_text", "audio_by_text", "audio_by_audio", "text_by_audio")
    expected = np.concatenate([contexts[name] for name in order], axis=1) @ kernel + bias
    np.testing.assert_allclose(model(inputs)["fused"], expected, atol=1e-5)


def test_mfccs_are_normalized_inside_the_model():
    inputs = batch([[2, 1], [3]])
    raw = dataclasses.replace(CONFIG, frame_mean=(0.0,) * 4, frame_variance=(1.0,) * 4)
    model, without = build("can", CONFIG), build("can", raw)
    without.set_weights(model.get_weights())
    by_hand = {**inputs, "frames": (inputs["frames"] - 0.5) / 2.0}  # Mean 0.5, variance 4.
    np.testing.assert_allclose(model(inputs)["fused"], without(by_hand)["fused"], atol=1e-6)
    assert not np.allclose(model(inputs)["fused"], without(inputs)["fused"], atol=1e-3)


def test_word_vectors_start_as_given_and_unknown_words_share_one():
    vectors = np.arange(25, dtype=np.float32).reshape(5, 5)
    model = build("can", CONFIG, vectors)
    looked_up = model.get_layer("word_index")(tf.constant(["", "never", "bad", "day", "good"]))
    assert looked_up.numpy().tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(model.get_layer("word_vectors").get_weights()[0], vectors)


def test_a_configuration_goes_through_json_and_back():
    assert ModelConfig.from_json(CONFIG.to_json()) == CONFIG
