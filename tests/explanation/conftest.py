"""An explanation made by hand, of four tones, a word each, with attention that no model gave; and a browser."""

import numpy as np
import pytest

from can_tf.alignment.word import Word
from can_tf.explanation.data import Explanation
from can_tf.prediction.answers import Prediction
from tests.browser import start_browser

RATE_HZ = 16_000
TONES_HZ = (400, 3_000, 1_200, 5_000)
WORDS = (Word("low", 0.0, 0.5), Word("high", 0.5, 0.8), Word("mid", 0.8, 1.5), Word("top", 1.5, 1.62))
TEXT = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]], np.float32)
AUDIO = np.array([[0.25, 0.25, 0.25, 0.25], [0.05, 0.9, 0.05, 0.0]], np.float32)


def tones() -> np.ndarray:
    """Returns `<float32>[samples]`: each word is a tone from its start to its end."""
    parts = [
        np.sin(2 * np.pi * hertz * np.arange(round((word.end - word.start) * RATE_HZ)) / RATE_HZ)
        for word, hertz in zip(WORDS, TONES_HZ, strict=True)
    ]
    return (0.5 * np.concatenate(parts)).astype(np.float32)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def explanation() -> Explanation:
    prediction = Prediction(
        label="sad",
        most_probable="sad",
        probabilities={"sad": 0.75, "hap": 0.25},
        calibrated_probabilities=None,
        fused_probabilities={"sad": 0.7, "hap": 0.3},
        text_probabilities={"sad": 0.4, "hap": 0.6},
        audio_probabilities={"sad": 0.9, "hap": 0.1},
        words=WORDS,
        text_attention=TEXT,
        audio_attention=AUDIO,
        words_from="alignment",
    )
    return Explanation("tones <b>& more", prediction, tones(), "hap")
