"""Loading a trained model from its `.keras` file, which may come from anywhere: nothing in it is run as Python."""

import json
import math
import zipfile
import zlib
from pathlib import Path

import keras
import tensorflow as tf

import can_tf.layers  # noqa: F401  Registers the layers that a saved model names.
from can_tf.errors import RunError

# All that a model of can_tf is saved as. Others, such as assets, would be unpacked to files.
_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
_LARGEST_RATIO = 10  # Keras does not compress, and weights compress little: what unpacks to more is made to do harm.
# What Keras raises of a configuration that it did not write.
_DAMAGED = (
    *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
    *(MemoryError, RuntimeError, tf.errors.OpError, zipfile.BadZipFile, zlib.error),
)


def load_model(path: Path) -> keras.Model:
    """Returns the model of a `.keras` file, not compiled.

    Raises:
        RunError: The file is missing, damaged, no model of can_tf, or would run Python code or unpack without measure.
    """
    try:
        _check_archive(path)
        _check_size(path)
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except _DAMAGED as error:
        # The first sentence: Keras goes on to say how to load what is not safe.
        reason = " ".join(str(error).split()).partition(". ")[0]
        raise RunError(f"{path}: cannot be loaded ({reason}). Expected a model that can-tf train has saved.") from error


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    names = [member.filename for member in members]
    if sorted(names) != sorted(_MEMBERS):
        other = next((name for name in names if name not in _MEMBERS), None)
        found = f"{len(names)} members, not each once" if other is None else repr(other[:80])
        raise ValueError(f"expected {', '.join(sorted(_MEMBERS))} in the archive, found {found}")
    # The sizes of its directory; the library reads no member further than that.
    size, unpacked = path.stat().st_size, sum(member.file_size for member in members)
    if unpacked > _LARGEST_RATIO * size:
        raise ValueError(f"its {size} bytes would unpack to {unpacked}, more than {_LARGEST_RATIO} times as many")


def _check_size(path: Path) -> None:
    """Raises ValueError for layers that would take more memory than the file holds weights for."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        stored = archive.getinfo("model.weights.h5").file_size
    config.pop("compile_config", None)  # An optimizer has variables already, and is not loaded.
    try:
        with keras.StatelessScope(initialize_variables=False):  # Nothing is allocated: only shapes are known.
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        needed = sum(4 * math.prod(weights.shape) for weights in model.weights)
        if needed > stored:
            raise ValueError(f"its layers need {needed} bytes of weights, and it holds {stored}")
    except Exception:
        keras.backend.clear_session()  # Else Keras allocates what was put off before it makes its next variable.
        raise
