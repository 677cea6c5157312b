"""The variants by name. To add one: an entry here, and a function that builds it."""

import dataclasses
from collections.abc import Callable, Mapping

import keras
import numpy as np

from can_tf.errors import ConfigError
from can_tf.models.baselines import build_audio, build_learned_alignment, build_multi_hop, build_text
from can_tf.models.can import build_can, build_can_without_cross_attention
from can_tf.models.config import ModelConfig

Build = Callable[[ModelConfig, np.ndarray | None], keras.Model]


def _no_stop_gradient(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_can(dataclasses.replace(config, stop_gradient=False), embeddings)


def _no_align_loss(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_can(config, embeddings, align_loss=False)


def _no_stop_gradient_no_align_loss(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_can(dataclasses.replace(config, stop_gradient=False), embeddings, align_loss=False)


def _one_hop(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_multi_hop(config, embeddings, hops=1)


def _three_hops(config: ModelConfig, embeddings: np.ndarray | None) -> keras.Model:
    return build_multi_hop(config, embeddings, hops=3)


VARIANTS: Mapping[str, Build] = {
    "can": build_can,
    # Table 4, row by row.
    "can-no-stop-gradient": _no_stop_gradient,
    "can-no-align-loss": _no_align_loss,
    "can-no-stop-gradient-no-align-loss": _no_stop_gradient_no_align_loss,
    "can-no-cross-attention": build_can_without_cross_attention,
    # Table 2. Yoon et al. report two hops.
    "text": build_text,
    "audio": build_audio,
    "mha": build_multi_hop,
    "mha-1": _one_hop,
    "mha-3": _three_hops,
    "learned-alignment": build_learned_alignment,
}
# These read a segment a word, and are what an export serves.
SEGMENT_LEVEL = frozenset(
    {
        "can",
        "can-no-stop-gradient",
        "can-no-align-loss",
        "can-no-stop-gradient-no-align-loss",
        "can-no-cross-attention",
    }
)
# These read frames: an utterance is one segment, from records of --segmentation whole. `text` takes any records.
FRAME_LEVEL = frozenset({"audio", "mha", "mha-1", "mha-3", "learned-alignment"})


def build(name: str, config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns a variant by name, not compiled; inputs and outputs are those of `build_can`.

    Raises:
        ConfigError: There is no such variant.
    """
    if name not in VARIANTS:
        raise ConfigError(f"there is no model {name!r}; expected one of {', '.join(VARIANTS)}")
    return VARIANTS[name](config, embeddings)
