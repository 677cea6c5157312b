"""Tables for people."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from can_tf.training.intervals import POOLED_SCORES
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES

if TYPE_CHECKING:
    from can_tf.training.calibration import Calibration  # Imports SciPy.

CONFIDENCE_HEADERS = ("confidence", "ECE", "NLL", "area of risk over coverage")
INTERVAL_HEADERS = (FINAL_PREDICTION, "utterances", "speakers", *(SCORE_NAMES[score] for score in POOLED_SCORES))
RISK_HEADERS = ("kept", "of calibrated confidence from", "wrong among them")


def format_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Returns a table of plain text: the first column to the left, the others to the right.

    Example:
        >>> print(format_table(["label", "recall"], [["calm", "0.5"]]))
        label  recall
        -----  ------
        calm      0.5
    """
    cells = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    lines = [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join(line.rstrip() for line in (lines[0], rule, *lines[1:]))


def score_rows(metrics: Mapping[str, Any], *, alpha: float) -> list[tuple[str, Mapping[str, Any]]]:
    """Returns the scores that a run's metrics hold, by what was scored: the final prediction first."""
    others = [(name, metrics[key]) for key, name in OTHER_PREDICTIONS.items() if metrics.get(key)]
    return [(f"{FINAL_PREDICTION} (alpha {alpha:g})", metrics), *others]


def interval_rows(intervals: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Returns the final prediction's scores of all test sets and of each corpus's, below INTERVAL_HEADERS.

    Args:
        intervals: Of a cross-validation's summary.
    """

    def shown(score: Mapping[str, float]) -> str:
        return f"{score['value']:.3f} ({score['low']:.2f} to {score['high']:.2f})"

    return [
        [
            of["corpus"] or "all",
            str(of["utterances"]),
            str(of["speakers"]),
            *(shown(of[name]) for name in POOLED_SCORES),
        ]
        for of in intervals
    ]


def spread(score: Mapping[str, Any]) -> str:
    """Returns a mean with its standard deviation, where there is one.

    Example:
        >>> spread({"mean": 0.5, "std": 0.125}), spread({"mean": 0.5, "std": None}), spread({"mean": None})
        ('0.500 ± 0.125', '0.500', 'absent')
    """
    if score["mean"] is None:
        return "absent"
    return f"{score['mean']:.3f}" + (f" ± {score['std']:.3f}" if score["std"] is not None else "")


def pooled_rows(pooled: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Returns the scores of all test sets together, in the order of POOLED_SCORES, by prediction."""
    names = {"final": FINAL_PREDICTION, **OTHER_PREDICTIONS}
    return [
        [name, *(spread(pooled[key][score]) for score in POOLED_SCORES)] for key, name in names.items() if key in pooled
    ]


def intervals_in_words(intervals: Sequence[Mapping[str, Any]]) -> str:
    """Returns what the intervals are of.

    Example:
        >>> few = {"corpus": "jl-corpus", "resampled": "utterances"}
        >>> intervals_in_words([{"corpus": "", "resampled": "speakers"}, few])
        '95 % intervals over resampled speakers; of jl-corpus, over utterances'
    """
    first, *others = intervals
    differ = [of["corpus"] for of in others if of["resampled"] != first["resampled"]]
    more = f"; of {', '.join(differ)}, over utterances" if differ else ""
    return f"95 % intervals over resampled {first['resampled']}{more}"


def confidence_rows(calibration: "Calibration") -> list[list[str]]:
    """Returns what a run's confidence is worth without its temperature and with it, below CONFIDENCE_HEADERS."""
    by_name = {"as trained": calibration.unscaled, "calibrated": calibration.scaled}
    scores = ("ece", "nll", "risk_coverage_area")
    return [[name, *(f"{values[score]:.3f}" for score in scores)] for name, values in by_name.items()]


def risk_rows(calibration: "Calibration") -> list[list[str]]:
    """Returns what is wrong among those kept, by their share, below RISK_HEADERS.

    Confidence is rounded down, so that `--reject-below` with it keeps the row's utterances.
    """
    return [
        [
            f"{point['coverage']:.1%}",
            f"{math.floor(round(1000 * point['confidence'], 6)) / 1000:.3f}",
            f"{point['risk']:.1%}",
        ]
        for point in calibration.scaled["risk_coverage"]
    ]
