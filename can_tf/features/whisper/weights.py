"""The encoder's weights, which ship with the package: see `data/README.md`. Reads without TensorFlow."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from can_tf.errors import DamagedError

BLOCKS = 3  # Of the encoder's six: the middle ones know most about how something is said.
WIDTH = 512
HEADS = 8
MEL_BANDS = 80
POSITIONS = 1500
WEIGHTS_PATH = Path(__file__).with_name("data") / "base.npz"
LICENSE_PATH = WEIGHTS_PATH.with_name("LICENSE")
SHA256 = (
    "01f13c07ab33e0ecd604f20bd96fbcebaaa28d96d28a6587b13cb252c82fa14c"  # Of the arrays, as `sha256_of_arrays` counts.
)


def sha256_of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Returns a hash of names, shapes and values, whatever file they come in.

    Example:
        >>> sha256_of_arrays({"a": np.zeros(2, "<f2")})[:8]
        '4f136a67'
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} {arrays[name].dtype.str}\n".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def read_weights() -> dict[str, np.ndarray]:
    """Returns the arrays `<float16>` by name: matrices are `[out, in]`, convolutions `[out, in, width]`.

    Raises:
        DamagedError: The file is missing, or is not what the package was released with.

    Example:
        >>> read_weights()["conv1/weight"].shape
        (512, 80, 3)
    """
    try:
        with np.load(WEIGHTS_PATH, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DamagedError(f"{WEIGHTS_PATH}: cannot be read ({error}). Install can_tf again.") from error
    if sha256_of_arrays(arrays) != SHA256:
        raise DamagedError(f"{WEIGHTS_PATH}: is not the file that can_tf was released with. Install can_tf again.")
    return arrays
