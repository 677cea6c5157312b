"""A finished run's model with the signatures that its export has."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.errors import ConfigError, ExportError, RunError
from can_tf.export.graph import ServedModel
from can_tf.features.front_end import FrontEnd
from can_tf.features.registry import front_end_from_json
from can_tf.json_shapes import count
from can_tf.models.can import with_attention
from can_tf.models.config import ModelConfig
from can_tf.models.losses import SINGLE_MODALITIES
from can_tf.models.registry import VARIANTS, why_not_exportable
from can_tf.models.saved import load_model
from can_tf.prediction.backends import refusals_as_errors
from can_tf.prediction.description import About
from can_tf.prediction.requests import SIGNATURE
from can_tf.training import run_folder
from can_tf.training.calibration import Calibration, calibration_of

_TRAIN_AGAIN = "Take another run, or train again."
_CONFIG: dict[str, Any] = {  # What is needed of a run's.
    "options": {"model": lambda value: isinstance(value, str) and value in VARIANTS, "max_segment_frames": count},
    "records": {
        "segmentation": str,
        "features": {"name": str},
        "overlap": float,
        "fillers": lambda value: value in FILLER_POLICIES,
        "corpora": ({str: {"speakers": int, "counts": {str: int}}}, None),  # Younger than some runs.
    },
    "versions": {str: str},
}


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedModel:
    """What a finished run has: its model, ready to serve, and what its files say. A backend, as an export is."""

    served: ServedModel
    calibration: Calibration | None
    model_config: ModelConfig
    front_end: FrontEnd
    overlap: float
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]

    def __str__(self) -> str:
        return f"a run: labels {', '.join(self.model_config.labels)}"

    def about(self) -> About:
        return About(self.model_config.labels)

    def answer(self, inputs: Mapping[str, np.ndarray], signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        """Returns a signature's outputs for a batch of inputs; raises PredictionError where they are refused."""
        with refusals_as_errors():
            outputs = self.served.functions[signature](**{name: tf.constant(values) for name, values in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}


def load_run(run: Path, *, calibrated: bool = False) -> TrainedModel:
    """Returns the model of a finished run.

    Args:
        run: Its folder.
        calibrated: Whether signatures give `calibrated_probabilities` too, at the run's temperature.

    Raises:
        RunError: The run is not finished, or its files are damaged.
        ExportError: Its segments are not what the served graph makes.
    """
    config = run_folder.read_run_json(run, run_folder.CONFIG_FILE, _CONFIG)
    metrics = run_folder.read_run_json(run, run_folder.METRICS_FILE)
    model_config = ModelConfig.from_json(run_folder.read_run_json(run, run_folder.MODEL_CONFIG_FILE))
    segmentation, name = config["records"]["segmentation"], config["options"]["model"]
    if reason := why_not_exportable(name, segmentation):
        raise ExportError(f"{run}: {reason}. Take a run of the CAN on records with --segmentation aligned.")
    front_end, overlap = _front_end(run, config["records"]["features"]), config["records"]["overlap"]
    calibration = calibration_of(run, model_config.labels) if calibrated else None
    served = ServedModel(
        _model(run_folder.unchanged(run, run_folder.MODEL_FILE), model_config),
        model_config.labels,
        model_config.alpha,
        front_end,
        overlap,
        config["options"]["max_segment_frames"],
        None if calibration is None else calibration.temperature,
        config["options"].get("normalize", "none"),  # Younger than some runs.
    )
    return TrainedModel(served, calibration, model_config, front_end, overlap, config, metrics)


def _model(path: Path, config: ModelConfig) -> keras.Model:
    """Returns a run's model; raises RunError where it is not the one that the run describes."""
    model = load_model(path)
    try:
        outputs, width = with_attention(model).output, model.input["frames"].shape[-1]
        labels = [
            outputs[name].shape[-1] for name in ("fused", *SINGLE_MODALITIES) if name == "fused" or name in outputs
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: is no Cross Attention Network ({error!s:.200}). {_TRAIN_AGAIN}") from error
    if width != len(config.frame_mean) or set(labels) != {len(config.labels)}:
        raise RunError(
            f"{path}: takes frames of {width} numbers and gives {labels[0]} labels; expected {len(config.frame_mean)} "
            f"and {len(config.labels)}, as {run_folder.MODEL_CONFIG_FILE} beside it says. {_TRAIN_AGAIN}"
        )
    return model


def _front_end(run: Path, features: Mapping[str, Any]) -> FrontEnd:
    try:
        return front_end_from_json(features)
    except ConfigError as error:
        raise ExportError(f"{run}: was trained on unknown features ({error}).") from error
