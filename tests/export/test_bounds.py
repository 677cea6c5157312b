"""How much memory a request takes: the graph itself bounds it, for servers that have no limits of their own."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.audio import wav_bytes
from can_tf.errors import PredictionError
from can_tf.export.graph import ServedModel, _segments_alone
from can_tf.export.inputs import padded
from can_tf.export.write import write_saved_model
from can_tf.features.registry import FRONT_ENDS
from can_tf.models.config import ModelConfig
from can_tf.models.registry import build
from tests.export.costs import ENVIRONMENT, LARGEST_RATIO, REQUESTS, SIGNATURES, request_of

pytestmark = pytest.mark.long

REFUSED = {
    # Each word has a vector, and states of its own.
    "more words than can be said": ([(6.0, 5_000)], "num_words: expected no more words than can be said in the audio"),
    "many words in many recordings of nothing": (
        [(0.02, 50)] * 320,
        "num_words: expected no more words in a request than can be said in its audio",
    ),
    "recordings too short for a word": ([(0.05, 1)] * 200, "audio: expected recordings that can hold a word"),
    # The words of all utterances are padded to the most that one has.
    "one of many words among many of one": ([(60.0, 1_000), *[(0.03, 1)] * 127], "words: expected fewer of them"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_cost_beyond_measure_is_refused(local_model, name):
    utterances, message = REFUSED[name]
    with pytest.raises(PredictionError, match=message):
        local_model.answer(request_of(utterances))


@pytest.mark.parametrize("utterances", [[(600.0, 1_500), (1.0, 2)], [(5.0, 299)], [(0.5, 60)]])
def test_what_people_say_is_not(local_model, utterances):
    assert len(local_model.answer(request_of(utterances))["label"]) == len(utterances)


def test_frames_are_not_padded_beyond_measure():
    counts = [[500], *[[1] * 60] * 31]  # 10 s of one word, and 31 recordings of 60 short ones.
    lengths = tf.ragged.constant(counts, dtype=tf.int64)
    frames = tf.RaggedTensor.from_nested_row_lengths(
        tf.ones([tf.reduce_sum(lengths.flat_values), 40]), [lengths.row_lengths(), lengths.flat_values]
    )
    words = tf.fill([32, 60], "w")
    with pytest.raises(tf.errors.InvalidArgumentError, match="padding would be most of the frames"):
        padded(frames, words, tf.fill([32], tf.constant(9_600, tf.int64)))
    enough, segment_frames = padded(frames, words, tf.fill([32], tf.constant(64_000, tf.int64)))
    assert enough.shape == (32, 60, 500, 40)
    assert int(tf.reduce_sum(enough)) == 40 * int(tf.reduce_sum(segment_frames)) == 40 * (500 + 31 * 60)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_no_request_takes_far_more_memory_than_it_is_large(name, tmp_path):
    """Of a model of the paper's size."""
    front_end = FRONT_ENDS[name]()
    statistics = {"frame_mean": (0.0,) * front_end.width, "frame_variance": (1.0,) * front_end.width}
    config = ModelConfig(
        labels=("a", "b"), vocabulary=("w",), one_frame=front_end.frames_per_second is None, **statistics
    )
    write_saved_model(ServedModel(build("can", config), config.labels, 0.1, front_end, 0.1, 500), config, tmp_path)
    command = [sys.executable, "-m", "tests.export.costs", str(tmp_path)]
    costs = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | ENVIRONMENT).stdout
    )
    assert len(costs) == len(SIGNATURES) * len(REQUESTS)
    assert max(costs.values()) < LARGEST_RATIO, costs


def test_a_wav_of_many_channels_is_one_recording(local_model):
    samples = np.zeros(1_600, np.float32)
    content = bytearray(wav_bytes(samples))
    content[22:24] = (100).to_bytes(2, "little")  # So there are 16 samples of 100 channels.
    request = request_of([(0.1, 1)])
    request["audio"] = np.array([bytes(content)], object)
    with pytest.raises(PredictionError):
        local_model.answer(request)


class _MeanFrame(keras.layers.Layer):
    def call(self, frames):
        return tf.reduce_mean(frames, axis=2)


def test_a_model_that_reads_frames_beside_its_segments_is_taken_whole():
    config = ModelConfig(
        labels=("a", "b"), vocabulary=("w",), embedding_dim=2, units=3, frame_mean=(0.0,) * 4, frame_variance=(1.0,) * 4
    )
    model = build("can", config)
    assert _segments_alone(model) is not None
    beside = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(_MeanFrame()(model.input["frames"])))
    fused = keras.layers.Add()([model.output["fused"], beside])
    assert _segments_alone(keras.Model(model.input, {"fused": fused})) is None
