"""Every variant on the frames of a front end that makes one of a segment."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from can_tf.layers import SegmentFrame
from can_tf.models.config import ModelConfig
from can_tf.models.registry import VARIANTS, build

WIDTH = 6
CONFIG = ModelConfig(
    labels=("calm", "loud"),
    vocabulary=("good", "day"),
    frame_mean=tuple(range(WIDTH)),
    frame_variance=(4.0,) * WIDTH,
    embedding_dim=3,
    units=5,
    heads=2,
    one_frame=True,
)


def inputs(words):
    """Two utterances of two and of one word, padded to a number of words."""
    frames = np.random.default_rng(0).normal(size=(2, 2, 1, WIDTH)).astype(np.float32)
    padded = np.full((2, words, 1, WIDTH), 99.0, np.float32)
    padded[0, :2], padded[1, :1] = frames[0], frames[1, :1]
    text = np.full((2, words), "", object)
    text[0, :2], text[1, 0] = ("good", "day"), "day"
    counts = np.zeros((2, words), np.int32)
    counts[0, :2] = counts[1, 0] = 1
    return {"words": tf.constant(text), "frames": tf.constant(padded), "segment_frames": tf.constant(counts)}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_reads_them_and_padding_changes_nothing(name):
    keras.utils.set_random_seed(0)
    model = build(name, CONFIG)
    assert not [layer for layer in model.layers if layer.name in ("segment_blstm", "utterance_frames")]
    for output, logits in model(inputs(2)).items():
        np.testing.assert_allclose(model(inputs(5))[output], logits, atol=1e-5)
        assert logits.shape == (2, 2)


def test_the_frame_is_normalized_and_padding_is_zero():
    layer = SegmentFrame(mean=list(CONFIG.frame_mean), variance=list(CONFIG.frame_variance))
    asked = inputs(3)
    states = layer(asked["frames"], asked["segment_frames"]).numpy()
    expected = (asked["frames"][0, :2, 0].numpy() - np.arange(WIDTH)) / 2.0
    np.testing.assert_allclose(states[0, :2], expected, atol=1e-6)
    assert not states[0, 2].any()
    assert not states[1, 1:].any()
    assert SegmentFrame.from_config(layer.get_config()).mean == list(CONFIG.frame_mean)
