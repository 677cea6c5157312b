import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.errors import ConfigError
from can_tf.layers import CrossAttention
from can_tf.models.can import with_attention
from can_tf.models.config import ModelConfig
from can_tf.models.losses import CrossEntropy, balanced_class_weights, compile_model, final_log_probabilities
from can_tf.models.registry import VARIANTS, build

CONFIG = ModelConfig(
    labels=("calm", "loud", "sad"),
    vocabulary=("bad", "day", "good"),
    frame_mean=(0.5,) * 4,
    frame_variance=(4.0,) * 4,
    embedding_dim=5,
    units=3,
    heads=2,
)


def batch(lengths, seed=0):
    """Returns inputs for `[batch][words]` segment lengths, with junk in the MFCCs' padding."""
    words = max(len(row) for row in lengths)
    frames = max(max(row) for row in lengths)
    generator = np.random.default_rng(seed)
    vocabulary = np.array(["bad", "day", "good", "never"], object)
    return {
        "words": tf.constant(
            [[*generator.choice(vocabulary, len(row)), *[""] * (words - len(row))] for row in lengths], tf.string
        ),
        "frames": tf.constant(generator.normal(size=(len(lengths), words, frames, 4)), tf.float32),
        "segment_frames": tf.constant([[*row, *[0] * (words - len(row))] for row in lengths], tf.int32),
    }


def labels_of(model, label):
    return dict.fromkeys(model.output_names, tf.constant(label))


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


def test_equations_13_and_14():
    model = build("can", CONFIG)
    compile_model(model, CONFIG)
    inputs, label = batch([[2, 1], [3]]), np.array([0, 2])
    logits = {name: values.numpy().astype(np.float64) for name, values in model(inputs).items()}

    def cross_entropy(values):
        shares = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
        return -np.mean([np.log(shares[0, label[0]]), np.log(shares[1, label[1]])])

    align = cross_entropy(logits["text"]) + cross_entropy(logits["audio"])
    expected = cross_entropy(logits["fused"]) + 0.1 * align
    assert float(model.test_on_batch(inputs, labels_of(model, label), return_dict=True)["loss"]) == pytest.approx(
        expected, rel=1e-5
    )


def test_class_weights_weigh_each_utterance_by_its_label():
    logits = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    label = np.array([0, 2, 2], np.int32)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    losses = -np.log(shares[np.arange(3), label])
    assert float(CrossEntropy()(label, logits)) == pytest.approx(losses.mean(), rel=1e-5)
    weighted = CrossEntropy((2.0, 1.0, 0.5))
    expected = np.mean(losses * [2.0, 0.5, 0.5])
    assert float(weighted(label, logits)) == pytest.approx(expected, rel=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(weighted))
    assert float(again(label, logits)) == pytest.approx(expected, rel=1e-5)
    model, config = build("can", CONFIG), dataclasses.replace(CONFIG, class_weights=(0.0, 1.0, 1.0))
    compile_model(model, config)
    inputs = batch([[2, 1], [3]])
    only_first = model.test_on_batch(inputs, labels_of(model, np.array([0, 0])), return_dict=True)
    assert float(only_first["loss"]) == 0.0


def test_balanced_weights_by_hand():
    weights = balanced_class_weights([6, 3, 0, 1])
    assert weights == pytest.approx((10 / 18, 10 / 9, 0.0, 10 / 3))
    assert sum(weight * count for weight, count in zip(weights, (6, 3, 0, 1), strict=True)) == pytest.approx(10)


def test_equation_15():
    generator = np.random.default_rng(0)
    logits = {name: generator.normal(size=(4, 3)).astype(np.float32) for name in ("fused", "text", "audio")}
    shares = {name: np.exp(v) / np.exp(v).sum(axis=1, keepdims=True) for name, v in logits.items()}
    product = shares["fused"] * shares["text"] ** 0.1 * shares["audio"] ** 0.1
    expected = product / product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(final_log_probabilities(logits, 0.1)), expected, rtol=1e-5)


def test_equation_15_worked_out_by_hand():
    def log(values):
        return np.log(np.array([values], np.float32))

    logits = {"fused": log([0.5, 0.5]), "text": log([0.8, 0.2]), "audio": log([0.9, 0.1])}
    # alpha = 1: 0.5 * 0.8 * 0.9 = 0.36 and 0.5 * 0.2 * 0.1 = 0.01, of 0.37 in all.
    np.testing.assert_allclose(np.exp(final_log_probabilities(logits, 1.0)), [[36 / 37, 1 / 37]], rtol=1e-5)
    np.testing.assert_allclose(
        np.exp(final_log_probabilities({"fused": log([0.3, 0.7])}, 0.1)), [[0.3, 0.7]], rtol=1e-5
    )


def test_gradients_are_clipped_by_their_global_norm():
    model = build("can", CONFIG)
    compile_model(model, CONFIG, clip_norm=1e-12)
    before = model.get_weights()
    compile_model(model, CONFIG, learning_rate=1.0, clip_norm=1e-12)  # Adam's epsilon of 1e-7 then rules the step.
    inputs = batch([[2, 1], [3]])
    model.train_on_batch(inputs, labels_of(model, [0, 1]))
    assert all(np.abs(now - then).max() < 1e-3 for now, then in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize("name", list(VARIANTS))
def test_a_saved_model_gives_the_same_outputs(tmp_path, name):
    model = build(name, CONFIG)
    inputs = batch([[2, 5, 1], [3]])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for output, logits in model(inputs).items():
        np.testing.assert_array_equal(logits, loaded(inputs)[output])


def test_it_fits_batches_of_any_shape():
    model = build("can", CONFIG)
    compile_model(model, CONFIG, learning_rate=0.05)

    def batches():
        for seed, lengths in enumerate([[[2, 1], [3, 4]], [[1, 1, 6], [2]], [[5], [7]]]):
            yield batch(lengths, seed), labels_of(model, [0, 2])

    signature = tf.nest.map_structure(
        lambda tensor: tf.TensorSpec(
            [None] * (tensor.shape.rank - (tensor.shape.rank == 4)) + [4] * (tensor.shape.rank == 4), tensor.dtype
        ),
        next(batches()),
    )
    data = tf.data.Dataset.from_generator(batches, output_signature=signature).repeat(30)
    history = model.fit(data, epochs=2, steps_per_epoch=45, verbose=0, shuffle=False).history["loss"]
    assert history[-1] < 0.5 * np.log(3)  # Where guessing stands at log(3), alpha's parts apart.


def test_a_configuration_goes_through_json_and_back():
    assert ModelConfig.from_json(CONFIG.to_json()) == CONFIG


def training_losses(model, inputs, label, steps):
    compile_model(model, CONFIG, learning_rate=0.01)
    labels = labels_of(model, label)
    return [float(model.train_on_batch(inputs, labels, return_dict=True)["loss"]) for _ in range(steps)]


def test_twenty_training_steps_of_fast_and_reference_models_go_the_same_way():
    config = dataclasses.replace(CONFIG, dropout=0.0)
    fast, reference = build("can", config), build("can", dataclasses.replace(config, fast=False))
    reference.set_weights(fast.get_weights())
    inputs, label = batch([[2, 5, 1], [3], [1, 1, 1, 9]]), [0, 1, 2]
    losses = training_losses(fast, inputs, label, 20)
    np.testing.assert_allclose(losses, training_losses(reference, inputs, label, 20), atol=1e-3)
    assert losses[-1] < 0.9 * losses[0]


def test_it_answers_in_the_loader_of_tensorflow_serving_with_stock_operations_alone(tmp_path):
    model = build("can", CONFIG)
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = {
        "words": tf.TensorSpec([None, None], tf.string, "words"),
        "frames": tf.TensorSpec([None, None, None, 4], tf.float32, "frames"),
        "segment_frames": tf.TensorSpec([None, None], tf.int32, "segment_frames"),
    }
    archive.add_endpoint("serve", lambda inputs: model(inputs, training=False), [signature])
    archive.write_out(str(tmp_path / "1"), verbose=False)
    inputs = batch([[2, 5, 1], [3]])
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "1"))
        definition = loaded.signature_def["serve"]
        feed = {tensor.name: inputs[name].numpy() for name, tensor in definition.inputs.items()}
        logits = session.run({name: tensor.name for name, tensor in definition.outputs.items()}, feed)
        functions = loaded.graph_def.library.function
        operations = {node.op for graph in (loaded.graph_def, *functions) for node in getattr(graph, "node", ())}
        operations |= {node.op for function in functions for node in function.node_def}
    for name, values in model(inputs).items():
        np.testing.assert_allclose(logits[name], values, atol=1e-5)
    assert "BlockLSTM" in operations
    assert not [name for name in operations if ">" in name or name in ("PyFunc", "EagerPyFunc", "XlaLaunch")]


def test_keras_own_export_works(tmp_path):
    model = build("can", CONFIG)
    inputs = batch([[2, 5, 1], [3]])
    model.export(str(tmp_path / "1"), verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    served = loaded.serve(inputs)
    np.testing.assert_allclose(served["fused"], model(inputs)["fused"], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.startswith("can")])
def test_the_can_and_its_ablations_show_their_attention(name, tmp_path):
    model = build(name, CONFIG)
    for layer in model.layers:
        if "attention" in layer.name:  # Far from the even attention of a new model.
            layer.set_weights([100 * weight for weight in layer.get_weights()])
    model.save(tmp_path / "model.keras")
    inputs = batch([[2, 5, 1], [3]])
    outputs = with_attention(keras.models.load_model(tmp_path / "model.keras"))(inputs)
    np.testing.assert_allclose(outputs["fused"], model(inputs)["fused"], atol=1e-6)
    for side in ("text_attention", "audio_attention"):
        assert outputs[side].shape == (2, CONFIG.heads, 3)
        np.testing.assert_allclose(tf.reduce_sum(outputs[side], axis=-1), 1.0, rtol=1e-5)
        np.testing.assert_array_equal(outputs[side][1, :, 1:], 0.0)
    assert not np.allclose(outputs["text_attention"], outputs["audio_attention"], atol=1e-2)
