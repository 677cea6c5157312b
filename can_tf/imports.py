"""What is imported when."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType


def leave_keras_out() -> None:
    """Has TensorFlow imported without Keras from here on, in half the time.

    TensorFlow imports Keras at its own end, and with it Matplotlib and scikit-learn where they are installed; it does
    without if there is none. Whoever needs Keras, before or after, imports it as ever. For programs of our own: it
    changes how their whole process imports.

    Example:
        >>> leave_keras_out()
        >>> import tensorflow as tf
        >>> import keras
    """
    if not any(isinstance(finder, _KerasLater) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasLater())


class _KerasLater(importlib.abc.MetaPathFinder):
    """Finds a Keras that cannot be loaded, as long as TensorFlow is being imported, which also asks where Keras is."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        tensorflow = sys.modules.get("tensorflow")
        if fullname != "keras" or not getattr(getattr(tensorflow, "__spec__", None), "_initializing", False):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = _Refusal()
        return spec


class _Refusal(importlib.abc.Loader):
    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(f"{module.__name__} is left out for now", name=module.__name__)
