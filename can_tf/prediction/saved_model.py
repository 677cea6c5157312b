"""An exported version in this process, loaded as TensorFlow Serving loads it: a session over its graph.

Not by `tf.saved_model.load`, whose functions stay with TensorFlow's eager context for as long as the process lives: a
server that takes up a new version every hour would grow without end.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from can_tf.checksums import CHECKSUMS_FILE, changes
from can_tf.errors import DamagedError, ExportError
from can_tf.files import without_patterns
from can_tf.stack import WITH_DEFAULTS

_TAGS = ["serve"]
_FOR_PEOPLE = ".md"
_NO_NEWS = ("loader_impl", "Restoring parameters")


def _is_news(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in _NO_NEWS)


tf.get_logger().addFilter(_is_news)  # That this way of loading is deprecated: see above why it is taken.


class LoadedVersion:
    """A version's signatures.

    Args:
        folder: The version's folder.

    Attributes:
        folder: The same.
        definitions: Signatures by name, as TensorFlow Serving's metadata show them.

    Raises:
        ExportError: It cannot be loaded, or its files are not what was exported.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        _check_unchanged(folder)
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph)
        try:
            with graph.as_default(), without_patterns(folder) as path:
                loaded = tf.compat.v1.saved_model.load(self._session, _TAGS, str(path))
        except (OSError, ValueError, LookupError, RuntimeError, DecodeError, tf.errors.OpError) as error:
            raise ExportError(f"{folder}: cannot be loaded ({' '.join(str(error).split())[:300]}).") from error
        self._signatures = loaded.signature_def
        # As proto3 has it in JSON, defaults included: clients look for "name": "" and "unknown_rank": false.
        self.definitions: dict[str, Any] = {
            name: json_format.MessageToDict(definition, preserving_proto_field_name=True, **WITH_DEFAULTS)
            for name, definition in loaded.signature_def.items()
        }

    def run(
        self, signature: str, inputs: Mapping[str, np.ndarray], *, seconds: float | None = None
    ) -> dict[str, np.ndarray]:
        """Returns a signature's outputs by name. Several threads may do so at once.

        Args:
            signature: Its name.
            inputs: By name.
            seconds: After which it is given up; None for never.

        Raises:
            tf.errors.OpError: The graph refuses the inputs; DeadlineExceededError, it took too long.
        """
        definition = self._signatures[signature]
        feed = {definition.inputs[name].name: values for name, values in inputs.items()}
        outputs = {name: tensor.name for name, tensor in definition.outputs.items()}
        limit = None if seconds is None else tf.compat.v1.RunOptions(timeout_in_ms=max(1, round(seconds * 1e3)))
        try:
            return self._session.run(outputs, feed, options=limit)
        except UnicodeDecodeError as error:  # A refusal that quotes bytes which are no text.
            message = error.object.decode("utf-8", "backslashreplace")
            raise tf.errors.InvalidArgumentError(None, None, message) from error


def _check_unchanged(folder: Path) -> None:
    """Raises ExportError if a file is not what was exported; a text for people, such as the model card, may be."""
    if not (folder / CHECKSUMS_FILE).exists():
        return  # Of an earlier version, or another's.
    try:
        changed = changes(folder, but=_FOR_PEOPLE)
    except DamagedError as error:
        raise ExportError(str(error)) from error
    except OSError as error:
        raise ExportError(f"{error.filename}: cannot be read ({error.strerror}).") from error
    if changed:
        raise ExportError(
            f"{folder}: is not what was exported ({changed[0]}). Export the run again, or copy the folder whole."
        )
