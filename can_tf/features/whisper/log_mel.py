"""What Whisper's encoder reads: log mel spectra, as OpenAI's `whisper/audio.py` computes them, without padding.

Windows of 400 samples (periodic Hann), 160 apart, the first one centered on the first sample, whose left half is the
mirror image of its right; power; 80 mel bands from 0 to 8 kHz, of Slaney's scale and normalized by area; log10 of at
least 1e-10; nothing further than 8 below the recording's largest value; plus 4, divided by 4.

Whisper pads recordings to 30 s with silence. Here none is added, but behind the last sample zeros are read, which is
the same: a recording has `samples // 160` frames.
"""

import functools

import numpy as np
import tensorflow as tf

from can_tf.features.rows import repeated, row_of_each
from can_tf.features.whisper.weights import MEL_BANDS
from can_tf.samples import SAMPLE_RATE_HZ

WINDOW_SAMPLES, HOP_SAMPLES = 400, 160
_BLOCK_SAMPLES = 80  # Windows and hops are whole numbers of them.


def log_mel_spectra(samples: tf.Tensor, recording_samples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the spectra of recordings, one after another, and how many frames each has.

    Args:
        samples: `<float32>[all samples]` in [-1, 1), of all recordings one after another.
        recording_samples: `<int64>[recordings]`.

    Returns:
        `<float32>[frames, 80]`, and `<int64>[recordings]`: at least 1 for a recording of any samples.
    """
    num_frames = tf.where(recording_samples > 0, tf.maximum(recording_samples // HOP_SAMPLES, 1), 0)
    recording = row_of_each(num_frames)  # [frames]
    windows = _windows(samples, recording_samples, num_frames)
    spectrum = tf.signal.rfft(windows * tf.signal.hann_window(WINDOW_SAMPLES, periodic=True))
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    log_mel = tf.math.log(tf.maximum(tf.matmul(power, mel_filters()), 1e-10)) / np.log(10.0).astype(np.float32)
    loudest = tf.math.segment_max(tf.reduce_max(log_mel, axis=1), recording)
    floored = tf.maximum(log_mel, tf.gather(loudest, recording)[:, None] - 8.0)
    return (floored + 4.0) / 4.0, num_frames


def _windows(samples: tf.Tensor, recording_samples: tf.Tensor, num_frames: tf.Tensor) -> tf.Tensor:
    """Returns the samples of each frame's window, `<float32>[frames, 400]`; zeros behind a recording's end.

    They are taken block by block: a window is five blocks of 80 samples, and begins two blocks after the last one.
    """
    per_window, per_hop = WINDOW_SAMPLES // _BLOCK_SAMPLES, HOP_SAMPLES // _BLOCK_SAMPLES
    num_blocks = tf.where(num_frames > 0, per_hop * (num_frames - 1) + per_window, 0)
    blocks = _blocks(samples, recording_samples, num_blocks)
    offset = repeated(tf.cumsum(num_blocks, exclusive=True), num_frames)  # [frames]
    first = offset + per_hop * tf.ragged.range(num_frames).flat_values
    windows = tf.gather(blocks, first[:, None] + tf.range(per_window, dtype=tf.int64))
    return tf.reshape(windows, [-1, WINDOW_SAMPLES])


def _blocks(samples: tf.Tensor, recording_samples: tf.Tensor, num_blocks: tf.Tensor) -> tf.Tensor:
    """Returns recordings with half a window's mirror image before each, and zeros behind, `<float32>[blocks, 80]`."""
    recording = row_of_each(num_blocks)
    first = tf.ragged.range(num_blocks).flat_values * _BLOCK_SAMPLES - WINDOW_SAMPLES // 2
    index = tf.abs(tf.cast(first, tf.int32)[:, None] + tf.range(_BLOCK_SAMPLES))
    within = index < tf.gather(tf.cast(recording_samples, tf.int32), recording)[:, None]
    offset = tf.gather(tf.cast(tf.cumsum(recording_samples, exclusive=True), tf.int32), recording)
    return tf.where(within, tf.gather(samples, tf.where(within, offset[:, None] + index, 0)), 0.0)


@functools.cache
def mel_filters() -> np.ndarray:
    """Returns the mel bands, `<float32>[201, 80]`: triangles on Slaney's scale (Auditory Toolbox, 1998), of area 1.

    The scale is linear up to 1 kHz, three mels per 200 Hz, and logarithmic above, 27 mels for a factor of 6.4.
    """
    log_step = np.log(6.4) / 27

    def to_mel(hertz: float) -> float:
        return 3 * hertz / 200 if hertz < 1000 else 15 + np.log(hertz / 1000) / log_step

    mels = np.linspace(to_mel(0.0), to_mel(SAMPLE_RATE_HZ / 2), MEL_BANDS + 2)
    edges = np.where(mels < 15, 200 * mels / 3, 1000 * np.exp(log_step * (mels - 15)))
    bins = np.linspace(0.0, SAMPLE_RATE_HZ / 2, WINDOW_SAMPLES // 2 + 1)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.maximum(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0.0)
    return (triangles * 2 / (high - low)).astype(np.float32)
