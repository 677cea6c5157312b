"""Frames standardized by speaker, against NumPy."""

import dataclasses

import numpy as np
import tensorflow as tf

from can_tf.features.speakers import RunningStatistics, standardized_alone
from can_tf.records.pipeline import EpochOrder, batches, by_speaker, frame_statistics, mean_frames, read_examples
from can_tf.records.schema import parse


def frames_by_utterance(dataset):
    """Each utterance's frames by id, `<float64>[frames, width]`."""
    parsed = parse(tf.constant(read_examples(dataset, dataset.utterances)), dataset.front_end.width)
    rows = [np.concatenate([np.array(segment) for segment in row]) for row in parsed["frames"].to_list()]
    return {utterance.id: values for utterance, values in zip(dataset.utterances, rows, strict=True)}


def test_each_speakers_frames_have_mean_0_and_variance_1_whatever_the_set(tone_records):
    read = by_speaker(tone_records)
    for speaker in sorted({row.speaker for row in tone_records.utterances}):
        rows = [row for row in read.utterances if row.speaker == speaker]
        mean, variance = frame_statistics(read, rows)
        np.testing.assert_allclose(mean, 0.0, atol=1e-4)
        np.testing.assert_allclose(variance, 1.0, atol=1e-3)


def test_batches_and_means_equal_numpys(tone_records):
    raw, read = frames_by_utterance(tone_records), by_speaker(tone_records)
    rows = [row for row in tone_records.utterances if row.segments == 2][:3]
    [(inputs, _)] = list(batches(read, EpochOrder(rows, 3)))
    for place, row in enumerate(rows):
        own = np.concatenate([raw[other.id] for other in tone_records.utterances if other.speaker == row.speaker])
        expected = (raw[row.id] - own.mean(axis=0)) / own.std(axis=0)
        counts = inputs["segment_frames"][place].numpy()
        segments = [inputs["frames"][place, word, :count] for word, count in enumerate(counts)]
        np.testing.assert_allclose(np.concatenate(segments), expected, atol=1e-3)
        np.testing.assert_allclose(mean_frames(read, [row])[0], expected.mean(axis=0), atol=1e-3)


def test_labels_change_nothing(tone_records):
    swapped = dict(zip(tone_records.labels, tone_records.labels[::-1], strict=True))
    other = dataclasses.replace(
        tone_records,
        description={**tone_records.description, "labels": list(swapped.values())},
        utterances=tuple(dataclasses.replace(row, label=swapped[row.label]) for row in tone_records.utterances),
    )
    np.testing.assert_array_equal(by_speaker(tone_records).speakers.mean, by_speaker(other).speakers.mean)


def test_an_utterance_alone_is_standardized_by_its_own_frames():
    own = np.random.default_rng(0).normal(3.0, 2.0, size=(6, 3)).astype(np.float32)
    frames = tf.concat([own, [[1.0, 2.0, 3.0]]], 0)
    by_word = tf.RaggedTensor.from_nested_row_lengths(frames, [[2, 1], [4, 2, 1]])
    done = standardized_alone(by_word)
    assert [length.numpy().tolist() for length in done.nested_row_lengths()] == [[2, 1], [4, 2, 1]]
    np.testing.assert_allclose(done.flat_values[:6], (own - own.mean(axis=0)) / own.std(axis=0), atol=1e-5)
    assert not done[1].flat_values.numpy().any()  # One frame is its own mean.


def test_numbers_that_are_constant_are_not_blown_up():
    statistics = RunningStatistics(2)
    statistics.add(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert (statistics.mean.tolist(), statistics.deviation.tolist()) == ([2.0, 5.0], [1.0, 1.0])
