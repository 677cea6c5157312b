"""can_tf: speech emotion recognition with a Cross Attention Network over aligned audio and text."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from can_tf.api import *  # noqa: F403
    from can_tf.prediction.predictor import Predictor

__version__ = "0.1.0"


def load(path: "Path | str", **options: Any) -> "Predictor":
    """Returns an exported model; ask it with `predict(audio, words)`.

    Args:
        path: A version's folder, or a model's folder, of which the newest version is taken.
        options: Those of `can_tf.prediction.options.PredictionOptions`, such as `reject_below=0.6`.

    Raises:
        ExportError: There is no export, or it cannot be loaded.

    Example:
        >>> model = load("saved_models/can", reject_below=1.0)
        >>> model.predict("talk.wav", "talk.wdseg").label
        'uncertain'
    """
    from can_tf.prediction.options import PredictionOptions
    from can_tf.prediction.predictor import load as load_export

    return load_export(path, PredictionOptions(**options))


def __getattr__(name: str) -> Any:
    """Returns one of the names of `can_tf.api`, which is imported at the first of them: TensorFlow takes seconds."""
    package = Path(__file__).parent
    if not name.startswith("_") and not (package / name).is_dir() and not (package / f"{name}.py").is_file():
        import can_tf.api

        if name in can_tf.api.__all__:
            return getattr(can_tf.api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
