"""How programs of our own import TensorFlow and Keras: in silence, and without what a command does not need."""

import contextlib
import importlib.abc
import importlib.machinery
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from types import ModuleType

# What TensorFlow's libraries say of themselves before they can be told to be silent.
_GREETING = re.compile(rb"WARNING: All log messages before absl::|[IWE]0000 00:00:")


def silence_tensorflow() -> None:
    """Has TensorFlow imported without its greeting from here on, in this process and those that it starts.

    Errors are said as ever, and so is what else is written to stderr while it is imported, but after that.

    Example:
        >>> silence_tensorflow()
        >>> import tensorflow as tf
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # Its warnings are for those who write graphs.
    if not any(isinstance(finder, _Silence) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Silence())


class _Silence(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if fullname == "tensorflow" else None
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Silently(spec.loader.name, spec.loader.path)
        return spec


class _Silently(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        with _without_greeting():
            super().exec_module(module)


@contextlib.contextmanager
def _without_greeting() -> Iterator[None]:
    with tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(said.fileno(), 2)  # For libraries write to the descriptor.
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            said.seek(0)
            os.write(2, b"".join(line for line in said if not _GREETING.match(line)))


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
