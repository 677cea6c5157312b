"""Confidence that means something: temperature scaling, and what is gained by not answering where it is low.

    p_T  proportional to  p^(1 / T)        T minimizes the negative log likelihood of the validation set

(Guo et al., 2017, "On Calibration of Modern Neural Networks".) A run's temperature is a function of its
`validation_predictions.csv` and is stored nowhere in the run; what it does is measured on the test set.

A probability of 0 counts as 2.2e-308, the smallest that float64 holds in full: its logarithm, -708, is finite, and an
utterance whose true label has it still weighs more than any other.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, special

from can_tf.training.metrics import expected_calibration_error
from can_tf.training.run_folder import PREDICTIONS_FILE, VALIDATION_PREDICTIONS_FILE, read_probabilities

# Where every validation utterance is right, or most are wrong, the likelihood has no optimum but 0 or infinity.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)  # What a report tells the risk of.
_SMALLEST = np.finfo(np.float64).tiny


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A run's temperature, and its test set's confidence without it and with it, as `confidence_scores` has it.

    Attributes:
        temperature: From `LOWEST_TEMPERATURE` to `HIGHEST_TEMPERATURE`; above 1, the run is too sure of itself.
        validation_count: Utterances that the temperature is fitted on.
        unscaled, scaled: The scores.
    """

    temperature: float
    validation_count: int
    unscaled: dict[str, Any]
    scaled: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def in_words(self) -> str:
        at_bound = self.temperature in (LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE)
        note = " That is as far as it is sought: it would be better further on." if at_bound else ""
        return (
            f"Temperature {self.temperature:.3f}, fitted on the {self.validation_count} utterances of the validation "
            f"set.{note}"
        )


def calibration_of(run: Path, labels: Sequence[str]) -> Calibration:
    """Fits the temperature of a finished run on its validation set, and measures it on its test set.

    Raises:
        RunError: Predictions are missing or damaged.

    Example:
        >>> from can_tf import load_dataset
        >>> calibration = calibration_of(Path("runs/can"), load_dataset(Path("data/records")).labels)
        >>> LOWEST_TEMPERATURE <= calibration.temperature <= HIGHEST_TEMPERATURE
        True
    """
    validation = read_probabilities(run, VALIDATION_PREDICTIONS_FILE, labels)
    probabilities, true = read_probabilities(run, PREDICTIONS_FILE, labels)
    temperature = temperature_of(*validation)
    return Calibration(
        temperature,
        len(validation[1]),
        confidence_scores(probabilities, true),
        confidence_scores(scaled(probabilities, temperature), true),
    )


def temperature_of(probabilities: np.ndarray, true: np.ndarray) -> float:
    """Returns the temperature that makes the true labels most likely; 1 where none makes a difference.

    Args:
        probabilities: `<float>[utterances, labels]`.
        true: `<int>[utterances]`, indices of the true labels.

    Raises:
        ValueError: There is nothing to fit.

    Example:
        Of four answers with a confidence of 0.9, three are right: the odds of 9 to 1 have to become 3 to 1.

        >>> round(temperature_of(np.array([[0.9, 0.1]] * 4), np.array([0, 0, 0, 1])), 6)
        2.0
    """
    if not len(true):
        raise ValueError("there are no predictions to fit a temperature on")
    logs = _logs(probabilities)
    beside_true = logs - logs[np.arange(len(true)), true][:, None]

    def slope(sharpness: float) -> float:
        """The derivative by 1 / T. It never falls, so its root is the optimum, to the last digit."""
        return float((special.softmax(logs * sharpness, axis=1) * beside_true).sum(axis=1).mean())

    lowest, highest = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    if not beside_true.any():
        return 1.0
    if slope(lowest) >= 0:
        return HIGHEST_TEMPERATURE
    if slope(highest) <= 0:
        return LOWEST_TEMPERATURE
    return 1 / float(optimize.brentq(slope, lowest, highest))


def scaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Returns the probabilities at a temperature, `<float64>[utterances, labels]`; rows sum to 1.

    No label gets less than one that was less probable, and equals stay equal, so predictions are the same. (Two that
    differ by nothing but rounding may become equal: take labels from the probabilities before.)

    Example:
        >>> scaled(np.array([[0.9, 0.1]]), 2.0).round(6)
        array([[0.75, 0.25]])
    """
    return special.softmax(_logs(probabilities) / temperature, axis=1)


def confidence_scores(probabilities: np.ndarray, true: np.ndarray) -> dict[str, Any]:
    """Scores what confidence, the probability of the predicted label, is worth.

    Args:
        probabilities: `<float>[utterances, labels]`.
        true: `<int>[utterances]`, indices of the true labels.

    Returns:
        `ece`, `nll` (mean, in nats), `risk_coverage_area`, and `risk_coverage`: for each of COVERAGES the `coverage`
        that is really kept, its `risk`, and the `confidence` from which utterances are kept.
    """
    curve = risk_coverage(probabilities, true)
    return {
        "ece": expected_calibration_error(probabilities, true),
        "nll": float(-_logs(probabilities)[np.arange(len(true)), true].mean()),
        "risk_coverage_area": curve.area,
        "risk_coverage": [curve.at(coverage) for coverage in COVERAGES],
    }


@dataclasses.dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What is wrong among the utterances kept, for each confidence from which they are kept.

    Attributes:
        confidence: `<float64>[points]`, falling: those with this much or more are kept.
        coverage: `<float64>[points]`, the share kept; the last is 1.
        risk: `<float64>[points]`, the share of those kept that is wrong.
    """

    confidence: np.ndarray
    coverage: np.ndarray
    risk: np.ndarray

    @property
    def area(self) -> float:
        """The mean risk over coverage, each point's risk from the coverage of the point before to its own."""
        return float(np.sum(np.diff(self.coverage, prepend=0.0) * self.risk))

    def at(self, coverage: float) -> dict[str, float]:
        """Returns `coverage`, `risk` and `confidence` of the first point that keeps at least this share."""
        point = int(np.argmax(self.coverage >= coverage - 1e-9))
        return {name: float(getattr(self, name)[point]) for name in ("coverage", "risk", "confidence")}


def risk_coverage(probabilities: np.ndarray, true: np.ndarray) -> RiskCoverage:
    """Returns the curve; utterances of the same confidence are kept together, or not at all.

    Args:
        probabilities: `<float>[utterances, labels]`.
        true: `<int>[utterances]`, indices of the true labels.
    """
    confidence, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != true
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    kept = ends + 1
    return RiskCoverage(falling[ends], kept / len(true), np.cumsum(wrong[order])[ends] / kept)


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), _SMALLEST))
