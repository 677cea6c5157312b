"""A run's scores as tables: the final prediction, what it stands beside, and what its confidence is worth."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from can_tf.report.tables import CONFIDENCE_HEADERS, RISK_HEADERS, confidence_rows, format_table, risk_rows, score_rows

if TYPE_CHECKING:
    from can_tf.training.calibration import Calibration


def scores_table(metrics: Mapping[str, Any], *, alpha: float) -> str:
    """Returns WA, UA, macro F1 and calibration error of a run's predictions on its test part."""
    table = format_table(
        ["prediction", "WA", "UA", "macro F1", "ECE"],
        [
            [name, *(f"{scores[key]:.3f}" for key in ("wa", "ua", "macro_f1", "ece"))]
            for name, scores in score_rows(metrics, alpha=alpha)
        ],
    )
    count = metrics["count"]
    kind = (
        f"test part, {count} utterances of synthetic speech"
        if metrics["synthetic"]
        else f"test part, {count} utterances"
    )
    return f"{table}\n({kind})"


def confidence_tables(calibration: "Calibration") -> str:
    """Returns the temperature, what it does to the calibration error, and the risk at some coverages."""
    table = format_table(CONFIDENCE_HEADERS, confidence_rows(calibration))
    return f"{calibration.in_words()}\n\n{table}\n\n{format_table(RISK_HEADERS, risk_rows(calibration))}"
