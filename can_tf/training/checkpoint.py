"""A training's variables in a file: the model's and the optimizer's, as they are after an epoch.

Not Keras's own `.weights.h5`: on a full disk, the library behind it takes the process down with a segmentation fault.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from can_tf.errors import RunError
from can_tf.files import replacing

# What reading a zip archive of arrays raises; RuntimeError is what zipfile says of encryption and of unknown methods.
_DAMAGED = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)


def save_variables(model: keras.Model, path: Path) -> None:
    """Writes the variables of a compiled model whose optimizer is built. Raises OSError if the disk refuses them."""
    content = io.BytesIO()
    np.savez(content, **{name: variable.numpy() for name, variable in _variables(model).items()})
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
            values = dict(file)
        if _shapes(values) != _shapes(variables):
            raise ValueError("it holds the variables of another model")
    except _DAMAGED as error:
        raise RunError(f"{path}: cannot be read ({error}). Delete {path.parent.parent} and train again.") from error
    for name, variable in variables.items():
        variable.assign(values[name])


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Returns variables by the name of their array: Keras's own names need not differ."""
    return {
        f"{owner}-{index}": variable
        for owner, variables in (("model", model.variables), ("optimizer", model.optimizer.variables))
        for index, variable in enumerate(variables)
    }


def _shapes(arrays: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(array.shape) for name, array in arrays.items()}
