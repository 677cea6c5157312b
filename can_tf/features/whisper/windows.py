"""How recordings are cut for an encoder that takes at most 30 s, and how its states become one sequence again.

A recording of up to 30 s is one window. A longer one is cut into windows of 30 s, the last one shorter; neighbors share
5 s, over which one fades into the other, so that states do not jump where windows meet.
"""

from typing import NamedTuple

import tensorflow as tf

from can_tf.features.rows import row_of_each
from can_tf.features.whisper.weights import POSITIONS

FRAMES_PER_STATE = 2
WINDOW_FRAMES = FRAMES_PER_STATE * POSITIONS
SHARED_STATES = 250
_STEP_STATES = POSITIONS - SHARED_STATES


class Windows(NamedTuple):
    """Windows of some recordings, recording by recording.

    Attributes:
        recording: `<int64>[windows]`, the recording that each is of.
        first_state: `<int64>[windows]`, the place of its first state among the recording's.
        num_frames: `<int64>[windows]`, its length in frames of the log mel spectrum.
        is_last: `<bool>[windows]`, whether no window of its recording follows.
    """

    recording: tf.Tensor
    first_state: tf.Tensor
    num_frames: tf.Tensor
    is_last: tf.Tensor

    @property
    def num_states(self) -> tf.Tensor:
        """`<int64>[windows]`."""
        return states_of_frames(self.num_frames)


def states_of_frames(num_frames: tf.Tensor) -> tf.Tensor:
    """Returns how many states a number of frames gives, `<int64>`: half as many, rounded up."""
    return (num_frames + FRAMES_PER_STATE - 1) // FRAMES_PER_STATE


def windows_of(num_frames: tf.Tensor) -> Windows:
    """Returns the windows of recordings of `num_frames` frames, `<int64>[recordings]`; none for 0 frames."""
    step = FRAMES_PER_STATE * _STEP_STATES
    further = (tf.maximum(num_frames - WINDOW_FRAMES, 0) + step - 1) // step
    count = tf.where(num_frames > 0, 1 + further, 0)
    recording = row_of_each(count)
    index = tf.ragged.range(count).flat_values
    left = tf.gather(num_frames, recording) - index * step
    return Windows(
        recording,
        index * _STEP_STATES,
        tf.minimum(left, WINDOW_FRAMES),
        tf.equal(index + 1, tf.gather(count, recording)),
    )


def joined(states: tf.Tensor, windows: Windows, num_frames: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the states of recordings from those of their windows.

    Args:
        states: `<float32>[states of all windows, width]`.
        windows: From `windows_of(num_frames)`.
        num_frames: `<int64>[recordings]`.

    Returns:
        `<float32>[states, width]`, one recording after another, and `<int64>[recordings]`, how many each has.
    """
    num_states = states_of_frames(num_frames)
    window = row_of_each(windows.num_states)  # [states of all windows]
    in_window = tf.ragged.range(windows.num_states).flat_values
    place = tf.cast(in_window, tf.float32) + 0.5
    rising = tf.where(tf.gather(windows.first_state, window) > 0, place / SHARED_STATES, 1.0)
    falling = tf.where(tf.gather(windows.is_last, window), 1.0, (POSITIONS - place) / SHARED_STATES)
    share = tf.clip_by_value(tf.minimum(rising, falling), 0.0, 1.0)
    offset = tf.gather(tf.cumsum(num_states, exclusive=True), windows.recording) + windows.first_state
    destination = tf.gather(offset, window) + in_window
    return tf.math.unsorted_segment_sum(states * share[:, None], destination, tf.reduce_sum(num_states)), num_states
