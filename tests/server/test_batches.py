"""Inputs that are joined, and outputs that are parted."""

import numpy as np
import pytest

from can_tf.server.batches import Size, joined, parted, size_of


def asked(rows=1, words=2, **changed):
    inputs = {
        "audio": np.array([b"wav"] * rows, object),
        "words": np.full((rows, words), b"hi", object),
        "start": np.zeros((rows, words), np.float32),
        "end": np.ones((rows, words), np.float32),
        "num_words": np.full(rows, words, np.int32),
    }
    return {**inputs, **changed}


def spoken(samples, **changed):
    inputs = asked(**changed)
    del inputs["audio"]
    return {**inputs, "waveform": np.ones((1, samples), np.float32), "num_samples": np.array([samples], np.int32)}


def test_rows_stand_in_order_and_are_padded_with_nothing():
    together = joined([spoken(3, words=1), spoken(2, words=2)])
    assert together["words"].tolist() == [[b"hi", b""], [b"hi", b"hi"]]
    assert together["end"].tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert together["waveform"].tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]
    assert together["num_words"].tolist() == [1, 2]
    assert {name: values.dtype for name, values in together.items()} == {
        name: values.dtype for name, values in spoken(1).items()
    }


def test_outputs_are_parted_by_rows_and_attention_to_the_words_of_each():
    outputs = {"label": np.array([b"a", b"b", b"c"], object), "text_attention": np.arange(12.0).reshape(3, 1, 4)}
    first, second = parted(outputs, [Size(1, 4, 0, 1.0), Size(2, 3, 0, 1.0)])
    assert first["label"].tolist() == [b"a"]
    assert first["text_attention"].tolist() == [[[0.0, 1.0, 2.0, 3.0]]]
    assert second["label"].tolist() == [b"b", b"c"]
    assert second["text_attention"].tolist() == [[[4.0, 5.0, 6.0]], [[8.0, 9.0, 10.0]]]


def test_the_size_of_a_batch_counts_padding():
    assert size_of("serving_default", asked(rows=2, words=3), 4.5) == Size(2, 3, 0, 4.5)
    both = size_of("waveform", spoken(16_000), 0.0) + size_of("waveform", spoken(48_000, words=5), 0.0)
    assert both == Size(2, 5, 48_000, 0.0)
    assert (both.places, both.all_seconds) == (10, 6.0)


@pytest.mark.parametrize(
    "signature, inputs",
    [
        ("frames", asked()),
        ("features", {"frames": np.zeros((1, 2, 3, 4)), "segment_frames": np.ones((1, 2)), "words": asked()["words"]}),
        ("serving_default", asked(audio=np.array([b"wav"] * 2, object))),  # Another's row would be taken for its own.
        ("serving_default", asked(num_words=np.array([2, 2], np.int32))),
        ("serving_default", asked(start=np.zeros((1, 1), np.float32))),
        ("serving_default", asked(num_words=np.array([3], np.int32))),
        ("waveform", {**spoken(3), "num_samples": np.array([4], np.int32)}),  # Padding would be taken for sound.
        ("serving_default", asked(rows=0)),
        ("serving_default", asked(words=0)),
        ("serving_default", asked(words=257)),
    ],
)
def test_what_padding_could_change_is_asked_alone(signature, inputs):
    assert size_of(signature, inputs, 1.0) is None
