"""The report of one run: its metrics worked out again from its predictions, and its pictures."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.errors import RunError
from can_tf.report.plots import confusion_matrix_png, learning_curves_png, reliability_png
from can_tf.training.cross_validation import METRICS_SHAPE
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.run_folder import (
    CONFIG_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    read_history,
    read_probabilities,
    read_run_json,
)

_METRICS = {**METRICS_SHAPE, "count": int}
_CONFIG = {"records": {"labels": [str]}, "options": {"alpha": float}}


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """A run's metrics and its predictions on the test part: `<float64>[utterances, labels]` and label indices."""

    metrics: dict[str, Any]
    labels: tuple[str, ...]
    alpha: float
    probabilities: np.ndarray
    true: np.ndarray


def read_evaluation(folder: Path) -> Evaluation:
    """Reads a finished run.

    Raises:
        RunError: The run is not finished, or its predictions do not give its metrics.
    """
    read_run_json(folder, METRICS_FILE)  # Which tells whether the run is finished.
    config = read_run_json(folder, CONFIG_FILE, _CONFIG)
    metrics = read_run_json(folder, METRICS_FILE, _METRICS)
    labels = tuple(config["records"]["labels"])
    probabilities, true = read_probabilities(folder, PREDICTIONS_FILE, labels)
    again = evaluate_predictions(probabilities, true, labels)
    if any(metrics.get(name) != value for name, value in again.items()):
        path = folder / PREDICTIONS_FILE
        raise RunError(f"{path}: does not give the figures of {METRICS_FILE}; one of the two was changed.")
    metrics = {name: value for name, value in metrics.items() if value is not None}
    return Evaluation(metrics, labels, config["options"]["alpha"], probabilities, true)


def draw_run(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Draws confusion matrix, calibration and learning curves into the run folder; returns their paths."""
    kind = "synthetic speech" if evaluation.metrics["synthetic"] else "test part"
    title = f"{folder.name} ({kind})"
    paths = [folder / name for name in ("confusion.png", "calibration.png", "learning_curves.png")]
    confusion_matrix_png(evaluation.metrics["confusion"], evaluation.labels, paths[0], title)
    reliability_png(evaluation.probabilities, evaluation.true, paths[1], title)
    learning_curves_png(read_history(folder), paths[2], title)
    return paths
