"""The packed encoders against stock Keras layers: outputs to 1e-5, gradients to 1e-4 relative."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from can_tf.layers import ReferenceSegmentEncoder, SegmentEncoder, SequenceEncoder
from can_tf.layers.packing import pack

UNITS, COEFFICIENTS = 3, 4
STATISTICS = {"mean": [0.5, -0.5, 0.0, 1.0], "variance": [1.0, 4.0, 0.25, 2.0]}


def ragged_batch(lengths, seed=0):
    """Returns random MFCCs for `[batch][words]` lengths, junk in the padding, and the padded lengths."""
    words = max(len(row) for row in lengths)
    padded = np.array([[*row, *[0] * (words - len(row))] for row in lengths], np.int32)
    frames = max(int(padded.max()), 1)
    mfcc = np.random.default_rng(seed).normal(size=(len(lengths), words, frames, COEFFICIENTS)).astype(np.float32)
    return mfcc, padded


def pair_of_encoders(seed=0):
    """Returns the fast and the reference encoder with the same random weights."""
    fast, reference = SegmentEncoder(UNITS, **STATISTICS), ReferenceSegmentEncoder(UNITS, **STATISTICS)
    for layer in (fast, reference):
        layer.build((None, None, None, COEFFICIENTS))
    generator = np.random.default_rng(seed)
    reference.set_weights([generator.normal(scale=0.5, size=weight.shape) for weight in reference.get_weights()])
    fast.set_weights(reference.get_weights())
    return fast, reference


def outputs_and_gradients(layer, mfcc, lengths, coefficients, training=True):
    with tf.GradientTape() as tape:
        outputs = layer(mfcc, lengths, training=training) if isinstance(layer, SegmentEncoder) else layer(mfcc, lengths)
        loss = tf.reduce_sum(outputs * coefficients)
    return outputs, tape.gradient(loss, [weight.value for weight in layer.trainable_weights])


def assert_same(lengths, seed=0):
    mfcc, padded = ragged_batch(lengths, seed)
    fast, reference = pair_of_encoders(seed)
    coefficients = np.random.default_rng(seed + 1).normal(size=(*padded.shape, 2 * UNITS)).astype(np.float32)
    outputs, gradients = outputs_and_gradients(fast, mfcc, padded, coefficients)
    np.testing.assert_allclose(fast(mfcc, padded), outputs, atol=1e-6)  # And in prediction, which keeps less.
    expected, expected_gradients = outputs_and_gradients(reference, mfcc, padded, coefficients)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    for gradient, other in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, other, rtol=1e-4, atol=1e-4 * max(np.abs(other).max(), 1e-2))


@pytest.mark.parametrize(
    "lengths",
    [
        [[1]],
        [[5, 5], [5, 5]],
        [[3, 1, 4], [1]],
        [[2, 0, 7]],
        [[500, 1], [2]],
        [[1, 2, 3], [0, 0, 0]],
        [list(range(1, 41))],
    ],
    ids=["one frame", "all equal", "ragged", "an empty segment", "a long word", "a row of padding", "many lengths"],
)
def test_fast_and_reference_forms_are_the_same_function(lengths):
    assert_same(lengths)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4), st.integers(0, 1_000_000))
def test_fast_and_reference_forms_are_the_same_on_any_batch(lengths, seed):
    assert_same(lengths, seed)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=900))
def test_packing_holds_each_element_once_and_little_else(lengths):
    packing = pack(tf.constant(lengths, tf.int32))
    places = np.stack([packing.sequence, packing.step], axis=1)[packing.real.numpy()]
    expected = [(sequence, step) for sequence, length in enumerate(lengths) for step in range(length)]
    assert sorted(map(tuple, places.tolist())) == expected
    sizes, real_sizes = packing.sizes.numpy(), packing.real_sizes.numpy()
    assert (np.diff(sizes) <= 0).all()
    assert (real_sizes <= sizes).all()
    assert (sizes <= np.maximum(1.125 * real_sizes, real_sizes + 4)).all()
    assert len(np.unique(sizes)) <= 8 + 8 * np.log2(max(len(lengths) / 32, 1)) + 1


def test_what_stands_in_the_padding_is_never_read():
    mfcc, padded = ragged_batch([[3, 1, 40, 2, 2], [1, 7]])
    frames = np.arange(mfcc.shape[2]) < padded[:, :, None]
    fast, _ = pair_of_encoders()
    coefficients = np.ones((*padded.shape, 2 * UNITS), np.float32)
    results = [
        outputs_and_gradients(fast, np.where(frames[..., None], mfcc, junk), padded, coefficients)
        for junk in (np.float32(0), np.float32(np.nan))
    ]
    for clean, with_junk in zip(tf.nest.flatten(results[0]), tf.nest.flatten(results[1]), strict=True):
        np.testing.assert_array_equal(clean, with_junk)


def test_nothing_but_padding_gives_zeros_and_no_gradient():
    mfcc, padded = ragged_batch([[0, 0], [0]])
    fast, _ = pair_of_encoders()
    outputs, gradients = outputs_and_gradients(fast, mfcc, padded, np.ones((2, 2, 2 * UNITS), np.float32))
    np.testing.assert_array_equal(outputs, 0.0)
    for gradient in gradients:
        np.testing.assert_array_equal(gradient, 0.0)


def test_the_gradient_is_that_of_finite_differences():
    mfcc, padded = ragged_batch([[3, 1], [2, 4]])
    fast, _ = pair_of_encoders()
    coefficients = np.random.default_rng(5).normal(size=(2, 2, 2 * UNITS)).astype(np.float32)
    _, gradients = outputs_and_gradients(fast, mfcc, padded, coefficients)
    weights = fast.get_weights()
    generator = np.random.default_rng(6)
    for index, gradient in enumerate(gradients):
        direction = generator.normal(size=weights[index].shape).astype(np.float32)
        losses = []
        for step in (1e-2, -1e-2):
            fast.set_weights([*weights[:index], weights[index] + step * direction, *weights[index + 1 :]])
            losses.append(float(tf.reduce_sum(fast(mfcc, padded) * coefficients)))
        fast.set_weights(weights)
        slope = (losses[0] - losses[1]) / 2e-2
        assert slope == pytest.approx(float(tf.reduce_sum(gradient * direction)), rel=5e-3, abs=1e-3)


def test_the_gradient_outside_training_is_the_same():
    mfcc, padded = ragged_batch([[3, 1], [7]])
    fast, _ = pair_of_encoders()
    _, expected = outputs_and_gradients(fast, mfcc, padded, 1.0)
    _, gradients = outputs_and_gradients(fast, mfcc, padded, 1.0, training=False)
    for gradient, other in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, other, rtol=1e-4, atol=1e-5)


def test_the_average_is_over_real_frames_of_keras_states():
    mfcc, padded = ragged_batch([[3]])
    fast, reference = pair_of_encoders()
    states = reference.blstm(reference.normalization(mfcc[0, :, :3])).numpy()
    np.testing.assert_allclose(fast(mfcc, padded)[0, 0], states[0].mean(axis=0), atol=1e-6)


def test_weights_interchange_with_keras_in_order_and_shape():
    fast, _ = pair_of_encoders()
    stock = keras.layers.Bidirectional(keras.layers.LSTM(UNITS))
    stock.build((None, None, COEFFICIENTS))
    assert [weight.shape for weight in fast.get_weights()] == [weight.shape for weight in stock.get_weights()]
    fast.set_weights(stock.get_weights())


def test_initial_weights_are_distributed_as_keras_does():
    layer = SegmentEncoder(16)
    layer.build((None, None, None, 40))
    kernel, recurrent_kernel, bias = layer.get_weights()[:3]
    assert np.abs(kernel).max() <= np.sqrt(6 / (40 + 64))
    np.testing.assert_allclose(recurrent_kernel @ recurrent_kernel.T, np.eye(16), atol=1e-5)
    np.testing.assert_array_equal(bias, np.repeat([0.0, 1.0, 0.0, 0.0], 16))


def test_it_trains_in_a_graph_with_any_number_of_words():
    fast, _ = pair_of_encoders()

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, COEFFICIENTS]), tf.TensorSpec([None, None], tf.int32)]
    )
    def kernel_gradient(mfcc, lengths):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(fast(mfcc, lengths, training=True) ** 2)
        return tape.gradient(loss, fast.trainable_weights[0].value)

    for lengths in ([[3, 1, 4], [1]], [[2]], [[0]]):
        mfcc, padded = ragged_batch(lengths)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(fast(mfcc, padded, training=True) ** 2)
        expected = tape.gradient(loss, fast.trainable_weights[0].value)
        np.testing.assert_allclose(kernel_gradient(mfcc, padded), expected, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_the_sequence_encoder_is_keras_masked_blstm(training):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(3, 5, COEFFICIENTS)).astype(np.float32)
    mask = np.arange(5) < np.array([5, 2, 0])[:, None]
    layer = SequenceEncoder(UNITS)
    stock = keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True))
    stock.build(inputs.shape)
    layer.build(inputs.shape)
    layer.set_weights(stock.get_weights())
    coefficients = generator.normal(size=(3, 5, 2 * UNITS)).astype(np.float32)
    results = []
    for call, variables in (
        (lambda values: layer(values, mask, training=training), layer.trainable_weights),
        (lambda values: stock(values, mask=tf.constant(mask)) * mask[:, :, None], stock.trainable_weights),
    ):
        values = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(values)
            states = call(values)
            loss = tf.reduce_sum(states * coefficients)
        results.append((states, *tape.gradient(loss, [values, *(variable.value for variable in variables)])))
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(results[0][0][1, 2:], 0.0)


def test_no_units_are_refused():
    with pytest.raises(ValueError, match="units must be at least 1, got 0"):
        SegmentEncoder(0)


TWENTY_STEPS = """
import sys
import keras, numpy as np, tensorflow as tf
from can_tf.layers import SegmentEncoder, SequenceEncoder

devices = int(sys.argv[1])
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
keras.utils.set_random_seed(0)
generator = np.random.default_rng(0)
frames = np.array([[2, 1], [3, 0], [1, 4], [2, 2]], np.int32)
mfcc = generator.normal(size=(4, 2, 4, 5)).astype(np.float32)
target = generator.normal(size=(4, 2, 1)).astype(np.float32)
with tf.distribute.MirroredStrategy([f"/cpu:{index}" for index in range(devices)]).scope():
    inputs = (keras.Input((None, None, 5)), keras.Input((None,), dtype="int32"))
    states = SequenceEncoder(3)(SegmentEncoder(3)(*inputs), inputs[1] > 0)
    model = keras.Model(inputs, keras.layers.Dense(1)(states))
    model.compile(keras.optimizers.Adam(0.01, global_clipnorm=1.0), "mse")
data = tf.data.Dataset.from_tensor_slices(((mfcc, frames), target)).batch(4).repeat(20)
model.fit(data, epochs=1, shuffle=False, verbose=0)
np.savez(sys.argv[2], *model.get_weights())
"""


@pytest.mark.long
def test_two_devices_reach_the_weights_of_one(tmp_path):
    # Processes of their own: devices are set before the first operation.
    weights = []
    for devices in ("1", "2"):
        path = tmp_path / f"{devices}.npz"
        done = subprocess.run([sys.executable, "-c", TWENTY_STEPS, devices, path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        weights.append(np.load(path))
    one, two = weights
    assert len(one.files) == 14
    for name in one.files:
        np.testing.assert_allclose(one[name], two[name], atol=1e-5)
