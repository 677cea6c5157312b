"""A search's trials as a table and a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.files import replacing
from can_tf.report.plots import trials_png
from can_tf.report.tables import format_table

REPORT_FILE, PICTURE_FILE = "report.md", "trials.png"
_LOGARITHMIC = ("alpha", "learning_rate")


def trials_table(trials: Sequence[Mapping[str, Any]], over: Sequence[str]) -> str:
    """Returns all trials, the best first and the failed last; the first trial has the paper's values."""
    ordered = sorted(trials, key=lambda trial: (trial["validation_wa"] is None, -(trial["validation_wa"] or 0.0)))
    rows = [
        [
            f"{trial['trial']}{' (the paper)' if trial['trial'] == 0 else ''}",
            *(f"{trial[name]:.3g}" for name in over),
            str(trial["epochs"]),
            *(_score(trial[name]) for name in ("validation_wa", "validation_ua")),
            trial["reason"],
        ]
        for trial in ordered
    ]
    return format_table(["trial", *over, "epochs", "validation WA", "validation UA", "failed"], rows)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def write_report(
    folder: Path, trials: Sequence[Mapping[str, Any]], over: Sequence[str], facts: Mapping[str, Any]
) -> list[Path]:
    """Writes `report.md` and `trials.png`; returns their paths.

    Args:
        folder: Of the search.
        trials: From `can_tf.training.tuning.run_search`.
        over: The hyperparameters searched over.
        facts: `synthetic`, and what else is to stand above the table, by name.
    """
    paths = [folder / REPORT_FILE, folder / PICTURE_FILE]
    parts = ["# A search over hyperparameters"]
    if facts["synthetic"]:
        parts.append("Synthetic speech: these are not results on IEMOCAP.")
    parts.append("\n".join(f"- {name}: {value}" for name, value in facts.items() if name != "synthetic"))
    parts.append(f"```\n{trials_table(trials, over)}\n```")
    parts.append("Scores are on validation parts, which chose the trial: expect less on the test part, unread so far.")
    with replacing(paths[0]) as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    scored = [trial for trial in trials if trial["validation_wa"] is not None]
    trials_png(scored, over, _LOGARITHMIC, paths[1], "synthetic speech" if facts["synthetic"] else "")
    return paths
