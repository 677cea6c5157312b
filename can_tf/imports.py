"""How programs of our own import TensorFlow and Keras: quietly, and without what a command does not need."""

import importlib.abc
import importlib.machinery
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType


def silence_tensorflow() -> None:
    """Quiets TensorFlow's log, in this process and those that it starts; to be called before it is imported.

    Of its C++ part, what ends the process is still said, and of its Python part, errors. From Python 3.13 on, a few
    lines come before its libraries can be told.

    Example:
        >>> silence_tensorflow()
        >>> import tensorflow as tf
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # Its warnings are for those who write graphs.


# What is left out while another library is being imported, which would only offer more with it.
_LEFT_OUT = {"keras": "tensorflow", "sklearn": "keras", "matplotlib": "keras"}


def import_late() -> None:
    """Has Keras, scikit-learn and Matplotlib imported by those who ask for them, and by nobody else, from here on.

    TensorFlow imports Keras at its own end, and Keras imports scikit-learn and Matplotlib where they are installed, for
    wrappers and plots that nothing here uses; both do without. Most of the time that they take to import is in these.
    For programs of our own, as it changes how their whole process imports: another thread that imports Keras while this
    one imports TensorFlow fails.

    Example:
        >>> import_late()
        >>> import tensorflow as tf
        >>> import keras
    """
    if not any(isinstance(finder, _Late) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Late())


class _Late(importlib.abc.MetaPathFinder):
    """Finds a library that cannot be loaded, while the one that would only offer more with it is being imported.

    The spec is a real one, for TensorFlow also asks where Keras lies.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        importer = sys.modules.get(_LEFT_OUT.get(fullname, ""))
        # Python's own mark of a module whose import has begun and not ended; it has no public name.
        if not getattr(getattr(importer, "__spec__", None), "_initializing", False):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = _Refusal()
        return spec


class _Refusal(importlib.abc.Loader):
    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(f"{module.__name__} is left out for now", name=module.__name__)
