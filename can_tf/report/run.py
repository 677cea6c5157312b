"""The report of one run: its metrics worked out again from its predictions, and its pictures."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.errors import RunError
from can_tf.report.plots import confusion_matrix_png, learning_curves_png, reliability_png
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.run_folder import CONFIG_FILE, METRICS_FILE, PREDICTIONS_FILE, read_history, read_run_json


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
    metrics = read_run_json(folder, METRICS_FILE)
    config = read_run_json(folder, CONFIG_FILE)
    labels = tuple(config["records"]["labels"])
    path = folder / PREDICTIONS_FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        probabilities = np.array([[float(row[f"probability_{label}"]) for label in labels] for row in rows])
        true = np.array([labels.index(row["label"]) for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: cannot be read ({error}).") from error
    again = evaluate_predictions(probabilities, true, labels)
    if any(metrics.get(name) != value for name, value in again.items()):
        raise RunError(f"{path}: does not give the figures of {METRICS_FILE}; one of the two was changed.")
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
