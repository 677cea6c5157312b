"""Equations 13 to 15 worked out in NumPy, and training steps of the CAN."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.models.losses import CrossEntropy, balanced_class_weights, compile_model, final_log_probabilities
from can_tf.models.registry import build
from tests.models.small_can import CONFIG, batch, labels_of


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
