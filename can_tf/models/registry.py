"""The variants by name. To add one: an entry here, and a function that builds it."""

import dataclasses
from collections.abc import Callable, Mapping

import keras
import numpy as np

from can_tf.errors import ConfigError
from can_tf.models.can import build_can, build_can_without_cross_attention
from can_tf.models.config import ModelConfig

Build = Callable[[ModelConfig, np.ndarray | None], keras.Model]


def _no_stop_gradient(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_can(dataclasses.replace(config, stop_gradient=False), embeddings)


def _no_align_loss(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_can(config, embeddings, align_loss=False)


def _no_stop_gradient_no_align_loss(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_can(dataclasses.replace(config, stop_gradient=False), embeddings, align_loss=False)


VARIANTS: Mapping[str, Build] = {
    "can": build_can,
    # Table 4, row by row.
    "can-no-stop-gradient": _no_stop_gradient,
    "can-no-align-loss": _no_align_loss,
    "can-no-stop-gradient-no-align-loss": _no_stop_gradient_no_align_loss,
    "can-no-cross-attention": build_can_without_cross_attention,
}


def build(name: str, config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns a variant by name, not compiled; inputs and outputs are those of `build_can`.

    Raises:
        ConfigError: There is no such variant.
    """
    if name not in VARIANTS:
        raise ConfigError(f"there is no model {name!r}; expected one of {', '.join(VARIANTS)}")
    return VARIANTS[name](config, embeddings)
