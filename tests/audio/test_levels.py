"""Channels become one, and sound that says nothing is refused."""

import numpy as np
import pytest

from can_tf.audio import read_audio
from can_tf.errors import AudioError
from tests.audio.encoded import RATE_HZ, encoded, voice

VOICE = voice()[:, 0]
MONO = read_audio(VOICE, sample_rate=RATE_HZ)
HISS = 1e-4 * np.random.default_rng(1).normal(size=len(VOICE)).astype(np.float32)


def read(*channels):
    return read_audio(np.stack(channels, axis=1), sample_rate=RATE_HZ)


@pytest.mark.parametrize(
    "channels",
    [
        (VOICE, 0 * VOICE),
        (0 * VOICE, VOICE),
        (0 * VOICE, 0 * VOICE, VOICE, 0 * VOICE, 0 * VOICE, 0 * VOICE),
        (VOICE, VOICE, 0 * VOICE, 0 * VOICE),
        (VOICE, np.sign(HISS) / 32_768),
        (0 * VOICE + 1e-5, VOICE),
    ],
    ids=["left", "right", "center of six", "front of four", "dither", "offset"],
)
def test_channels_that_say_nothing_do_not_make_the_others_quieter(channels):
    np.testing.assert_allclose(read(*channels), MONO, atol=2.1 / 32_768)


def test_of_a_file_as_of_samples():
    content = encoded(np.stack([VOICE, 0 * VOICE], axis=1), "WAV", subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(content), MONO)


def test_channels_that_say_something_are_averaged_however_different():
    np.testing.assert_allclose(read(VOICE, 0.1 * VOICE), 0.55 * MONO, atol=1 / 32_768)
    second = voice(seed=5)[::-1, 0]
    np.testing.assert_allclose(read(VOICE, second), (VOICE + second) / 2, atol=1 / 32_768)


@pytest.mark.parametrize(
    "channels",
    [
        (VOICE, -VOICE),
        (VOICE, -0.9 * VOICE),
        (VOICE, HISS - VOICE),
        (VOICE, -VOICE, 0 * VOICE, 0 * VOICE),
        (VOICE, -VOICE, VOICE, -VOICE),
    ],
)
def test_channels_that_cancel_out_are_refused(channels):
    with pytest.raises(AudioError, match="samples: its channels cancel each other out.*Keep one of them: ffmpeg"):
        read(*channels)


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.zeros(RATE_HZ), "is silent: each of its samples is 0$"),
        (np.zeros((RATE_HZ, 2)), "is silent: each of its samples is 0$"),
        (np.zeros(RATE_HZ, np.int16), "is silent"),
        (np.full(RATE_HZ, 0.25), "holds no sound: its samples lie between 0.25 and 0.25, and 16 bits tell"),
        (np.sign(HISS) / 32_768, "holds no sound: its samples lie between -3.1e-05 and 3.1e-05"),
        (
            VOICE / 32_768,
            "holds no sound: .*If it is speech, it was scaled down too far: scale it to -1 to 1",
        ),  # Scaled twice.
        ((VOICE * 32_767).astype(np.int32), "holds no sound: its samples"),  # Of 16 bits, called 32.
    ],
)
def test_a_recording_in_which_nothing_can_be_heard_is_refused(samples, message):
    with pytest.raises(AudioError, match=message):
        read_audio(samples, sample_rate=RATE_HZ)


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
def test_silence_is_refused_from_any_file(form):
    with pytest.raises(AudioError, match="a: (is silent|holds no sound)"):
        read_audio(encoded(np.zeros(RATE_HZ), form), name="a")


@pytest.mark.parametrize(
    "samples, message",
    [
        (VOICE * 32_768, "its samples reach .*; expected -1 to 1. Scale them first"),
        (np.stack([VOICE * 32_768, -VOICE * 32_768], axis=1), "its samples reach"),
        (VOICE * 128, "its samples reach"),  # Scaled to 8 bits.
        (VOICE * 10, "of its samples are beyond full scale, the loudest at 3.*; expected -1 to 1. Scale them first"),
        ((VOICE * 32_767).astype(np.int64), "are int64 .*; expected floats, or integers of 16 or 32 bits"),
        ((VOICE * 127 + 128).astype(np.uint8), "are uint8"),
    ],
)
def test_samples_that_were_never_scaled_are_refused(samples, message):
    with pytest.raises(AudioError, match=message):
        read_audio(samples, sample_rate=RATE_HZ)


def test_a_little_overshoot_of_decoders_is_clipped():
    loud = VOICE / np.abs(VOICE).max() * 1.3
    assert read_audio(loud, sample_rate=RATE_HZ).max() == 32_767 / 32_768
