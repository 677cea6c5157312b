import sys

import numpy as np
import pytest

from can_tf.alignment.espeak import Delivery, Synthesizer
from can_tf.errors import CanError, MissingExtraError

DELIVERY = Delivery(rate=165, volume=100, pitch=50, pitch_range=50)


@pytest.fixture(scope="module")
def synthesizer():
    synthesizer = Synthesizer()
    synthesizer.use_voice("en-us+m1")
    return synthesizer


@pytest.mark.parametrize(
    "sentence", ["no", "kids are talking out of the house", "i had it and i'd do it to the end of the day"]
)
def test_each_word_has_its_time(synthesizer, sentence):
    words = sentence.split()
    speech = synthesizer.speak(words, DELIVERY)
    assert len(speech.words) == len(words)
    edges = np.array(speech.words)
    assert edges[0, 0] == 0.0
    assert edges[-1, 1] == pytest.approx(len(speech.samples) / synthesizer.sample_rate_hz)
    assert (edges[:, 1] > edges[:, 0]).all()
    assert (edges[1:, 0] >= edges[:-1, 1] - 1e-9).all()


def test_a_slow_delivery_takes_longer_and_a_high_one_is_higher(synthesizer):
    words = "kids are talking".split()

    def hertz(speech):
        """The pitch of the loudest tenth of a second, by autocorrelation."""
        samples = speech.samples[: len(speech.samples) // 2205 * 2205].reshape(-1, 2205)
        loudest = samples[np.square(samples).sum(axis=1).argmax()]
        correlation = np.correlate(loudest, loudest, "full")[2204:]
        return 22_050 / (55 + correlation[55:300].argmax())  # 73 to 400 Hz

    normal = synthesizer.speak(words, DELIVERY)
    slow = synthesizer.speak(words, Delivery(100, 100, 50, 50))
    high = synthesizer.speak(words, Delivery(165, 100, 99, 50))
    assert len(slow.samples) > 1.3 * len(normal.samples)
    assert hertz(high) > 1.2 * hertz(normal)


def test_an_unknown_voice_is_refused(synthesizer):
    with pytest.raises(CanError, match="espeak-ng has no voice 'zz'"):
        synthesizer.use_voice("zz")


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'can_tf\[demo\]'"):
        Synthesizer()
