import itertools

import numpy as np
import pytest

from can_tf.alignment.recognition.sphinx import SphinxRecognizer
from can_tf.alignment.silence import is_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.errors import AlignmentError
from can_tf.samples import SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def recognizer():
    return SphinxRecognizer()


def test_some_words_of_real_speech_are_recognized_with_times(recognizer, speech):
    tokens = recognizer.recognize(speech.samples)
    found = {token.text for token in tokens if not is_silence(token.text)}
    said = set(spoken_words(speech.transcript))
    assert len(found & said) >= len(said) / 2  # It is no better than that.
    assert all(token.start < token.end <= speech.seconds for token in tokens)
    assert all(left.end <= right.start + 1e-9 for left, right in itertools.pairwise(tokens))
    assert recognizer.recognize(speech.samples) == tokens


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.zeros(SAMPLE_RATE_HZ, np.float32), "1.00 s long, is silent"),
        (np.random.default_rng(0).normal(0, 0.3, SAMPLE_RATE_HZ).astype(np.float32), "no words were recognized"),
        (np.random.default_rng(0).normal(0, 0.3, SAMPLE_RATE_HZ // 10).astype(np.float32), "0.10 s long; is it speech"),
        (np.ones(61 * SAMPLE_RATE_HZ, np.float32), "61 s long; expected at most 60 s"),
    ],
)
def test_what_holds_no_speech_is_refused(recognizer, samples, message):
    with pytest.raises(AlignmentError, match=message):
        recognizer.recognize(samples)
