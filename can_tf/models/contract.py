"""What `can_tf.models.registry` asks of a variant's model, checked before it is trained rather than after."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from can_tf.errors import ConfigError
from can_tf.models.can import model_inputs, with_attention
from can_tf.models.config import ModelConfig
from can_tf.models.losses import SINGLE_MODALITIES
from can_tf.models.randomness import unseeded_randomness

# Whose layers draw from seed generators of their own, if at all: they need no look at their graph, which takes long.
_KNOWN_MODULES = ("keras", "can_tf.layers")


def check_model(name: str, model: keras.Model, config: ModelConfig, *, exportable: bool) -> None:
    """Checks a model that a variant has built.

    Args:
        name: The variant's.
        model: What it built.
        config: From what.
        exportable: Whether the variant says that it can be exported.

    Raises:
        ConfigError: Training, resuming, loading or exporting it would fail; the message says where, and what is
            expected.
    """
    fault = next(_faults(model, config, exportable), None)
    if fault is not None:
        raise ConfigError(f"model {name}: {fault}. can_tf/models/registry.py says what a variant has to build.")


def fault_in_signature(model: keras.Model, config: ModelConfig) -> str | None:
    """Returns what is wrong with a model's inputs and outputs, given what it was made from; None if nothing is."""
    return next(_faults_in_signature(model, config), None)


def _faults(model: keras.Model, config: ModelConfig, exportable: bool) -> Iterator[str]:
    yield from _faults_in_signature(model, config)
    try:
        parts = list(_parts(model.get_config()))
    except NotImplementedError as error:
        yield f"it cannot be saved ({' '.join(str(error).split())[:200]}); expected layers with get_config"
        return
    for part in parts:
        if not part.can_be_loaded:
            yield (
                f"it holds a {part.class_name}, which cannot be loaded again; expected layers of Keras, or of a class "
                "with @keras.saving.register_keras_serializable"
            )
    if not all(part.is_known for part in parts) and (what := unseeded_randomness(model)):
        yield (
            f"its randomness cannot be seeded ({what}), so that a training that was interrupted would end with other "
            "weights; expected each layer that draws to have a keras.random.SeedGenerator"
        )
    if exportable:
        yield from _faults_in_attention(model)


def _faults_in_signature(model: keras.Model, config: ModelConfig) -> Iterator[str]:
    expected = model_inputs(config)
    inputs, outputs = getattr(model, "input", None), getattr(model, "output", None)
    if _kinds(inputs) != _kinds(expected):
        yield f"its inputs are {_names(inputs)}; expected a dict of {', '.join(expected)}, as model_inputs makes it"
    if not isinstance(outputs, Mapping) or "fused" not in outputs or set(outputs) - {"fused", *SINGLE_MODALITIES}:
        yield f"its outputs are {_names(outputs)}; expected a dict of fused, and perhaps text and audio"
        return
    for name, logits in outputs.items():
        if tuple(logits.shape) != (None, len(config.labels)):
            yield f"its output {name} has the shape {tuple(logits.shape)}; expected logits [batch, labels]"


def _kinds(tensors: Any) -> dict[str, Any]:
    if not isinstance(tensors, Mapping):
        return {}
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}


def _names(value: object) -> str:
    return ", ".join(value) if isinstance(value, Mapping) else type(value).__name__


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """An object that a saved model is made of, as Keras writes it down: a layer, however deep, an initializer, ..."""

    class_name: str
    module: str
    registered_name: str | None

    @property
    def is_known(self) -> bool:
        return any(self.module == known or self.module.startswith(f"{known}.") for known in _KNOWN_MODULES)

    @property
    def can_be_loaded(self) -> bool:
        if self.registered_name and keras.saving.get_registered_object(self.registered_name) is not None:
            return True
        return self.is_known and "lambda" not in self.class_name.lower()


def _parts(config: Any) -> Iterator[_Part]:
    """Yields the objects within a configuration of Keras's."""
    if isinstance(config, Mapping):
        if "class_name" in config and "registered_name" in config:
            yield _Part(config["class_name"], config.get("module") or "", config["registered_name"])
        for value in config.values():
            yield from _parts(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            yield from _parts(value)


def _faults_in_attention(model: keras.Model) -> Iterator[str]:
    try:
        attending = with_attention(model)
    except (ValueError, KeyError, TypeError) as error:
        yield (
            f"its attention weights are not found ({' '.join(str(error).split())[:200]}); an exported model needs them "
            "in a layer cross_attention, or in layers text_attention and audio_attention"
        )
        return
    for name in ("text_attention", "audio_attention"):
        shape = attending.output[name].shape
        if len(shape) != 3:
            yield f"its {name} has the shape {tuple(shape)}; expected weights [batch, heads, words]"
