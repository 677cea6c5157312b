"""How recordings over 30 s are cut and joined, worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from can_tf.features.whisper.windows import joined, windows_of


def lists(windows):
    return [part.numpy().tolist() for part in windows]


def test_windows_by_hand():
    # 30 s are one window; a frame more are two, which share 5 s; 55 s are still two, a frame more three.
    assert lists(windows_of(tf.constant([3000, 0, 3001], tf.int64))) == [
        [0, 2, 2],
        [0, 0, 1250],
        [3000, 3000, 501],
        [True, False, True],
    ]
    assert lists(windows_of(tf.constant([5500, 5501], tf.int64)))[2] == [3000, 3000, 3000, 3000, 501]
    assert lists(windows_of(tf.zeros([0], tf.int64))) == [[], [], [], []]


@pytest.mark.parametrize("frames", [1, 2, 2999, 3000, 3001, 5499, 5500, 5501, 9500])
def test_joined_states_are_those_of_the_windows(frames):
    """States that say their place, whatever window they are of, must come out as their places."""
    num_frames = tf.constant([frames, 7], tf.int64)
    windows = windows_of(num_frames)
    first = tf.repeat(windows.first_state, windows.num_states)
    place = first + tf.ragged.range(windows.num_states).flat_values
    states, counts = joined(tf.cast(place, tf.float32)[:, None], windows, num_frames)
    assert counts.numpy().tolist() == [(frames + 1) // 2, 4]
    np.testing.assert_allclose(states.numpy()[:, 0], [*range((frames + 1) // 2), *range(4)], rtol=1e-5)


def test_one_window_fades_into_the_next():
    """Of two windows, one all ones and one all twos, the joined states never jump by more than a 250th."""
    num_frames = tf.constant([5500], tf.int64)
    windows = windows_of(num_frames)
    states = tf.repeat(tf.constant([1.0, 2.0]), windows.num_states)[:, None]
    values = joined(states, windows, num_frames)[0].numpy()[:, 0]
    np.testing.assert_allclose(values[:1250], 1.0, rtol=1e-6)
    np.testing.assert_allclose(values[1250:1500], 1 + (np.arange(250) + 0.5) / 250, rtol=1e-6)
    np.testing.assert_allclose(values[1500:], 2.0, rtol=1e-6)
