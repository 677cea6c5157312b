"""The encoder against NumPy, against numbers that CTranslate2 gave, and against itself in other company."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from can_tf.features.whisper.encoder import Encoder, encoder
from can_tf.features.whisper.log_mel import log_mel_spectra, mel_filters
from can_tf.features.whisper.weights import read_weights
from can_tf.features.whisper.windows import FRAMES_PER_STATE, joined, windows_of
from tests.features.whisper import reference

SPEECH = Path(__file__).parents[2] / "alignment" / "data" / "austen-0880.flac"  # 3 s, in the public domain
ORACLE = Path(__file__).with_name("data") / "austen-0880.npz"


def speech(seconds):
    samples, _ = soundfile.read(SPEECH, dtype="float32")
    return np.tile(samples, 40)[: round(seconds * 16_000)]


def together(recordings):
    """The log mel spectra and the states behind block 3 of each recording, computed at the same time."""
    lengths = tf.constant([len(samples) for samples in recordings], tf.int64)
    spectra, num_frames = log_mel_spectra(tf.constant(np.concatenate(recordings)), lengths)
    windows = windows_of(num_frames)
    first_frame = tf.gather(tf.cumsum(num_frames, exclusive=True), windows.recording)
    states = encoder(3)(spectra, first_frame + FRAMES_PER_STATE * windows.first_state, windows)
    states, num_states = joined(states, windows, num_frames)
    frame_edges, state_edges = (np.cumsum(counts.numpy())[:-1] for counts in (num_frames, num_states))
    return np.split(spectra.numpy(), frame_edges), np.split(states.numpy(), state_edges)


def test_mel_bands_equal_numpys():
    np.testing.assert_allclose(mel_filters(), reference.mel_filters().T, atol=1e-9)


@pytest.mark.parametrize("count", [1, 100, 159, 160, 384, 16_079])
def test_log_mel_spectra_equal_numpys(count):
    samples = speech(3)[8_000 : 8_000 + count]
    [spectra], _ = together([samples])
    np.testing.assert_allclose(spectra, reference.log_mel(samples), atol=1e-4)


@pytest.mark.parametrize("blocks, count", [(1, 384), (2, 4_800), (3, 5_000)])
def test_states_equal_numpys(blocks, count):
    samples = speech(3)[8_000 : 8_000 + count]
    spectra, num_frames = log_mel_spectra(tf.constant(samples), tf.constant([count], tf.int64))
    windows = windows_of(num_frames)
    states = encoder(blocks)(spectra, windows.first_state, windows)
    expected = reference.encode(reference.log_mel(samples), read_weights(), blocks)
    np.testing.assert_allclose(states, expected, atol=1e-4)


def test_states_equal_ctranslate2s():
    """Every tenth frame and state; the states are those behind block 3, normalized without scale and shift."""
    oracle = np.load(ORACLE)
    [spectra], [states] = together([speech(2.99)])
    np.testing.assert_allclose(spectra[::10], oracle["log_mel"], atol=1e-4)
    np.testing.assert_allclose(reference.norm(states, 1.0, 0.0)[::10], oracle["states"], atol=1e-3)


def test_a_recording_does_not_depend_on_those_beside_it():
    recordings = [speech(seconds) for seconds in (0.024, 3, 29.9, 30.1, 0.5, 61)]
    for samples, spectra, states in zip(recordings, *together(recordings), strict=True):
        [spectra_alone], [states_alone] = together([samples])
        np.testing.assert_allclose(spectra, spectra_alone, atol=1e-5)
        np.testing.assert_allclose(states, states_alone, atol=1e-4)


def test_no_recording_and_digital_silence():
    spectra, num_frames = log_mel_spectra(tf.zeros([0]), tf.zeros([1], tf.int64))
    assert (spectra.shape, num_frames.numpy().tolist()) == ((0, 80), [0])
    [spectra], [states] = together([np.zeros(1_600, np.float32)])
    assert np.unique(spectra).tolist() == [-1.5]  # (log10 of 1e-10, plus 4) / 4
    assert np.isfinite(states).all()


def test_weights_are_kept_as_float16_and_read_once():
    assert encoder(2) is encoder(2)
    assert {weight.dtype for weight in encoder(2).weights.values()} == {tf.float16}
    assert {name.split("/")[0] for name in Encoder(1).weights} == {"positions", "conv1", "conv2", "block1"}
