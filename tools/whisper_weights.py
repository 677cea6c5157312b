"""Makes the weights of the front end `whisper-base` from a model in CTranslate2's format.

    python tools/whisper_weights.py MODEL_DIRECTORY

MODEL_DIRECTORY holds the `model.bin` of multilingual whisper-base in float16, as faster-whisper downloads it
(`Systran/faster-whisper-base`). Its encoder's convolutions, positions and first three blocks go, unchanged, to
`can_tf/features/whisper/data/base.npz`. The format is described by CTranslate2's own writer (`model_spec.py`).
"""

import struct
import sys
from pathlib import Path

import numpy as np

from can_tf.features.whisper.weights import BLOCKS, SHA256, WEIGHTS_PATH, sha256_of_arrays

_BINARY_VERSION = 6
_DTYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """Returns the variables of a `model.bin` by name.

    Raises:
        ValueError: The file is not of this format.
    """
    content = memoryview(path.read_bytes())
    position = 0

    def number(kind: str) -> int:
        nonlocal position
        (value,) = struct.unpack_from(f"<{kind}", content, position)
        position += struct.calcsize(kind)
        return value

    def text() -> str:
        nonlocal position
        length = number("H")
        value = bytes(content[position : position + length])
        position += length
        return value.rstrip(b"\0").decode()

    version, _, _ = number("I"), text(), number("I")
    if version != _BINARY_VERSION:
        raise ValueError(f"{path}: is of binary version {version}; expected {_BINARY_VERSION}.")
    variables = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        dtype, size = _DTYPES[number("B")], number("I")
        variables[name] = np.frombuffer(content[position : position + size], dtype).reshape(shape)
        position += size
    return variables


def encoder_weights(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns what the front end needs, by the names that it uses; every array is float16."""
    names = {
        "positions": "position_encodings/encodings",
        **{f"conv{index}/{part}": f"conv{index}/{part}" for index in (1, 2) for part in ("weight", "bias")},
    }
    for block in range(BLOCKS):
        layer = {
            "attention_norm": "self_attention/layer_norm",
            "qkv": "self_attention/linear_0",
            "out": "self_attention/linear_1",
            "mlp_norm": "ffn/layer_norm",
            "up": "ffn/linear_0",
            "down": "ffn/linear_1",
        }
        for ours, theirs in layer.items():
            for part in ("gamma", "beta") if ours.endswith("norm") else ("weight", "bias"):
                names[f"block{block + 1}/{ours}/{part}"] = f"layer_{block}/{theirs}/{part}"
    return {ours: np.ascontiguousarray(variables[f"encoder/{theirs}"], "<f2") for ours, theirs in names.items()}


def main(model: Path) -> None:
    """Writes the file, if the model is the one that is expected."""
    arrays = encoder_weights(read_variables(model / "model.bin"))
    if sha256_of_arrays(arrays) != SHA256:
        sys.exit(f"{model}: is not multilingual whisper-base in float16; its SHA-256 is {sha256_of_arrays(arrays)}.")
    np.savez_compressed(WEIGHTS_PATH, **arrays)
    print(f"{WEIGHTS_PATH}: {len(arrays)} arrays, {WEIGHTS_PATH.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
