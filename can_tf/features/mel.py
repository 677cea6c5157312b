"""Log mel spectra of segments, computed on exactly the real frames, as stock TensorFlow ops.

All segments of a batch are done at the same time and without padding: windows, FFT, mel bands and logarithm run on
exactly the frames that there are. With windows of 400 samples and hops of 160, a segment has
`1 + (samples - 400) // 160` frames, at least one; a segment shorter than a window is padded with zeros.

Where librosa differs: its `htk=True` draws the mel triangles linear in Hz (here linear in mel, as HTK and Kaldi do),
and it frames by the FFT length rather than the window.
"""

import math

import tensorflow as tf

from can_tf.features.front_end import Segments
from can_tf.features.mel_settings import MelSettings
from can_tf.features.rows import repeated
from can_tf.samples import SAMPLE_RATE_HZ


def frames_of_segments(num_samples: tf.Tensor, settings: MelSettings) -> tf.Tensor:
    """Returns the number of frames of segments of `num_samples` samples: 0 for none, else at least 1."""
    frames = 1 + (num_samples - settings.window_samples) // settings.hop_samples
    return tf.where(num_samples > 0, tf.maximum(frames, 1), 0)


def log_mel_of_segments(segments: Segments, settings: MelSettings) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the log mel spectra of all segments, one after another, and how many frames each segment has.

    Returns:
        `<float32>[frames, mel_bins]`, natural logarithms of power, and `<int64>[segments]`.
    """
    segment_frames = frames_of_segments(segments.num_samples, settings)
    offset = tf.gather(tf.cumsum(segments.recording_samples, exclusive=True), segments.recording)
    windows = _windows(segments.samples, offset + segments.first, segments.num_samples, segment_frames, settings)
    return log_mel_of_windows(windows, settings), segment_frames


def _windows(
    samples: tf.Tensor, first: tf.Tensor, num_samples: tf.Tensor, segment_frames: tf.Tensor, settings: MelSettings
) -> tf.Tensor:
    """Returns the windows of all segments' frames, `<float32>[frames, window_samples]`.

    Windows overlap, and to take their samples one by one would take most of them two or three times. So segments are
    cut into blocks of the largest length that divides both hop and window, and a window is some blocks in a row.
    """
    block_samples = math.gcd(settings.window_samples, settings.hop_samples)
    window_blocks, hop_blocks = settings.window_samples // block_samples, settings.hop_samples // block_samples
    segment_blocks = tf.where(segment_frames > 0, (segment_frames - 1) * hop_blocks + window_blocks, 0)
    in_segment = tf.ragged.range(segment_blocks).flat_values * block_samples  # [blocks], first sample in its segment
    blocks = _blocks(samples, repeated(first, segment_blocks) + in_segment, block_samples, settings.window_samples)
    # Only a segment shorter than a window has samples to mask, and few batches have one.
    blocks = tf.cond(
        tf.reduce_any((num_samples > 0) & (num_samples < settings.window_samples)),
        lambda: _without_samples_behind(blocks, repeated(num_samples, segment_blocks) - in_segment),
        lambda: blocks,
    )
    first_block = repeated(tf.cumsum(segment_blocks, exclusive=True), segment_frames)
    first_block += tf.ragged.range(segment_frames).flat_values * hop_blocks  # [frames]
    windows = tf.gather(blocks, first_block[:, None] + tf.range(window_blocks, dtype=tf.int64))
    return tf.reshape(windows, [-1, settings.window_samples])


def _blocks(samples: tf.Tensor, first: tf.Tensor, block_samples: int, most_behind: int) -> tf.Tensor:
    """Returns `<float32>[blocks, block_samples]`, each from its sample `first`, at most `most_behind` over the end."""
    index = tf.cast(first, tf.int32)[:, None] + tf.range(block_samples)  # Half the bytes of int64: 2^31 is 37 hours.
    return tf.gather(tf.pad(samples, [[0, most_behind]]), index)


def _without_samples_behind(blocks: tf.Tensor, real_samples: tf.Tensor) -> tf.Tensor:
    """Returns the blocks with zeros in place of all but each one's first `real_samples`."""
    places = tf.range(tf.shape(blocks)[1], dtype=tf.int32)
    return tf.where(places < tf.cast(real_samples, tf.int32)[:, None], blocks, 0.0)


def log_mel_spectrogram(samples: tf.Tensor, settings: MelSettings) -> tf.Tensor:
    """Returns a recording's log mel spectrogram, for the eye: a model reads the frames of segments.

    Args:
        samples: `<float32>[samples]` in [-1, 1], at least one.
        settings: Windows and mel bands.

    Returns:
        `<float32>[frames, mel_bins]`, natural logarithms of power.
    """
    num_samples, zero = tf.shape(samples, tf.int64), tf.zeros([1], tf.int64)
    return log_mel_of_segments(Segments(samples, num_samples, zero, zero, num_samples), settings)[0]


def log_mel_of_windows(windows: tf.Tensor, settings: MelSettings) -> tf.Tensor:
    """Returns natural logarithms of power by mel band, `<float32>[frames, mel_bins]`.

    Args:
        windows: `<float32>[frames, window_samples]`.
        settings: FFT length, mel bands, floor.
    """
    hamming = tf.signal.hamming_window(settings.window_samples, periodic=True)
    spectrum = tf.signal.rfft(windows * hamming, [settings.fft_length])
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    mel_weights = tf.signal.linear_to_mel_weight_matrix(  # <float32>[fft_bins, mel_bins]
        settings.mel_bins,
        settings.fft_length // 2 + 1,
        SAMPLE_RATE_HZ,
        lower_edge_hertz=settings.mel_min_hz,
        upper_edge_hertz=settings.mel_max_hz,  # TensorFlow's default stops at 3.8 kHz.
    )
    return tf.math.log(tf.matmul(power, mel_weights) + settings.log_floor)
