"""A run's scores as a table: the final prediction, and what it stands beside."""

from collections.abc import Mapping
from typing import Any

from can_tf.report.tables import format_table


def scores_table(metrics: Mapping[str, Any], *, alpha: float) -> str:
    """Returns WA, UA, macro F1 and calibration error of a run's predictions on its test part."""
    rows = [(f"fused, Eq. 15 (alpha {alpha:g})", metrics)]
    names = {
        "text": "text head alone",
        "audio": "audio head alone",
        "text_reference": "reference: TF-IDF words, logistic regression",
        "majority": "reference: the commonest label",
    }
    rows += [(name, metrics[key]) for key, name in names.items() if key in metrics]
    table = format_table(
        ["prediction", "WA", "UA", "macro F1", "ECE"],
        [[name, *(f"{scores[key]:.3f}" for key in ("wa", "ua", "macro_f1", "ece"))] for name, scores in rows],
    )
    count = metrics["count"]
    kind = (
        f"test part, {count} utterances of synthetic speech"
        if metrics["synthetic"]
        else f"test part, {count} utterances"
    )
    return f"{table}\n({kind})"
