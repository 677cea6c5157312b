"""What a model is made from. The defaults are the paper's (Section 4.2)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from can_tf.errors import ConfigError
from can_tf.json_shapes import count, mismatch

_SHAPE = {
    "labels": [str],
    "vocabulary": [str],
    "frame_mean": [float],
    "frame_variance": [float],
    "embedding_dim": count,
    "units": count,
    "heads": count,
    "dropout": float,
    "alpha": float,
    "seed": int,
    "stop_gradient": bool,
    "one_frame": bool,
    "fast": bool,
    "class_weights": [float],
}


def _nonsense(values: Mapping[str, Any]) -> str | None:
    """Returns what is of the right type and cannot be."""
    unknown = sorted(set(values) - set(_SHAPE))
    labels, width = values["labels"], len(values["frame_mean"])
    wrong = {
        f"has {', '.join(map(ascii, unknown))}": bool(unknown),
        "labels: expected one at least, each once": not labels or len(set(labels)) < len(labels),
        "vocabulary: expected each word once": len(set(values["vocabulary"])) < len(values["vocabulary"]),
        "frame_variance: expected as many as frame_mean": not 0 < width == len(values["frame_variance"]),
        "frame_variance: expected none below 0": min(values["frame_variance"], default=0) < 0,
        "dropout: expected at least 0 and below 1": not 0 <= values["dropout"] < 1,
        "alpha: expected at least 0": values["alpha"] < 0,
        "seed: expected 0 to 2147483647": not 0 <= values["seed"] < 2**31,
        "class_weights: expected none below 0": min(values["class_weights"], default=0) < 0,
        "class_weights: expected none, or one per label": len(values["class_weights"]) not in (0, len(labels)),
    }
    return next((what for what, is_wrong in wrong.items() if is_wrong), None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A Cross Attention Network or one of its variants.

    Attributes:
        labels: Names of the classes, in index order.
        vocabulary: Known words, lower case.
        frame_mean, frame_variance: Of each of a frame's numbers over the training set; as many as a frame is wide.
        embedding_dim: Dimensions of a word vector.
        units: LSTM units per direction. The paper says "128 hidden units"; per direction is this project's reading.
        dropout: After each BLSTM.
        heads: Attention heads per modality.
        alpha: Weight of the single-modality losses and predictions (Eqs. 14 and 15).
        stop_gradient: Whether the crossed weights are cut from the gradient (Eqs. 7 and 9).
        one_frame: Whether the front end makes one frame of a segment, so that no BLSTM reads within segments.
        fast: Whether segments go through the packed encoder, rather than the reference on stock Keras layers.
        class_weights: What an utterance of each label counts in the loss; empty counts all alike.
        seed: Of dropout.

    Example:
        >>> config = ModelConfig(labels=("calm", "loud"), vocabulary=(), frame_mean=(0.0,), frame_variance=(1.0,))
        >>> ModelConfig.from_json(config.to_json()) == config
        True
    """

    labels: tuple[str, ...]
    vocabulary: tuple[str, ...]
    frame_mean: tuple[float, ...]
    frame_variance: tuple[float, ...]
    embedding_dim: int = 300
    units: int = 128
    dropout: float = 0.3
    heads: int = 4
    alpha: float = 0.1
    stop_gradient: bool = True
    one_frame: bool = False
    fast: bool = True
    class_weights: tuple[float, ...] = ()
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Returns the configuration as JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ModelConfig":
        """Returns the configuration that `to_json` wrote; raises ConfigError if it is damaged."""
        # A model that is older than some name had its default.
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}
        older = {name: value for name, value in defaults.items() if value is not dataclasses.MISSING}
        values = {**older, "class_weights": [], **values}
        wrong = mismatch(values, _SHAPE) or _nonsense(values)
        if wrong:
            raise ConfigError(f"the model's configuration is damaged ({wrong}). Train again with another --run.")
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**fields)
