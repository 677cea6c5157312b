"""How programs of our own import TensorFlow and Keras: quietly, and without what a command does not need."""

import functools
import gc
import importlib.abc
import importlib.machinery
import logging
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any


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


_LARGE = ("tensorflow", "keras")
# What is left out while another library is being imported, which would only offer more with it.
_LEFT_OUT = {"keras": "tensorflow", "sklearn": "keras", "matplotlib": "keras"}


def import_lean() -> None:
    """Has TensorFlow and Keras imported in less time from here on: half of it, where everything is installed.

    TensorFlow imports Keras at its own end, and Keras imports scikit-learn and Matplotlib where they are installed, for
    wrappers and plots that nothing here uses; all do without. They are imported by those who ask for them, and by
    nobody else. Nor does Python look for garbage while TensorFlow and Keras are imported: there is next to none.

    For programs of our own, as it changes how their whole process imports: another thread that imports Keras while this
    one imports TensorFlow fails.

    Example:
        >>> import_lean()
        >>> import tensorflow as tf
        >>> import keras
    """
    if not any(isinstance(finder, _Lean) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Lean())


class _Lean(importlib.abc.MetaPathFinder):
    """Finds large libraries as Python does, and lets them be loaded in less time, or for now not at all.

    A library that cannot be loaded for now has a real spec, for TensorFlow also asks where Keras lies.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        importer = sys.modules.get(_LEFT_OUT.get(fullname, ""))
        # Python's own mark of a module whose import has begun and not ended; it has no public name.
        left_out = getattr(getattr(importer, "__spec__", None), "_initializing", False)
        if not left_out and fullname not in _LARGE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and left_out:
            spec.loader = _Refusal()
        elif spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = functools.partial(_uncollected, loader.exec_module)
        return spec


def _uncollected(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Loads a module whose many objects stay: the collector of garbage goes through them neither now nor later."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        execute(module)
    finally:
        if enabled:
            gc.freeze()
            gc.enable()


class _Refusal(importlib.abc.Loader):
    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(f"{module.__name__} is left out for now", name=module.__name__)
