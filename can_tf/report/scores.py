"""A run's scores as tables: the final prediction, what it stands beside, and what its confidence is worth."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from can_tf.progress import amount
from can_tf.report.tables import (
    CONFIDENCE_HEADERS,
    INTERVAL_HEADERS,
    RISK_HEADERS,
    confidence_rows,
    format_table,
    interval_rows,
    intervals_in_words,
    pooled_rows,
    risk_rows,
    score_rows,
    spread,
)
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES

if TYPE_CHECKING:
    from can_tf.training.calibration import Calibration


def scores_table(metrics: Mapping[str, Any], *, alpha: float) -> str:
    """Returns WA, UA, macro F1 and calibration error of a run's predictions on its test set."""
    table = format_table(
        ["prediction", *SCORE_NAMES.values()],
        [[name, *(f"{scores[key]:.3f}" for key in SCORE_NAMES)] for name, scores in score_rows(metrics, alpha=alpha)],
    )
    synthetic = " of synthetic speech" if metrics["synthetic"] else ""
    return f"{table}\n(test set, {amount(metrics['count'], 'utterances')}{synthetic})"


def confidence_tables(calibration: "Calibration") -> str:
    """Returns the temperature, what it does to the calibration error, and the risk at some coverages."""
    table = format_table(CONFIDENCE_HEADERS, confidence_rows(calibration))
    return f"{calibration.in_words()}\n\n{table}\n\n{format_table(RISK_HEADERS, risk_rows(calibration))}"


def summary_table(summary: Mapping[str, Any]) -> str:
    """Returns mean and standard deviation of a cross-validation's scores, and of its recalls by label."""
    scores = summary["scores"]
    names = {"final": FINAL_PREDICTION, **OTHER_PREDICTIONS}
    shown = [score for score in SCORE_NAMES if score != "ece"]
    rows = [[name, *(spread(scores[key][score]) for score in shown)] for key, name in names.items() if key in scores]
    recalls = [[label, spread(value)] for label, value in scores["final"]["recall"].items()]
    kind = "synthetic speech" if summary["synthetic"] else "test sets"
    return "\n".join(
        [
            format_table(["prediction", *(SCORE_NAMES[score] for score in shown)], rows),
            f"(mean and standard deviation over {summary['done']} of {summary['runs']} trainings, {kind})",
            *_pooled_table(summary),
            *_intervals_table(summary),
            "",
            format_table(["label", "recall"], recalls),
        ]
    )


def _pooled_table(summary: Mapping[str, Any]) -> list[str]:
    """Returns lines on the scores of all test sets together; none where they are not known."""
    pooled = summary["pooled"]
    rows = pooled_rows(pooled)
    if not rows:
        return []
    scores = [SCORE_NAMES[score] for score in next(iter(pooled.values()))]
    seeds = len(summary["seeds"])
    over = f"(mean and standard deviation over {amount(seeds, 'seeds')})" if seeds > 1 else "(one seed)"
    return ["", format_table(["all test sets together", *scores], rows), over]


def _intervals_table(summary: Mapping[str, Any]) -> list[str]:
    """Returns lines on the final prediction by corpus, with intervals; none where they are not known."""
    found = summary.get("intervals", [])
    if not found:
        return []
    return ["", format_table(INTERVAL_HEADERS, interval_rows(found)), f"(in brackets: {intervals_in_words(found)})"]


def recalls_table(metrics: Mapping[str, Any]) -> str:
    """Returns the recall of each label, where it occurs in a run's test set."""
    rows = [[label, "absent" if recall is None else f"{recall:.3f}"] for label, recall in metrics["recall"].items()]
    return format_table(["label", "recall"], rows)
