"""Those who answer: each takes a signature's inputs by name and returns its outputs by name.

Here is a SavedModel in this process; servers are in `can_tf.prediction.servers`.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from can_tf.errors import ExportError, PredictionError
from can_tf.prediction.description import About, about_export
from can_tf.prediction.requests import SIGNATURE

Arrays = Mapping[str, np.ndarray]

_CHECKED = re.compile(r"assertion failed: \[([^\]]*)\]((?: ?\[[^{\n]*\])?)")  # A message, then values in brackets.
_NOT_TELLING = ("Graph execution error", "Detected at node", "<stack traces", "[[")


class Backend(Protocol):
    """Answers a batch. As text, it says which model it is."""

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature for a batch of inputs.

        Raises:
            PredictionError: The inputs were refused.
            ServerError: Nobody answers, or not as a model of can_tf does.
        """
        ...

    def about(self) -> About:
        """Returns what is known of the model.

        Raises:
            ExportError: An export does not say.
            ServerError: A server does not answer.
        """
        ...


def version_folders(folder: Path) -> list[Path]:
    """Returns the versions in a model's folder: folders named by a number, each with a SavedModel."""
    return [path for path in folder.glob("*") if path.name.isdecimal() and (path / "saved_model.pb").is_file()]


def newest_version(path: Path) -> Path:
    """Returns a version's folder: `path` itself, or the largest number in it.

    Raises:
        ExportError: There is none.
    """
    if (path / "saved_model.pb").is_file():
        return path
    versions = version_folders(path)
    if not versions:
        raise ExportError(
            f"{path}: holds no exported model. Give another folder, or make one with: can-tf export RUN --out {path}"
        )
    return max(versions, key=lambda folder: int(folder.name))


class LocalModel:
    """A SavedModel in this process.

    Args:
        version: `can_tf.prediction.saved_model.LoadedVersion`.

    Raises:
        ExportError: It is not one of can_tf.
    """

    def __init__(self, version: Any):
        self.folder: Path = version.folder
        self._version = version
        if SIGNATURE not in version.definitions:
            raise ExportError(f"{self.folder}: has no signature {SIGNATURE}. Export it again.")

    def __str__(self) -> str:
        with contextlib.suppress(ExportError):
            return f"{self.folder}: labels {', '.join(self.about().labels)}"
        return str(self.folder)

    def about(self) -> About:
        return about_export(self.folder)

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        if signature not in self._version.definitions:
            raise ExportError(f"{self.folder}: has no signature {signature}. Export it again.")
        with refusals_as_errors():
            return self._version.run(signature, inputs)


@contextlib.contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Raises PredictionError where the graph, in this process, refuses its inputs."""
    import tensorflow as tf

    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError, tf.errors.OutOfRangeError) as error:
        raise PredictionError(reason_of(error.message)) from error
    except UnicodeDecodeError as error:  # A refusal that quotes bytes which are no text.
        raise PredictionError(reason_of(error.object.decode("utf-8", "backslashreplace"))) from error


def open_model(path: Path) -> LocalModel:
    """Returns a SavedModel.

    Args:
        path: A version's folder, or a model's, whose newest version is taken.

    Raises:
        ExportError: There is none, or it cannot be loaded.
    """
    from can_tf.prediction.saved_model import LoadedVersion

    return LocalModel(LoadedVersion(newest_version(path)))


def reason_of(message: str) -> str:
    """Returns what the graph says of a refused input, without the names of the nodes that say it."""
    if checked := _CHECKED.search(message):
        text, values = checked.groups()
        return f"{text} {' '.join(values.split())}".rstrip()
    lines = [line.strip() for line in message.splitlines()]
    telling = [line for line in lines if line and not line.startswith(_NOT_TELLING)]
    return telling[0] if telling else "the inputs were refused"
