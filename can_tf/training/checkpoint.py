"""A training's variables in a file: the model's and the optimizer's, as they are after an epoch.

Not Keras's own `.weights.h5`: on a full disk, the library behind it takes the process down with a segmentation fault.
"""

import io
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from can_tf.errors import RunError
from can_tf.files import replacing

# What reading a zip archive of arrays raises; RuntimeError is what zipfile says of encryption and of unknown methods.
_DAMAGED = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)


def save_variables(model: keras.Model, path: Path) -> None:
    """Writes the variables of a compiled model whose optimizer is built. Raises OSError if the disk refuses them."""
    content = io.BytesIO()
    np.savez(content, *(variable.numpy() for variable in _variables(model)))
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def load_variables(model: keras.Model, path: Path) -> None:
    """Gives a model the variables that `save_variables` wrote of the same model.

    Raises:
        RunError: The file is missing, damaged, or of another model.
    """
    variables = _variables(model)
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            values = [file[f"arr_{index}"] for index in range(len(file.files))]
        if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
            raise ValueError("it holds the variables of another model")
    except _DAMAGED as error:
        raise RunError(f"{path}: cannot be read ({error}). Delete {path.parent.parent} and train again.") from error
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
