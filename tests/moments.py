"""Stretches of a recording as a model would have answered them."""

import numpy as np

from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.prediction.answers import Prediction
from can_tf.prediction.timeline import Moment


def answered(start, end, words, happy, *, label=None, labels=("happy", "sad"), speaker=None):
    """Returns a stretch whose words share its time, with the probability of the first of two labels."""
    texts = words.split()
    edges = np.linspace(0.0, end - start, len(texts) + 1)
    probabilities = dict(zip(labels, (happy, 1.0 - happy), strict=True))
    best = max(probabilities, key=probabilities.get)
    attention = np.full((2, len(texts)), 1 / len(texts), np.float32)
    answer = Prediction(
        label=label or best,
        most_probable=best,
        probabilities=probabilities,
        calibrated_probabilities=None,
        fused_probabilities=None,
        text_probabilities=None,
        audio_probabilities=None,
        words=tuple(Word(*parts) for parts in zip(texts, edges, edges[1:], strict=False)),
        text_attention=attention,
        audio_attention=attention,
        words_from="recognition",
    )
    return Moment(start, end, answer, speaker)


def unanswered(start, end, why, *, speaker=None):
    """Returns a stretch without words."""
    return Moment(start, end, AlignmentError(why), speaker)
