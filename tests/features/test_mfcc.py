"""MFCCs against an independent implementation in NumPy of the definition in DESIGN and the paper's Section 4.2."""

import numpy as np
import pytest
import tensorflow as tf

from can_tf.features.front_end import Segments
from can_tf.features.mel import frames_of_segments
from can_tf.features.mfcc import Mfcc
from can_tf.features.recordings import SegmentedAudio, frames_of_recordings
from can_tf.features.segments import segment_samples

MFCC = Mfcc()


def numpy_mfcc(samples: np.ndarray) -> np.ndarray:
    """MFCCs of one segment, `[frames, 40]`, in float64 and with none of the code under test."""
    frames = max(1, 1 + (len(samples) - 400) // 160)
    padded = np.pad(samples.astype(np.float64), (0, max(0, 400 - len(samples))))
    windows = np.stack([padded[160 * frame : 160 * frame + 400] for frame in range(frames)])
    hamming = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)  # Periodic: divided by 400, not 399.
    power = np.abs(np.fft.rfft(windows * hamming, 512)) ** 2

    def mel(hertz):
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)  # HTK's scale.

    edges = np.linspace(mel(20.0), mel(8000.0), 42)
    bins = mel(np.arange(257) * 16_000 / 512)
    triangles = np.zeros((257, 40))
    for band in range(40):
        left, center, right = edges[band : band + 3]
        rising, falling = (bins - left) / (center - left), (right - bins) / (right - center)
        triangles[:, band] = np.maximum(0.0, np.minimum(rising, falling))
    log_mel = np.log(power @ triangles + 1e-6)
    basis = np.cos(np.pi * np.outer(np.arange(40) + 0.5, np.arange(40)) / 40)  # [band, coefficient]
    return log_mel @ basis * np.sqrt(2 / 40)


def mfcc_of(samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The frames of one segment, a recording's first `count` samples, and how many there are."""
    of_one, zero = (tf.constant([number], tf.int64) for number in (len(samples), 0))
    frames, counts = MFCC.frames(Segments(tf.constant(samples), of_one, zero, zero, tf.constant([count], tf.int64)))
    return frames.numpy(), counts.numpy()


def noise(count: int, seed: int = 0) -> np.ndarray:
    return (0.2 * np.random.default_rng(seed).normal(size=count)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 160, 399, 400, 559, 560, 16_000])
def test_mfcc_of_one_segment_equals_numpys(count):
    samples = noise(count)
    mfcc, frames = mfcc_of(samples, count)
    expected = numpy_mfcc(samples)
    assert frames.tolist() == [len(expected)]
    np.testing.assert_allclose(mfcc, expected, atol=1e-4)


def test_a_tone_and_digital_silence_are_finite_and_equal_numpys():
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)).astype(np.float32)
    for samples in (tone, np.zeros(8000, np.float32)):
        mfcc, _ = mfcc_of(samples, 8000)
        np.testing.assert_allclose(mfcc, numpy_mfcc(samples), atol=2e-4)


def test_segments_of_several_recordings_at_once_equal_each_alone():
    recordings = [
        SegmentedAudio(noise(9_000, 1), [(0.0, 0.2), (0.2, 0.215), (0.215, 0.5)]),
        SegmentedAudio(noise(700, 2), [(0.0, 0.02)]),
    ]
    for recording, (mfcc, frames) in zip(recordings, frames_of_recordings(recordings, MFCC, 0.0), strict=True):
        pieces = [recording.samples[round(start * 16_000) : round(end * 16_000)] for start, end in recording.spans]
        expected = [numpy_mfcc(piece) for piece in pieces]
        assert frames.tolist() == [len(piece) for piece in expected]
        np.testing.assert_allclose(mfcc, np.concatenate(expected), atol=1e-4)


def test_a_short_segment_does_not_hear_its_neighbor():
    samples = np.concatenate([noise(200, 3), np.ones(800, np.float32)])
    mfcc, _ = mfcc_of(samples, 200)
    np.testing.assert_allclose(mfcc, numpy_mfcc(samples[:200]), atol=1e-4)


def test_frames_are_counted_as_the_design_says():
    counts = tf.constant([0, 1, 399, 400, 559, 560, 16_000], tf.int64)
    assert frames_of_segments(counts, MFCC).numpy().tolist() == [0, 1, 1, 1, 1, 2, 98]


def test_overlap_grows_each_span_by_half_its_share_and_clips_to_the_audio():
    # Table 1: lengths 0.76, 0.39, 0.63 s grow by 0.038, 0.0195, 0.0315 s an end; the audio has 1.8 s, 28,800 samples.
    first, count = segment_samples(
        tf.constant([0.0, 0.76, 1.15]), tf.constant([0.76, 1.15, 1.78]), tf.constant(28_800, tf.int64), 0.1
    )
    assert first.numpy().tolist() == [0, 11_848, 17_896]  # 0 (clipped), 0.7405 s, 1.1185 s
    assert (first + count).numpy().tolist() == [12_768, 18_712, 28_800]  # 0.798 s, 1.1695 s, 1.8 s (clipped)
    assert frames_of_segments(count, MFCC).numpy().tolist() == [78, 41, 66]


def test_without_overlap_spans_are_as_given():
    first, count = segment_samples(
        tf.constant([0.0, 0.76, 1.15]),
        tf.constant([0.76, 1.15, 1.78]),
        tf.constant(28_800, tf.int64),
        0.0,
    )
    assert first.numpy().tolist() == [0, 12_160, 18_400]
    assert (first + count).numpy().tolist() == [12_160, 18_400, 28_480]


def test_a_segment_outside_the_audio_has_no_samples_and_no_frames():
    [(mfcc, frames)] = frames_of_recordings([SegmentedAudio(noise(1600), [(0.0, 0.1), (0.5, 0.9)])], MFCC, 0.1)
    assert frames[1] == 0
    assert len(mfcc) == frames[0]


def test_the_same_audio_gives_the_same_features_wherever_it_stands_in_a_long_recording():
    # float32 seconds alone would round to the wrong sample late in a long recording.
    samples = noise(16_000 * 60)
    start = 59.00003
    first, _ = segment_samples(tf.constant([start]), tf.constant([59.5]), tf.constant(len(samples), tf.int64), 0.1)
    exact = np.float64(np.float32(start)) - 0.05 * (np.float64(np.float32(59.5)) - np.float64(np.float32(start)))
    assert first.numpy().tolist() == [round(exact * 16_000)]
