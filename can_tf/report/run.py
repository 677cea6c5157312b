"""The report of one run: its metrics worked out again from its predictions, and its pictures."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from can_tf.errors import RunError
from can_tf.report import plots
from can_tf.training.calibration import Calibration, risk_coverage, scaled
from can_tf.training.metrics import (
    METRICS_SHAPE,
    SCORE_NAMES,
    evaluate_predictions,
    expected_calibration_error,
)
from can_tf.training.resampling import BOOTSTRAP_SAMPLES, score_intervals
from can_tf.training.run_folder import (
    CONFIG_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    read_history,
    read_probabilities,
    read_run_json,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RELIABILITY_FILE = "calibration.png"
RISK_FILE = "risk_coverage.png"
LEARNING_CURVES_FILE = "learning_curves.png"

_METRICS = {**METRICS_SHAPE, "count": int}
_CONFIG = {"records": {"labels": [str]}, "options": {"alpha": float}}


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """A run's metrics, what `config.json` says of it, and its predictions on the test set.

    `probabilities` are `<float64>[utterances, labels]`, `true` are label indices.
    """

    metrics: dict[str, Any]
    config: dict[str, Any]
    labels: tuple[str, ...]
    alpha: float
    probabilities: np.ndarray
    true: np.ndarray


def read_evaluation(folder: Path) -> Evaluation:
    """Reads a finished run.

    Raises:
        RunError: The run is not finished, or its predictions do not give its metrics.

    Example:
        >>> evaluation = read_evaluation(Path("runs/can"))
        >>> evaluation.probabilities.shape == (evaluation.metrics["count"], len(evaluation.labels))
        True
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
    return Evaluation(metrics, config, labels, config["options"]["alpha"], probabilities, true)


def headline_scores(
    evaluation: Evaluation, calibration: Calibration, *, samples: int = BOOTSTRAP_SAMPLES
) -> dict[str, tuple[float, float, float]]:
    """Returns `wa`, `ua`, `macro_f1`, `ece` and `calibrated_ece` with their 95 % intervals: the score, low, high."""
    calibrated = scaled(evaluation.probabilities, calibration.temperature)

    def scores(drawn: np.ndarray) -> dict[str, float]:
        true = evaluation.true[drawn]
        scored = evaluate_predictions(evaluation.probabilities[drawn], true, evaluation.labels)
        calibrated_ece = expected_calibration_error(calibrated[drawn], true)
        return {**{name: scored[name] for name in SCORE_NAMES}, "calibrated_ece": calibrated_ece}

    count = len(evaluation.true)
    intervals = score_intervals(scores, count, samples=samples)
    return {name: (value, *intervals[name]) for name, value in scores(np.arange(count)).items()}


def draw_run(folder: Path, evaluation: Evaluation, calibration: Calibration, out: Path | None = None) -> list[Path]:
    """Draws confusion matrix, calibration, risk and learning curves into a folder; returns their paths.

    Args:
        folder: The run folder.
        evaluation: Of the run.
        calibration: Of the run.
        out: Where to draw, made if missing; None is the run folder.

    Example:
        >>> from can_tf import calibration_of
        >>> evaluation = read_evaluation(Path("runs/can"))
        >>> pictures = draw_run(Path("runs/can"), evaluation, calibration_of(Path("runs/can"), evaluation.labels))
        >>> pictures[0].name
        'confusion.png'
    """
    kind = "synthetic speech" if evaluation.metrics["synthetic"] else "test set"
    title = f"{folder.name} ({kind})"
    out = out or folder
    out.mkdir(parents=True, exist_ok=True)
    figures = {
        "confusion.png": plots.confusion_matrix_figure(evaluation.metrics["confusion"], evaluation.labels, title),
        **figures_of_run(folder, evaluation, calibration, title),
    }
    for name, figure in figures.items():
        plots.write_png(figure, out / name)
    return [out / name for name in figures]


def figures_of_run(
    folder: Path, evaluation: Evaluation, calibration: Calibration, title: str = ""
) -> "dict[str, Figure]":
    """Returns calibration, risk and learning curves as plots, by their files' names; arguments as `draw_run`'s."""
    predictions = {
        "as trained": evaluation.probabilities,
        f"temperature {calibration.temperature:.2f}": scaled(evaluation.probabilities, calibration.temperature),
    }
    curves = {name: risk_coverage(values, evaluation.true) for name, values in predictions.items()}
    return {
        RELIABILITY_FILE: plots.reliability_figure(predictions, evaluation.true, title),
        RISK_FILE: plots.risk_coverage_figure(curves, title),
        LEARNING_CURVES_FILE: plots.learning_curves_figure(read_history(folder), title),
    }
