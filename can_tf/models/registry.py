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


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """A model.

    Attributes:
        build: Makes it.
        reads: What it makes of the audio: "segments", one a word, as an export serves; "frames" of an utterance in one
            run, from records of `--segmentation whole`; or "nothing", so that it takes any records.
    """

    build: Build
    reads: str


VARIANTS: Mapping[str, Variant] = {
    "can": Variant(build_can, "segments"),
    # Table 4, row by row.
    "can-no-stop-gradient": Variant(_no_stop_gradient, "segments"),
    "can-no-align-loss": Variant(_no_align_loss, "segments"),
    "can-no-stop-gradient-no-align-loss": Variant(_no_stop_gradient_no_align_loss, "segments"),
    "can-no-cross-attention": Variant(build_can_without_cross_attention, "segments"),
    # Table 2. Yoon et al. report two hops.
    "text": Variant(build_text, "nothing"),
    "audio": Variant(build_audio, "frames"),
    "mha": Variant(build_multi_hop, "frames"),
    "mha-1": Variant(_one_hop, "frames"),
    "mha-3": Variant(_three_hops, "frames"),
    "learned-alignment": Variant(build_learned_alignment, "frames"),
}


def build(name: str, config: ModelConfig, embeddings: np.ndarray | None = None) -> keras.Model:
    """Returns a variant by name, not compiled; inputs and outputs are those of `build_can`.

    Raises:
        ConfigError: There is no such variant.
    """
    if name not in VARIANTS:
        raise ConfigError(f"there is no model {name!r}; expected one of {', '.join(VARIANTS)}")
    return VARIANTS[name].build(config, embeddings)
