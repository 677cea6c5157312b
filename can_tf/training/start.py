"""Starts a training from what another run has learned: `train --from RUN`.

All layers of the same shape take that run's weights. Labels may differ: an output's weights are those of its label, and
labels that the run did not have start anew. Words may differ: the run's keep their vectors, others are added. Frames
are normalized by the run's statistics, which its layers are used to.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from can_tf.errors import ConfigError
from can_tf.features.registry import front_end_from_json, front_end_to_text
from can_tf.models.config import ModelConfig
from can_tf.models.saved import load_model
from can_tf.records.dataset import Dataset, StoredUtterance
from can_tf.training import run_folder
from can_tf.training.data import WordVectors
from can_tf.training.leakage import Heard, heard_by
from can_tf.training.options import FREEZABLE, TrainOptions, options_of_run

_TEXT, _AUDIO = ("word_vectors", "text_blstm"), ("segment_blstm", "audio_blstm")
_FROZEN_LAYERS = dict(zip(FREEZABLE, ((), _TEXT, _AUDIO, _TEXT + _AUDIO), strict=True))
_SAME = ("model", "units", "heads", "normalize")  # What decides the layers, and what they read.
_WORD_VECTORS = "word_vectors"
_RUN = {"options": {}, "records": {"folder": str, "fingerprint": str, "features": {"name": str}}}


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """A finished run to start from.

    Attributes:
        folder: The run's.
        model: Not compiled.
        config: What it was made from.
    """

    folder: Path
    model: keras.Model
    config: ModelConfig

    @property
    def word_vectors(self) -> WordVectors | None:
        """The words that it knows; None where it reads no words."""
        if all(layer.name != _WORD_VECTORS for layer in self.model.layers):
            return None
        matrix = self.model.get_layer(_WORD_VECTORS).get_weights()[0]
        return WordVectors(self.config.vocabulary, matrix, self.config.embedding_dim, self.folder.name)


def check_start(options: TrainOptions, dataset: Dataset, test: Sequence[StoredUtterance]) -> str:
    """Checks, before anything is made, that a training can start from a run.

    Args:
        options: Name the run, or none.
        dataset: The records.
        test: What is to test.

    Returns:
        A note where what is to test may have trained the run; else nothing.

    Raises:
        RunError: The run is not finished, or damaged.
        ConfigError: Its layers are others, it read other features, or it was trained on what is to test now.
    """
    if options.start is None:
        if options.freeze != "none":
            raise ConfigError(f"--freeze {options.freeze} keeps weights of another run; expected --from RUN beside it.")
        return ""
    folder = Path(options.start)
    run_folder.read_run_json(folder, run_folder.METRICS_FILE)  # Which tells whether it is finished.
    run = run_folder.read_run_json(folder, run_folder.CONFIG_FILE, _RUN)
    theirs = options_of_run(folder / run_folder.CONFIG_FILE, run["options"])
    for name in _SAME:
        if (before := getattr(theirs, name)) != (asked := getattr(options, name)):
            raise ConfigError(f"{folder}: was trained with --{name} {before}, not {asked}; give the same.")
    own = front_end_from_json(run["records"]["features"])
    if own != dataset.front_end:
        raise ConfigError(
            f"{folder}: was trained on {front_end_to_text(own)}, and {dataset.folder} holds "
            f"{front_end_to_text(dataset.front_end)}. Build records with --features {front_end_to_text(own)}."
        )
    return _check_apart(folder, heard_by(folder, run, theirs, dataset, test), len(test))


def _check_apart(folder: Path, heard: Heard, tested: int) -> str:
    """Returns a note where what is to test may have trained a run; raises ConfigError where it has."""
    if not heard.utterances:
        return ""
    if heard.own_records:
        raise ConfigError(
            f"{folder}: was trained or validated on {heard.utterances} of the {tested} utterances that are to test "
            "now, so that every score would flatter. Take a run of the same fold and seed, or of other records."
        )
    return (
        f"{heard.utterances} of the {tested} utterances that test have ids of {folder}'s {heard.sets}: if they are the "
        "same utterances, the scores flatter."
    )


def read_start(options: TrainOptions) -> Start | None:
    """Returns the run that a training starts from, None where it starts anew; raises RunError if it is damaged."""
    if options.start is None:
        return None
    folder = Path(options.start)
    config = ModelConfig.from_json(run_folder.read_run_json(folder, run_folder.MODEL_CONFIG_FILE))
    return Start(folder, load_model(run_folder.unchanged(folder, run_folder.MODEL_FILE)), config)


def take_weights(start: Start, model: keras.Model, config: ModelConfig) -> list[str]:
    """Gives a model the weights of a run; returns the names of layers that start anew.

    Args:
        start: The run.
        model: Built from `config`; its word vectors are left as they are (`can_tf.training.data.word_vectors`).
        config: Its labels may be others than the run's.
    """
    known, new = {layer.name: layer.get_weights() for layer in start.model.layers}, []
    to, of = _places_of_shared(config.labels, start.config.labels)
    for layer in model.layers:
        ours, theirs = layer.get_weights(), known.get(layer.name, [])
        if not ours or layer.name == _WORD_VECTORS:
            continue
        is_output = layer.name in model.output_names
        if _shapes(ours, is_output) != _shapes(theirs, is_output):
            new.append(layer.name)
            continue
        for mine, other in zip(ours, theirs, strict=True):
            if is_output:
                mine[..., to] = other[..., of]
            else:
                mine[...] = other
        layer.set_weights(ours)
    return new


def _places_of_shared(labels: Sequence[str], others: Sequence[str]) -> tuple[list[int], list[int]]:
    """Returns the indices of the labels that both have, in either."""
    shared = [label for label in labels if label in others]
    return [labels.index(label) for label in shared], [others.index(label) for label in shared]


def _shapes(weights: Sequence[np.ndarray], is_output: bool) -> list[tuple[int, ...]]:
    """Returns the weights' shapes; of an output, without the last axis, which is the label."""
    return [each.shape[:-1] if is_output else each.shape for each in weights]


def freeze(model: keras.Model, name: str) -> None:
    """Keeps layers from being trained; raises ConfigError where the model has none of them.

    Args:
        model: Not compiled.
        name: In FREEZABLE.
    """
    layers = [layer for layer in model.layers if layer.name in _FROZEN_LAYERS[name]]
    if not layers and name != "none":
        raise ConfigError(f"--freeze {name}: the model has no layer {' or '.join(_FROZEN_LAYERS[name])}.")
    for layer in layers:
        layer.trainable = False
