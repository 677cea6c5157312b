"""Both sets of libraries are held to one reference, so each gives the sound of the other to twice the tolerance."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from can_tf.audio import read_recording
from can_tf.audio.resampling import reach, resample, same_time
from can_tf.samples import SAMPLE_RATE_HZ

SPEECH = sorted((Path(__file__).parents[1] / "alignment" / "data").glob("austen-*.flac"))
TOLERANCE = 5e-4
RATES = (8_000, 11_025, 15_999, 16_001, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)


def ideal(samples: np.ndarray, rate: int) -> np.ndarray:
    """Returns sound at 16 kHz by one filter at the common multiple of both rates."""
    down, up = same_time(rate, SAMPLE_RATE_HZ)
    lower = min(rate, SAMPLE_RATE_HZ)
    taps = 2 * round(97 * rate * up / lower) + 1
    low_pass = signal.firwin(taps, 0.956872 * lower / (rate * up), window=("kaiser", 12.9734))
    return signal.resample_poly(samples.astype(np.float64), up, down, window=low_pass)


def speech_at(rate: int, path: Path) -> np.ndarray:
    samples, own_rate = soundfile.read(path)
    down, up = same_time(own_rate, rate)
    return signal.resample_poly(samples, up, down).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_speech_sounds_as_by_an_ideal_filter_whichever_library_resamples(rate):
    assert SPEECH
    for path in SPEECH:
        speech = speech_at(rate, path)
        found, expected = resample(speech, rate, SAMPLE_RATE_HZ), ideal(speech, rate)
        assert found.dtype == np.float32
        assert np.abs(found - expected[: len(found)]).max() < TOLERANCE, path


@pytest.mark.parametrize("rate", RATES)
def test_nothing_is_delayed_and_nothing_is_lost_at_the_end(rate):
    unit, new_unit = same_time(rate, SAMPLE_RATE_HZ)
    units = math.ceil(rate / unit)
    clicks = np.zeros(units * unit, np.float32)
    clicks[np.array([0, units // 2, units - 1]) * unit] = 0.5
    found = resample(clicks, rate, SAMPLE_RATE_HZ)
    peaks = signal.find_peaks(np.pad(found, 1), height=0.8 * found.max())[0] - 1
    assert peaks.tolist() == (np.flatnonzero(clicks) // unit * new_unit).tolist()
    assert found[peaks].max() - found[peaks].min() < TOLERANCE


@pytest.mark.parametrize("rate", [1_000, 8_000, 16_001, 44_100, 999_983])
@pytest.mark.parametrize("count", [1, 2, 160, 4_001])
def test_sound_is_as_long_as_before_to_half_a_sample(rate, count):
    found = resample(np.ones(count, np.float32), rate, SAMPLE_RATE_HZ)
    assert len(found) >= 1
    assert abs(len(found) - count * SAMPLE_RATE_HZ / rate) <= 0.5 or len(found) == 1


def test_what_is_out_of_reach_makes_no_difference():
    rng = np.random.default_rng(0)
    samples, far = rng.uniform(-0.5, 0.5, (2, 44_100)).astype(np.float32)
    around = reach(44_100, SAMPLE_RATE_HZ)
    far[22_050 - around : 22_050 + around] = samples[22_050 - around : 22_050 + around]
    found, other = (resample(each, 44_100, SAMPLE_RATE_HZ)[8_000] for each in (samples, far))
    assert found == pytest.approx(other, abs=1e-6)


def test_a_recording_tells_whether_it_was_resampled():
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 4_000)
    assert not read_recording(samples, sample_rate=16_000).resampled
    assert read_recording(samples, sample_rate=16_001).resampled
