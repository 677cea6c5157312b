"""TensorFlow without Keras, for commands that need no Keras."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType


def leave_keras_out() -> None:
    """Has TensorFlow imported without Keras from here on, in half the time.

    TensorFlow imports Keras at its own end, and with it Matplotlib and scikit-learn where they are installed; it does
    without if there is none. Whoever needs Keras, before or after, imports it as ever. For programs of our own, as it
    changes how their whole process imports: another thread that imports Keras while this one imports TensorFlow fails.

    Example:
        >>> leave_keras_out()
        >>> import tensorflow as tf
        >>> import keras
    """
    if not any(isinstance(finder, _KerasLater) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasLater())


class _KerasLater(importlib.abc.MetaPathFinder):
    """Finds a Keras that cannot be loaded, while TensorFlow is being imported.

    The spec is a real one, for TensorFlow also asks where Keras lies.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        tensorflow = sys.modules.get("tensorflow")
        # Python's own mark of a module whose import has begun and not ended; it has no public name.
        if fullname != "keras" or not getattr(getattr(tensorflow, "__spec__", None), "_initializing", False):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = _Refusal()
        return spec


class _Refusal(importlib.abc.Loader):
    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(f"{module.__name__} is left out for now", name=module.__name__)
