"""A model and a finder of words that answer at once, as they are told."""

import threading
from collections import Counter

import numpy as np

from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.prediction.description import About
from can_tf.prediction.predictor import PredictionOptions, Predictor
from can_tf.samples import SAMPLE_RATE_HZ

LABELS = ("happy", "sad")


class StandInModel:
    """Finds every utterance happy, by the number of its words."""

    def __str__(self):
        return "a stand-in"

    def about(self):
        return About(LABELS)

    def answer(self, inputs, signature="serving_default"):
        rows, most = len(inputs["num_words"]), inputs["words"].shape[1]
        happy = 1 - 0.25 / inputs["num_words"].astype(np.float64)
        attention = (np.arange(most) < inputs["num_words"][:, None]) / inputs["num_words"][:, None]
        return {
            "probabilities": np.stack([happy, 1 - happy], axis=1),
            "label": np.full(rows, "happy", object),
            "labels": np.full((rows, 2), LABELS, object),
            "text_attention": attention[:, None, :],
            "audio_attention": attention[:, None, :],
        }


class StandInFinder:
    """Hears a word a second, and none in less than a second. Waits for `go_on` before each answer."""

    recognizer, longest_seconds, whole_seconds = "a stand-in", 60.0, 0.0

    def __init__(self, whole_seconds=0.0):
        self.heard, self.asked, self.whole_seconds = Counter(), [], whole_seconds
        self.go_on = threading.Event()
        self.go_on.set()

    def find(self, samples, transcript=None):
        assert self.go_on.wait(60)
        self.asked.append(samples)
        count = len(samples) // SAMPLE_RATE_HZ
        if not count:
            raise AlignmentError("no words were recognized in the recording")
        return tuple(Word(f"w{index}", float(index), index + 0.5) for index in range(count))


def stand_in_predictor(finder=None, **options):
    """Returns a predictor of the two."""
    return Predictor(StandInModel(), PredictionOptions(**options), word_finder=finder or StandInFinder())
