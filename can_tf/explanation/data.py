"""What the page and the figure show: a recording, its words, and what each part of the model made of them."""

import base64
import dataclasses
from typing import Any

import numpy as np

from can_tf.features.mel import log_mel_spectrogram
from can_tf.features.mel_settings import MelSettings
from can_tf.prediction.answers import Prediction
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors, plain_word
from can_tf.prediction.requests import Request
from can_tf.samples import SAMPLE_RATE_HZ, pcm16

_DECIBELS = 10 / np.log(10)  # Of a natural logarithm of power.
_MOST_COLUMNS = 8_000
_FAINTEST = 1e-6  # Below a sample of 16 bits; what is digital silence stays so.
_RANGE_DECIBELS = 80.0  # Below the loudest, nothing is to be seen.


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    """A prediction with the sound it is about.

    Attributes:
        name: Of the recording.
        prediction: What the model says.
        samples: `<float32>[samples]` from `can_tf.audio.read_audio`.
        true: The true label, where it is known.

    Example:
        >>> from can_tf import explain_recordings, load
        >>> model = load("saved_models/can")
        >>> [explanation] = explain_recordings(model, "talk.wav").values()
        >>> sorted(explanation.to_json())[:3]
        ['audio_probabilities', 'calibrated_probabilities', 'confidence']
    """

    name: str
    prediction: Prediction
    samples: np.ndarray
    true: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.name}: {self.prediction!r}>"

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return len(self.samples) / SAMPLE_RATE_HZ

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values: those of the prediction, with each word's attention by head, and the recording's."""
        words = [
            {**word, "text_attention_by_head": _rounded(text), "audio_attention_by_head": _rounded(audio)}
            for word, text, audio in zip(
                self.prediction.to_json()["words"],
                self.prediction.text_attention.T,
                self.prediction.audio_attention.T,
                strict=True,
            )
        ]
        return {
            "name": self.name,
            "seconds": round(self.seconds, 4),
            "true": self.true,
            **self.prediction.to_json(),
            "words": words,
        }

    def to_page(self) -> dict[str, Any]:
        """Returns the same and what the page shows besides: labels' words and colors, the spectrogram, the sound."""
        levels = _at_most(_MOST_COLUMNS, spectrogram_levels(self.samples))
        samples = pcm16(self.samples).astype("<i2")
        return {
            **self.to_json(),
            "emotions": self._emotions(),
            "spectrogram": {"frames": levels.shape[0], "bands": levels.shape[1], "levels": _base64(levels)},
            "sound": {"sample_rate_hz": SAMPLE_RATE_HZ, "samples": _base64(samples)},
        }

    def _emotions(self) -> dict[str, dict[str, str]]:
        """Returns how each label is shown, and what else stands in its place."""
        colors = label_colors(self.prediction.probabilities)
        shown = [*colors, self.prediction.label, *([self.true] if self.true is not None else [])]
        return {label: {"word": plain_word(label), "color": colors.get(label, UNCERTAIN_COLOR)} for label in shown}


def explanation_of(name: str, request: Request, prediction: Prediction, true: str | None = None) -> Explanation:
    """Returns the explanation of an answer to a request."""
    return Explanation(name, prediction, request.samples, true)


def spectrogram_levels(samples: np.ndarray) -> np.ndarray:
    """Returns the mel spectrogram as levels to draw, 0 for 80 dB below the loudest and 255 for the loudest.

    Args:
        samples: `<float32>[samples]` from `can_tf.audio.read_audio`.

    Returns:
        `<uint8>[frames, bands]`, one frame every 10 ms, in 40 bands from 20 to 8,000 Hz.
    """
    loudest = float(np.abs(samples).max())
    # To the same loudness, for the logarithm has a floor.
    decibels = _DECIBELS * log_mel_spectrogram(samples / max(loudest, _FAINTEST), MelSettings()).numpy()
    above = (decibels - decibels.max()) / _RANGE_DECIBELS + 1
    levels = np.round(255 * above.clip(0, 1)).astype(np.uint8)
    return levels if loudest > _FAINTEST else np.zeros_like(levels)


def _at_most(columns: int, levels: np.ndarray) -> np.ndarray:
    """Returns `<uint8>[frames, bands]` with no more frames than a browser draws, each the largest of its neighbors."""
    step = -(-len(levels) // columns)
    return np.maximum.reduceat(levels, np.arange(0, len(levels), step)) if step > 1 else levels


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()
