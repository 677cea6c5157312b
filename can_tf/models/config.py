"""What a model is made from. The defaults are the paper's (Section 4.2)."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A Cross Attention Network or one of its variants.

    Attributes:
        labels: Names of the classes, in index order.
        vocabulary: Known words, lower case.
        mfcc_mean, mfcc_variance: Of each coefficient over the training part; as many as there are coefficients.
        embedding_dim: Dimensions of a word vector.
        units: LSTM units a direction. The paper says "128 hidden units"; a direction is this project's reading.
        dropout: After each BLSTM.
        num_heads: Attention heads a modality.
        alpha: Weight of the single-modality losses and predictions (Eqs. 14 and 15).
        stop_gradient: Whether the crossed weights are cut from the gradient (Eqs. 7 and 9).
        fast: Whether segments go through the packed encoder, rather than the reference on stock Keras layers.
        class_weights: What an utterance of each label counts in the loss; empty counts all alike.
        seed: Of dropout.
    """

    labels: tuple[str, ...]
    vocabulary: tuple[str, ...]
    mfcc_mean: tuple[float, ...]
    mfcc_variance: tuple[float, ...]
    embedding_dim: int = 300
    units: int = 128
    dropout: float = 0.3
    num_heads: int = 4
    alpha: float = 0.1
    stop_gradient: bool = True
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
        """Returns the configuration that `to_json` wrote."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**fields)
