"""A CAN small enough for tests, and batches for it."""

import numpy as np
import tensorflow as tf

from can_tf.models.config import ModelConfig

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
