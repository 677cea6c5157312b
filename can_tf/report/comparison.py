"""The rows of the paper's tables from run folders, and which differences from the CAN hold.

A difference is said to hold if the corrected t-test over folds and seeds gives p < 0.05 and the bootstrap interval over
utterances leaves out 0. With ten rows and two scores, one difference in twenty passes p < 0.05 by luck: p is given, so
that a reader can be stricter.
"""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from can_tf.report.paper import CAN, TableRow
from can_tf.report.statistics import corrected_t_test, ua, wa
from can_tf.training import run_folder
from can_tf.training.fold_runs import FoldRun
from can_tf.training.resampling import bootstrap_interval

SCORES = {"wa": wa, "ua": ua}
_SIGNIFICANT = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Results:
    """What the trainings of a row gave.

    Attributes:
        scores: By score, a value for each (seed, fold).
        predicted: By (seed, utterance), the label's name; empty where only scores are known.
        true: By utterance.
    """

    scores: Mapping[str, Mapping[tuple[int, int], float]]
    predicted: Mapping[tuple[int, str], str]
    true: Mapping[str, str]


def read_results(runs: Sequence[FoldRun], *, reference: str = "") -> Results:
    """Reads the run folders that are done; of a reference by its name in the metrics, the scores that they hold."""
    scores: dict[str, dict[tuple[int, int], float]] = {name: {} for name in SCORES}
    predicted: dict[tuple[int, str], str] = {}
    true: dict[str, str] = {}
    for run in runs:
        if not run.done:
            continue
        needed = dict.fromkeys(SCORES, float)
        shape = {reference: needed} if reference else needed
        metrics = run_folder.read_run_json(run.folder, run_folder.METRICS_FILE, shape)
        for name in SCORES:
            scored = metrics[reference] if reference else metrics
            scores[name][run.options.seed, run.options.fold] = scored[name]
        if not reference:
            for row in run_folder.read_predictions(run.folder, ("id", "predicted", "label")):
                predicted[run.options.seed, row["id"]] = row["predicted"]
                true[row["id"]] = row["label"]
    return Results(scores, predicted, true)


def compare(
    rows: Sequence[TableRow], results: Mapping[TableRow, Results], test_share: float, class_weight: str = "none"
) -> list[dict[str, Any]]:
    """Returns the report's rows: `class_weight`, `row`, `tables`, `trainings`, each score's mean, spread and test.

    Args:
        rows: In the order of the report; the CAN among them if the others are to be compared.
        results: By row.
        test_share: Test utterances for each training utterance.
        class_weight: What all of them were trained with.
    """
    table = []
    for row in rows:
        own = results[row]
        line: dict[str, Any] = {
            "class_weight": class_weight,
            "row": row.name,
            "tables": " ".join(map(str, row.tables)),
            "trainings": len(own.scores["wa"]),
        }
        for score in SCORES:
            values = list(own.scores[score].values())
            line[f"{score}_mean"] = statistics.fmean(values) if values else None
            line[f"{score}_std"] = statistics.stdev(values) if len(values) > 1 else None
            paper = getattr(row, score)
            line[f"{score}_paper"] = paper[0] if paper else None
            line |= _comparison(score, results.get(CAN), own, test_share) if row is not CAN else {}
        table.append(line)
    return table


def _comparison(score: str, can: Results | None, other: Results, test_share: float) -> dict[str, Any]:
    """Returns how the CAN differs from another row, over what both have."""
    if can is None:
        return {}
    common = sorted(set(can.scores[score]) & set(other.scores[score]))
    if not common:
        return {}
    first, second = ([results.scores[score][training] for training in common] for results in (can, other))
    test = corrected_t_test(first, second, test_share)
    line: dict[str, Any] = {f"{score}_difference": test.difference, f"{score}_p": test.p}
    holds = test.p is not None and test.p < _SIGNIFICANT
    if other.predicted:
        low, high = _interval(score, can, other)
        line |= {f"{score}_low": low, f"{score}_high": high}
        holds = holds and not low <= 0 <= high
    return {**line, f"{score}_holds": holds}


def _interval(score: str, can: Results, other: Results) -> tuple[float, float]:
    seeds = sorted({seed for seed, _ in can.predicted} & {seed for seed, _ in other.predicted})
    tested = sorted(can.true)
    both = (can.predicted, other.predicted)
    ids = [id_ for id_ in tested if all((seed, id_) in predicted for seed in seeds for predicted in both)]
    labels = sorted({*can.true.values(), *can.predicted.values(), *other.predicted.values()})
    index = {label: place for place, label in enumerate(labels)}
    true = np.array([index[can.true[id_]] for id_ in ids])
    first, second = (np.array([[index[predicted[seed, id_]] for id_ in ids] for seed in seeds]) for predicted in both)
    return bootstrap_interval(true, first, second, SCORES[score])


def sentences(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns in words which differences from the CAN hold."""
    lines = []
    for line in table:
        for score in SCORES:
            difference = line.get(f"{score}_difference")
            if difference is None:
                continue
            p = line[f"{score}_p"]
            told = "no test is possible" if p is None else f"p = {p:.3f}"
            if f"{score}_low" in line:
                told += f"; 95 % of resampled corpora: {line[f'{score}_low']:+.3f} to {line[f'{score}_high']:+.3f}"
            verdict = "holds" if line[f"{score}_holds"] else "does not hold: it may be noise"
            lines.append(f"{score.upper()}, CAN against {line['row']}: {difference:+.3f}, {verdict} ({told}).")
    return lines
