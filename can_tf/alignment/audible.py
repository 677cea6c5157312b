"""What is asked of a recording before any words are looked for in it."""

import numpy as np

from can_tf.errors import AlignmentError
from can_tf.samples import SAMPLE_RATE_HZ

_QUIETEST_PEAK = 1e-3  # Of full scale; nothing louder is silence.


def check_audible(samples: np.ndarray, max_seconds: float) -> None:
    """Raises AlignmentError if a recording is longer than that or silent.

    Args:
        samples: `<float32>[samples]` in [-1, 1] at `SAMPLE_RATE_HZ`.
        max_seconds: The longest that is taken.
    """
    seconds = len(samples) / SAMPLE_RATE_HZ
    if seconds > max_seconds:
        raise AlignmentError(
            f"the recording is {seconds:.0f} s long; expected at most {max_seconds:.0f} s. Cut it at its pauses; "
            "can-tf predict does with --timeline"
        )
    if not len(samples) or np.abs(samples).max() < _QUIETEST_PEAK:
        raise AlignmentError(f"the recording, {seconds:.2f} s long, is silent")
