"""can_tf: speech emotion recognition with a Cross Attention Network over aligned audio and text."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from can_tf.alignment.recognition import Recognizer
    from can_tf.prediction.predictor import Predictor

__version__ = "0.1.0"


def load(path: "Path | str", *, recognizer: "Recognizer | None" = None, reject_below: float = 0.0) -> "Predictor":
    """Returns an exported model; ask it with `predict(audio, words)`. See `can_tf.prediction.predictor`.

    Args:
        path: A version's folder, or a model's, whose newest version is taken.
        recognizer: Finds the words of recordings that come without; None is pocketsphinx, whose words are mediocre.
        reject_below: Confidence, from 0 to 1, below which a prediction's label is "uncertain".
    """
    from can_tf.prediction.predictor import load as load_export  # Imports TensorFlow.

    return load_export(path, recognizer=recognizer, reject_below=reject_below)
