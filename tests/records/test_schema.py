import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from can_tf.records.schema import example_fault, parse, serialize
from can_tf.records.specification import COLUMNS, EXAMPLE_FIELDS, Described, Record, StoredUtterance, stored_utterance

LABELS = ("calm", "loud")
RECORD = Record(
    id="u",
    label="loud",
    speaker="s",
    session="",
    scenario="",
    words=("hi", "you"),
    word_start=(0.0, 0.3),
    word_end=(0.3, 0.7),
    segment_frames=(1, 2),
    frames=np.arange(120, dtype=np.float32).reshape(3, 40),
)


@pytest.mark.parametrize("count", [1, 3, 4, 102, 103, 700])  # Lengths of one, two and three bytes.
def test_floats_are_the_bytes_that_protobuf_writes_itself(count):
    frames = np.random.default_rng(0).normal(size=(count, 40)).astype(np.float32)
    record = dataclasses.replace(RECORD, segment_frames=(count - count // 2, count // 2), frames=frames)
    serialized = serialize(record, LABELS)
    example = tf.train.Example.FromString(serialized)
    floats = {"frames": frames.ravel(), "word_start": [0.0, 0.3], "word_end": [0.3, 0.7]}
    for name, values in floats.items():
        example.features.feature[name].float_list.ClearField("value")
        example.features.feature[name].float_list.value.extend(values)
    assert serialized == example.SerializeToString(deterministic=True)
    parsed = parse(tf.constant([serialized]), 40)
    np.testing.assert_array_equal(parsed["frames"].flat_values, frames)


def test_a_list_of_no_floats_stays_one():
    record = dataclasses.replace(
        RECORD, words=(), word_start=(), word_end=(), segment_frames=(), frames=np.zeros((0, 40), np.float32)
    )
    example = tf.train.Example.FromString(serialize(record, LABELS))
    assert list(example.features.feature["frames"].float_list.value) == []


def test_every_field_of_a_record_is_stored_and_parsed_again():
    parsed = parse(tf.constant([serialize(RECORD, LABELS)]), 40)
    assert set(parsed) == {field.name for field in dataclasses.fields(Record)}
    assert (parsed["label"].numpy().tolist(), parsed["speaker"].numpy().tolist()) == ([1], [b"s"])
    assert parsed["words"].to_list() == [[b"hi", b"you"]]
    np.testing.assert_array_equal(parsed["word_end"].flat_values, np.float32([0.3, 0.7]))
    assert parsed["segment_frames"].to_list() == [[1, 2]]
    np.testing.assert_array_equal(parsed["frames"][0, 1], RECORD.frames[1:])


def test_what_a_corpus_says_is_in_examples_and_rows_alike():
    described = {field.name for field in dataclasses.fields(Described)}
    assert described <= {field.name for field in EXAMPLE_FIELDS}
    assert described <= set(COLUMNS)


def changed(name, **feature):
    """Returns the record's example with one feature replaced, or without it."""
    example = tf.train.Example.FromString(serialize(RECORD, LABELS))
    if feature:
        example.features.feature[name].CopyFrom(tf.train.Feature(**feature))
    else:
        del example.features.feature[name]
    return example.SerializeToString()


def texts(*values):
    return {"bytes_list": tf.train.BytesList(value=values)}


def numbers(*values):
    return {"int64_list": tf.train.Int64List(value=values)}


@pytest.mark.parametrize(
    "name, feature, fault",
    [
        ("speaker", {}, "speaker: expected strs"),
        ("words", numbers(1, 2), "words: expected strs"),
        ("id", texts(b"u", b"v"), "id: expected one value, found 2"),
        ("words", texts(b"hi", b"\xff"), "words: expected UTF-8 text"),
        ("label", numbers(2), "label: expected an index below 2, found 2"),
        ("words", texts(b"hi"), "word_start: expected 1 times, found 2"),
        ("segment_frames", numbers(1, 3), "frames: expected 40 numbers for each of 4 frames, found 120"),
        ("segment_frames", numbers(3, 0), "frames: expected 40 numbers for each of 3 frames, found 120"),
    ],
)
def test_a_damaged_example_is_told_by_its_field(name, feature, fault):
    assert example_fault(changed(name, **feature), 40, LABELS) == fault


def test_an_undamaged_example_has_no_fault():
    assert example_fault(serialize(RECORD, LABELS), 40, LABELS) is None
    assert example_fault(b"\xff\xff", 40, LABELS) == "is not a tf.train.Example"


def test_a_row_with_a_wrong_value_is_told_by_its_column():
    row = dict.fromkeys(COLUMNS, "1")
    assert stored_utterance(row).seconds == 1.0
    with pytest.raises(ValueError, match="longest_segment: expected a whole number, found 'x'"):
        stored_utterance({**row, "longest_segment": "x"})


def test_an_example_that_is_not_the_one_of_the_list_is_told():
    row = StoredUtterance(
        **{field.name: getattr(RECORD, field.name) for field in dataclasses.fields(Described)},
        words=" ".join(RECORD.words),
        seconds=1.0,
        shard="s",
        segments=1,
        frames=1,
        longest_segment=1,
        offset=0,
        bytes=1,
    )
    assert example_fault(serialize(RECORD, LABELS), 40, LABELS, row) is None
    assert example_fault(serialize(RECORD, LABELS), 40, LABELS[::-1], row) == "label: is not that of the list"
    for name in ("id", "words", "speaker"):
        other = dataclasses.replace(row, **{name: "other"})
        assert example_fault(serialize(RECORD, LABELS), 40, LABELS, other) == f"{name}: is not that of the list"
