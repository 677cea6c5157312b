"""What a training is asked to do. The defaults are the paper's (Section 4.2) where it gives them."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from can_tf.errors import ConfigError
from can_tf.files import is_plain_name
from can_tf.json_shapes import mismatch

MOST = 2**31 - 1  # What TensorFlow counts to.
CLASS_WEIGHTS = ("none", "balanced")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """One training of one fold.

    The paper gives alpha, heads, units, dropout, batch size, learning rate, clip norm and patience. The number of
    epochs and the cut of long segments are this project's choice: neither is reached in ordinary use.
    """

    fold: int = 0
    protocol: str = "paper"
    model: str = "can"
    alpha: float = 0.1
    heads: int = 4
    units: int = 128
    dropout: float = 0.3
    glove: str | None = None  # None takes the demo's own vectors on the demo corpus, and random ones elsewhere.
    epochs: int = 100
    patience: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-3
    clip_norm: float = 1.0
    class_weight: str = "none"
    max_segment_frames: int = 500  # 5 s; a longer one is nearly always a silence, and a batch pads to its longest.
    seed: int = 0
    devices: int = 1

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_type(field.name, getattr(self, field.name), getattr(type(self), field.name))
        at_least_one = ("heads", "units", "epochs", "patience", "batch_size", "max_segment_frames", "devices")
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in (*at_least_one, "fold", "seed"):
            if getattr(self, name) > MOST:
                raise ConfigError(f"{name} must be at most {MOST}")
        for name in ("alpha", "learning_rate", "clip_norm", "dropout"):
            if mismatch(getattr(self, name), float) and getattr(self, name) > 0:
                raise ConfigError(f"{name} must be a finite number")
        for name in ("fold", "alpha", "seed"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("model", "protocol"):  # Which name run folders.
            if not is_plain_name(getattr(self, name)):
                raise ConfigError(f"{name} must be a bare name, got {ascii(getattr(self, name))[:60]}")
        if self.class_weight not in CLASS_WEIGHTS:
            raise ConfigError(f"class_weight must be one of {', '.join(CLASS_WEIGHTS)}, got {self.class_weight!r}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be at least 0 and below 1, got {self.dropout}")


def _check_type(name: str, value: Any, default: Any) -> None:
    """Raises ConfigError where a value is not of the type of its field's default."""
    expected = (str, type(None)) if default is None else ((int, float) if isinstance(default, float) else type(default))
    if not isinstance(value, expected) or isinstance(value, bool):
        kind = "a path" if default is None else {int: "a whole number", float: "a number", str: "text"}[type(default)]
        raise ConfigError(f"{name} must be {kind}, got {ascii(value)[:60]}")


def read_config(path: Path) -> dict[str, Any]:
    """Reads options from a JSON file: an object whose names are those of `TrainOptions`.

    Raises:
        ConfigError: The file is not such an object; the message names an option that does not exist.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON ({error}).") from error
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path}: expected an object of options, found {type(values).__name__}.")
    names = [field.name for field in dataclasses.fields(TrainOptions)]
    unknown = sorted(ascii(name)[1:-1][:60] for name in set(values) - set(names))
    if unknown:
        raise ConfigError(f"{path}: no such option: {', '.join(unknown)}. The options are {', '.join(names)}.")
    return dict(values)
