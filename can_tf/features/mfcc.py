"""MFCCs of segments, computed on exactly the real frames, as stock TensorFlow ops (Lee et al., 2020, Section 4.2).

All segments of a batch are done at once and without padding: the first sample of every frame of every segment is worked
out, one gather takes all windows, and window, FFT, mel, logarithm and DCT run on the frames alone. A segment has
`1 + (samples - 400) // 160` frames, at least one; a segment shorter than a window is padded with zeros.

Where librosa differs: its `htk=True` draws the mel triangles linear in Hz (here linear in mel, as HTK and Kaldi do), it
frames by the FFT length rather than the window, and its DCT is orthonormal (here c0 is sqrt(2) times as large). Values
of one signal differ by up to 1.4.
"""

import tensorflow as tf

from can_tf.features.config import FeatureConfig


def frames_of_segments(num_samples: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Returns the number of frames of segments of `num_samples` samples: 0 for none, else at least 1."""
    frames = 1 + (num_samples - config.window_samples) // config.hop_samples
    return tf.where(num_samples > 0, tf.maximum(frames, 1), 0)


def segment_mfcc(
    samples: tf.Tensor, first: tf.Tensor, num_samples: tf.Tensor, config: FeatureConfig
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the MFCCs of all segments, one after another, and how many frames each has.

    Args:
        samples: `<float32>[total]`, in [-1, 1], the waveforms of any number of recordings one after another.
        first: `<int64>[segments]`, each segment's first sample in `samples`.
        num_samples: `<int64>[segments]`, each segment's number of samples.
        config: Window, hop, mel bands.

    Returns:
        `<float32>[frames, mel_bins]` and `<int64>[segments]`.
    """
    segment_frames = frames_of_segments(num_samples, config)
    segment_of_frame = tf.repeat(tf.range(tf.size(first)), segment_frames)
    frame_in_segment = tf.ragged.range(segment_frames).flat_values
    offset = frame_in_segment * config.hop_samples  # <int64>[frames], from the segment's first sample
    in_segment = offset[:, None] + tf.range(config.window_samples, dtype=tf.int64)  # [frames, window]
    index = tf.gather(first, segment_of_frame)[:, None] + in_segment
    # Only a segment shorter than a window has samples to mask; the index is kept inside for its sake.
    windows = tf.gather(samples, tf.minimum(index, tf.size(samples, out_type=tf.int64) - 1))
    inside = in_segment < tf.gather(num_samples, segment_of_frame)[:, None]
    return mfcc_of_windows(tf.where(inside, windows, 0.0), config), segment_frames


def mfcc_of_windows(windows: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Returns `<float32>[frames, mel_bins]` from windows of samples `<float32>[frames, window_samples]`."""
    hamming = tf.signal.hamming_window(config.window_samples, periodic=True)
    spectrum = tf.signal.rfft(windows * hamming, [config.fft_length])
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    mel_weights = tf.signal.linear_to_mel_weight_matrix(  # <float32>[fft_bins, mel_bins]
        config.mel_bins,
        config.fft_length // 2 + 1,
        config.sample_rate_hz,
        lower_edge_hertz=config.mel_min_hz,
        upper_edge_hertz=config.mel_max_hz,  # TensorFlow's default stops at 3.8 kHz.
    )
    log_mel = tf.math.log(tf.matmul(power, mel_weights) + config.log_floor)
    return tf.signal.mfccs_from_log_mel_spectrograms(log_mel)
