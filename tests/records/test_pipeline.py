import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf

from can_tf.errors import RecordsError
from can_tf.records.pipeline import EpochOrder, batches, cut_utterances, frame_statistics, read_examples
from can_tf.records.schema import parse


def ids(order):
    return [[utterance.id for utterance in batch] for batch in order]


def test_the_order_depends_on_seed_and_epoch_and_nothing_else(tone_records):
    def order(seed, epoch):
        return ids(EpochOrder(tone_records.utterances, 8, seed, epoch))

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)
    assert sorted(itertools.chain(*order(1, 0))) == [utterance.id for utterance in tone_records.utterances]


def _mean_spread(utterances):
    spreads = [
        max(utterance.segments for utterance in batch) - min(utterance.segments for utterance in batch)
        for batch in EpochOrder(utterances, 8, seed=0)
    ]
    return np.mean(spreads)


def test_a_batch_holds_utterances_of_like_length(tone_records):
    # Lengths are 1 to 4; a random batch of 8 spreads over nearly 3.
    assert _mean_spread(list(tone_records.utterances) * 4) < 1
    assert _mean_spread(tone_records.utterances) < 2


def test_a_small_corpus_has_other_batches_in_each_epoch(tone_records):
    every = tone_records.utterances[:40]
    utterances = [dataclasses.replace(utterance, segments=index) for index, utterance in enumerate(every)]
    assert _mean_spread(utterances) > 20  # Sorted, it would be 7.
    first, second = (
        {frozenset(batch) for batch in ids(EpochOrder(utterances, 8, seed=0, epoch=epoch))} for epoch in (0, 1)
    )
    assert not first & second


def test_batches_hold_what_was_stored_padded_with_nothing(tone_records):
    order = EpochOrder(tone_records.utterances[:4], 4)  # 1, 2, 3, 4 words
    [(inputs, label)] = list(batches(tone_records, order))
    assert inputs["words"].numpy().tolist()[1] == [b"bad", b"day", b"", b""]
    assert inputs["frames"].shape == (4, 4, inputs["segment_frames"].numpy().max(), 40)
    assert (inputs["segment_frames"].numpy() > 0).sum(axis=1).tolist() == [1, 2, 3, 4]
    assert label.numpy().tolist() == [0, 0, 0, 0]
    stored = parse(read_examples(tone_records, tone_records.utterances[2:3]), 40)["frames"][0]
    for segment in range(3):
        frames = inputs["segment_frames"].numpy()[2, segment]
        np.testing.assert_array_equal(inputs["frames"][2, segment, :frames], stored[segment])
        np.testing.assert_array_equal(inputs["frames"][2, segment, frames:], 0.0)


def test_every_epoch_has_its_own_order_in_one_dataset(tone_records):
    order = EpochOrder(tone_records.utterances, 16, seed=3)
    data = batches(tone_records, order)
    assert len(data) == 10
    first = [inputs["words"].numpy().tolist() for inputs, _ in data]
    again = [inputs["words"].numpy().tolist() for inputs, _ in data]
    order.epoch = 1
    other = [inputs["words"].numpy().tolist() for inputs, _ in data]
    assert first == again
    assert first != other


def test_long_segments_are_cut_and_counted(tone_records):
    order = EpochOrder(tone_records.utterances[:8], 8)
    [(inputs, _)] = list(batches(tone_records, order, max_segment_frames=15))
    assert inputs["frames"].shape[2] == 15
    assert inputs["segment_frames"].numpy().max() == 15
    assert cut_utterances(tone_records.utterances[:8], 15) == 8
    assert cut_utterances(tone_records.utterances[:8], None) == 0


def test_an_example_that_is_not_what_the_list_says_is_not_trained_on(tone_records):
    first = tone_records.utterances[0]
    other = next(label for label in tone_records.labels if label != first.label)
    with pytest.raises(RecordsError, match="is damaged .*label"):
        read_examples(tone_records, [dataclasses.replace(first, label=other)])


def test_mean_and_variance_are_those_of_all_frames(tone_records):
    mean, variance = frame_statistics(tone_records, tone_records.utterances)
    frames = (
        parse(read_examples(tone_records, tone_records.utterances), 40)["frames"].flat_values.numpy().astype(np.float64)
    )
    np.testing.assert_allclose(mean, frames.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(variance, frames.var(axis=0), rtol=1e-6)


def test_a_place_that_holds_no_example_is_an_error(tone_records):
    first = tone_records.utterances[0]
    for changes in ({"offset": first.offset + 1}, {"offset": first.offset + 4}, {"bytes": first.bytes - 1}):
        with pytest.raises(RecordsError, match="has no example of u000 where it should be"):
            read_examples(tone_records, [dataclasses.replace(first, **changes)])


def test_a_damaged_example_is_refused_before_tensorflow_reads_it(tone_records_copy):
    first = tone_records_copy.utterances[0]
    shard = tone_records_copy.folder / first.shard
    content = bytearray(shard.read_bytes())
    place = content.index(b"\x06frames\x12") + 7
    content[place : place + 16] = b"\xff" * 16  # A length that would end the process.
    shard.write_bytes(content)
    with pytest.raises(RecordsError, match="the example of u000 is damaged"):
        read_examples(tone_records_copy, [first])


def test_an_example_beyond_the_end_of_its_shard_is_an_error(tone_records_copy):
    shard = tone_records_copy.folder / tone_records_copy.utterances[0].shard
    shard.write_bytes(shard.read_bytes()[:50])
    with pytest.raises(RecordsError, match="ends inside the example of u000"):
        read_examples(tone_records_copy, tone_records_copy.utterances[:1])


def test_frames_that_are_not_finite_are_refused_before_training(tone_records_copy):
    shard = tone_records_copy.folder / tone_records_copy.utterances[3].shard
    [*serialized] = tf.data.TFRecordDataset(str(shard)).as_numpy_iterator()
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for number, content in enumerate(serialized):
            example = tf.train.Example.FromString(content)
            if number == 3:
                example.features.feature["frames"].float_list.value[7] = np.nan
            writer.write(example.SerializeToString(deterministic=True))
    frame_statistics(tone_records_copy, tone_records_copy.utterances[:3])
    with pytest.raises(RecordsError, match="holds frames that are not finite"):
        frame_statistics(tone_records_copy, tone_records_copy.utterances)
