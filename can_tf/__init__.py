"""can_tf: speech emotion recognition with a Cross Attention Network over aligned audio and text."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from can_tf.prediction.predictor import Predictor

__version__ = "0.1.0"


def load(path: "Path | str", **options: Any) -> "Predictor":
    """Returns an exported model; ask it with `predict(audio, words)`.

    Args:
        path: A version's folder, or a model's, whose newest version is taken.
        options: Those of `can_tf.prediction.predictor.PredictionOptions`, such as `reject_below=0.6`.

    Raises:
        ExportError: There is no export, or it cannot be loaded.
    """
    from can_tf.prediction.predictor import PredictionOptions
    from can_tf.prediction.predictor import load as load_export

    return load_export(path, PredictionOptions(**options))
