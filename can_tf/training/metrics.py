"""Scores of predictions.

WA is accuracy and UA the mean recall over the classes that occur, as in the paper's Section 4. Papers before it have
published precision under these names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

CALIBRATION_BINS = 15
# Of a prediction, by their names in `metrics.json`, as tables call them.
SCORE_NAMES: Mapping[str, str] = {"wa": "WA", "ua": "UA", "macro_f1": "macro F1", "ece": "ECE"}
FINAL_PREDICTION = "final, Eq. 15"
# What a run's metrics may hold beside the final prediction, as tables call it.
OTHER_PREDICTIONS: Mapping[str, str] = {
    "text": "text head alone",
    "audio": "audio head alone",
    "text_reference": "reference: TF-IDF words, logistic regression",
    "audio_reference": "reference: mean frame, logistic regression",
    "majority": "reference: the commonest label",
}
REFERENCES = ("text_reference", "audio_reference")  # Those that are trained.
_SHAPE = {
    **dict.fromkeys(SCORE_NAMES, float),
    "recall": {str: (float, None)},
    "confusion": ([[int]], None),
}
METRICS_SHAPE = {**_SHAPE, **dict.fromkeys(OTHER_PREDICTIONS, (_SHAPE, None)), "synthetic": bool}


def evaluate_predictions(probabilities: np.ndarray, true: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Scores predictions.

    Args:
        probabilities: `<float>[utterances, labels]`.
        true: `<int>[utterances]`, indices of the true labels.
        labels: Names in index order.

    Returns:
        `wa`, `ua`, `macro_f1` (mean over the classes that occur, 0 for one never rightly predicted), `ece`, `recall`
        by label (None for one that does not occur), `confusion` (one row per true label), `count`.

    Raises:
        ValueError: There is nothing to score.

    Example:
        >>> scores = evaluate_predictions(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]), ("calm", "loud"))
        >>> scores["wa"], scores["recall"]
        (0.5, {'calm': 1.0, 'loud': 0.0})
    """
    if not len(true):
        raise ValueError("there are no predictions to score")
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (true, probabilities.argmax(axis=1)), 1)
    present = confusion.sum(axis=1) > 0
    recall = np.diag(confusion)[present] / confusion.sum(axis=1)[present]
    by_label = dict(zip(np.asarray(labels)[present].tolist(), recall.tolist(), strict=True))
    return {
        **scores_of_confusion(confusion),
        "ece": expected_calibration_error(probabilities, true),
        "recall": {label: by_label.get(label) for label in labels},
        "confusion": confusion.tolist(),
        "count": len(true),
    }


def scores_of_confusion(confusion: np.ndarray) -> dict[str, float]:
    """Returns `wa`, `ua` and `macro_f1` of a confusion matrix, `<int>[labels, labels]`, one row per true label.

    Example:
        >>> scores_of_confusion(np.array([[3, 1], [0, 1]]))["ua"]
        0.875
    """
    right, occurring, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    present = occurring > 0
    return {
        "wa": float(right.sum() / occurring.sum()),
        "ua": float((right[present] / occurring[present]).mean()),
        "macro_f1": float((2 * right[present] / (occurring + predicted)[present]).mean()),
    }


def calibration_bins(probabilities: np.ndarray, true: np.ndarray) -> list[tuple[int, float, float]]:
    """Returns count, mean confidence and accuracy of each of the bins of equal width that holds a prediction."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == true
    bins = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    members = [bins == index for index in range(CALIBRATION_BINS)]
    return [
        (int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean()))
        for inside in members
        if inside.any()
    ]


def expected_calibration_error(probabilities: np.ndarray, true: np.ndarray) -> float:
    """Returns the mean distance of confidence and accuracy over bins, weighted by count (Guo et al., 2017)."""
    bins = calibration_bins(probabilities, true)
    return sum(count * abs(confidence - accuracy) for count, confidence, accuracy in bins) / len(true)


def majority(train_labels: Sequence[str], test_labels: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """Scores the prediction of training's label shares for every utterance: its commonest label wins."""
    shares = np.array([list(train_labels).count(label) for label in labels]) / len(train_labels)
    true = np.array([list(labels).index(label) for label in test_labels])
    return evaluate_predictions(np.tile(shares, (len(true), 1)), true, labels)
