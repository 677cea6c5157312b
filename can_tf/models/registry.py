"""The variants by name: what each reads and whether it can be exported, known without importing Keras.

To add one: a function below that `variant` registers. What it has to build, which `can_tf.models.contract` checks
before a training begins:

- a functional model whose inputs are those of `can_tf.models.can.model_inputs`, whether it reads them or not;
- outputs in a dict of logits `<float32>[batch, labels]`: `fused`, and `text` and `audio` where it has such heads;
- layers that are Keras's own or registered with Keras, none of them a Lambda, so that the model can be loaded again;
- randomness that comes from Keras's seed generators alone, each a part of its layer (`can_tf.models.randomness`), so
  that a training that was interrupted ends with the same weights;
- if it can be exported: attention weights where `can_tf.models.can.with_attention` finds them, in a layer
  `cross_attention`, or in layers `text_attention` and `audio_attention`.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from can_tf.errors import ConfigError
from can_tf.models.config import ModelConfig

if TYPE_CHECKING:
    import keras

Build = Callable[[ModelConfig, np.ndarray | None], "keras.Model"]
Reads = Literal["segments", "frames", "nothing"]
EXPORTED_SEGMENTATION = "aligned"  # What the exported graph makes of words and their times.


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """A model.

    Attributes:
        build: Makes it, not compiled, from a configuration and the word vectors to start from.
        reads: What it reads of the audio: "segments", one per word; "frames" of an utterance in one run, from records
            of `--segmentation whole`, or of several segments where the front end makes one frame of each; or
            "nothing", so that it takes any records.
        exportable: Whether `can-tf export` takes it.
    """

    build: Build
    reads: Reads
    exportable: bool


VARIANTS: dict[str, Variant] = {}


def variant(name: str, *, reads: Reads, exportable: bool = False) -> Callable[[Build], Build]:
    """Returns a decorator that registers a function as what builds the variant of a name.

    Args:
        name: A bare name; it becomes part of the run folders' names.
        reads: As `Variant` has it.
        exportable: As `Variant` has it.
    """

    def register(build: Build) -> Build:
        VARIANTS[name] = Variant(build, reads, exportable)
        return build

    return register


def build(name: str, config: ModelConfig, embeddings: np.ndarray | None = None) -> "keras.Model":
    """Returns a variant by name, not compiled; inputs and outputs are those of `can_tf.models.can.build_can`.

    Args:
        name: In VARIANTS.
        config: Sizes, vocabulary, labels and statistics.
        embeddings: Word vectors `<float32>[len(vocabulary) + 2, embedding_dim]` to start from; random if None.

    Raises:
        ConfigError: There is no such variant.

    Example:
        >>> from can_tf.models.config import ModelConfig
        >>> sizes = {"embedding_dim": 2, "units": 3, "frame_mean": (0.0,), "frame_variance": (1.0,)}
        >>> model = build("can", ModelConfig(labels=("calm", "loud"), vocabulary=("good", "day"), **sizes))
        >>> sorted(model.output)
        ['audio', 'fused', 'text']
    """
    if name not in VARIANTS:
        raise ConfigError(f"there is no model {name!r}; expected one of {', '.join(VARIANTS)}")
    return VARIANTS[name].build(config, embeddings)


def why_not_exportable(name: str, segmentation: str) -> str:
    """Returns why a run of a variant on records of a segmentation cannot be exported; nothing if it can.

    Example:
        >>> why_not_exportable("can", "aligned")
        ''
        >>> why_not_exportable("mha", "whole")
        'only the CAN and its ablations are exported, and this is mha'
    """
    if not VARIANTS[name].exportable:
        return f"only the CAN and its ablations are exported, and this is {name}"
    if segmentation != EXPORTED_SEGMENTATION:
        return f"the exported graph makes {EXPORTED_SEGMENTATION} segments, and these are {segmentation} ones"
    return ""


@variant("can", reads="segments", exportable=True)
def _can(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    from can_tf.models.can import build_can  # Here and below: imports Keras.

    return build_can(config, embeddings)


# Table 4, row by row.


@variant("can-no-stop-gradient", reads="segments", exportable=True)
def _no_stop_gradient(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    return _can(dataclasses.replace(config, stop_gradient=False), embeddings)


@variant("can-no-align-loss", reads="segments", exportable=True)
def _no_align_loss(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    from can_tf.models.can import build_can

    return build_can(config, embeddings, align_loss=False)


@variant("can-no-stop-gradient-no-align-loss", reads="segments", exportable=True)
def _no_stop_gradient_no_align_loss(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    return _no_align_loss(dataclasses.replace(config, stop_gradient=False), embeddings)


@variant("can-no-cross-attention", reads="segments", exportable=True)
def _no_cross_attention(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    from can_tf.models.can import build_can_without_cross_attention

    return build_can_without_cross_attention(config, embeddings)


# Table 2. Yoon et al. report two hops.


@variant("text", reads="nothing")
def _text(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    from can_tf.models.baselines import build_text

    return build_text(config, embeddings)


@variant("audio", reads="frames")
def _audio(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    from can_tf.models.baselines import build_audio

    return build_audio(config, embeddings)


@variant("mha", reads="frames")
def _two_hops(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    return _hops(config, embeddings, 2)


@variant("mha-1", reads="frames")
def _one_hop(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    return _hops(config, embeddings, 1)


@variant("mha-3", reads="frames")
def _three_hops(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    return _hops(config, embeddings, 3)


def _hops(config: ModelConfig, embeddings: np.ndarray | None, hops: int) -> "keras.Model":
    from can_tf.models.baselines import build_multi_hop

    return build_multi_hop(config, embeddings, hops=hops)


@variant("learned-alignment", reads="frames")
def _learned_alignment(config: ModelConfig, embeddings: np.ndarray | None) -> "keras.Model":
    from can_tf.models.baselines import build_learned_alignment

    return build_learned_alignment(config, embeddings)
