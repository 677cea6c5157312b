import numpy as np
import pytest
import tensorflow as tf

from can_tf.records.schema import Record, parse, serialize


@pytest.mark.parametrize("frames", [1, 3, 4, 102, 103, 700])  # Lengths of one, two and three bytes.
def test_floats_are_the_bytes_that_protobuf_writes_itself(frames):
    mfcc = np.random.default_rng(0).normal(size=(frames, 40)).astype(np.float32)
    record = Record(
        "u", 1, "s", "", "", ("hi", "you"), (0.0, 0.3), (0.3, 0.7), (frames - frames // 2, frames // 2), mfcc
    )
    serialized = serialize(record)
    example = tf.train.Example.FromString(serialized)
    floats = {"frames": mfcc.ravel(), "word_start": [0.0, 0.3], "word_end": [0.3, 0.7]}
    for name, values in floats.items():
        example.features.feature[name].float_list.ClearField("value")
        example.features.feature[name].float_list.value.extend(values)
    assert serialized == example.SerializeToString(deterministic=True)
    parsed = parse(tf.constant([serialized]), 40)
    np.testing.assert_array_equal(parsed["frames"].flat_values, mfcc)


def test_a_list_of_no_floats_stays_one():
    record = Record("u", 0, "s", "", "", (), (), (), (), np.zeros((0, 40), np.float32))
    assert list(tf.train.Example.FromString(serialize(record)).features.feature["frames"].float_list.value) == []
