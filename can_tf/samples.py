"""Samples as all of can_tf has them: 16 kHz, mono, on the grid of 16-bit integers.

One grid for training and serving: a recording that goes to a server as a wav file of 16-bit PCM gives the very samples
that `build-records` had.
"""

import numpy as np

SAMPLE_RATE_HZ = 16_000
_STEPS = 32_768  # Of the grid, from 0 to full scale.


def on_grid(samples: np.ndarray) -> np.ndarray:
    """Returns the nearest samples on the grid, `<float32>[samples]` in [-1, 1): what is louder is clipped.

    Example:
        >>> on_grid(np.array([0.1, 1.0, -2.0])).tolist()
        [0.100006103515625, 0.999969482421875, -1.0]
    """
    return pcm16(samples).astype(np.float32) / np.float32(_STEPS)


def pcm16(samples: np.ndarray) -> np.ndarray:
    """Returns samples in [-1, 1] as `<int16>[samples]`; exact for samples on the grid.

    Example:
        >>> pcm16(np.array([0.5, -1.0, 1.0])).tolist()
        [16384, -32768, 32767]
    """
    scaled = np.asarray(samples, np.float32) * np.float32(_STEPS)  # Exact: a power of two.
    return np.round(scaled).clip(-_STEPS, _STEPS - 1).astype(np.int16)
