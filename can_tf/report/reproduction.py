"""The paper's tables from run folders: each row beside the paper's figure, and which differences from the CAN hold.

A difference is said to hold if the corrected t-test over folds and seeds gives p < 0.05 and the bootstrap interval over
utterances leaves out 0. With ten rows and two scores, one difference in twenty passes p < 0.05 by luck: p is given, so
that a reader can be stricter.
"""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.files import replacing, write_csv, write_json
from can_tf.report.paper import CAN, Row
from can_tf.report.statistics import bootstrap_interval, corrected_t_test, ua, wa
from can_tf.training import run_folder
from can_tf.training.cross_validation import FoldRun

SCORES = {"wa": wa, "ua": ua}
_SIGNIFICANT = 0.05
CSV_COLUMNS = (
    "class_weight",
    "row",
    "tables",
    "trainings",
    *(
        f"{score}_{what}"
        for score in SCORES
        for what in ("mean", "std", "paper", "difference", "p", "low", "high", "holds")
    ),
)


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


def read_results(runs: Sequence[FoldRun], *, reference: bool = False) -> Results:
    """Reads the run folders that are done; with `reference`, the scores of TF-IDF that they hold."""
    scores: dict[str, dict[tuple[int, int], float]] = {name: {} for name in SCORES}
    predicted: dict[tuple[int, str], str] = {}
    true: dict[str, str] = {}
    for run in runs:
        if not run.done:
            continue
        needed = dict.fromkeys(SCORES, float)
        shape = {"text_reference": needed} if reference else needed
        metrics = run_folder.read_run_json(run.folder, run_folder.METRICS_FILE, shape)
        for name in SCORES:
            found = metrics["text_reference"] if reference else metrics
            scores[name][run.options.seed, run.options.fold] = found[name]
        if not reference:
            for row in run_folder.read_predictions(run.folder, ("id", "predicted", "label")):
                predicted[run.options.seed, row["id"]] = row["predicted"]
                true[row["id"]] = row["label"]
    return Results(scores, predicted, true)


def compare(
    rows: Sequence[Row], results: Mapping[Row, Results], test_share: float, class_weight: str = "none"
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
    test = corrected_t_test(
        [can.scores[score][each] for each in common], [other.scores[score][each] for each in common], test_share
    )
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
    ids = [id_ for id_ in tested if all((seed, id_) in each.predicted for seed in seeds for each in (can, other))]
    labels = sorted({*can.true.values(), *can.predicted.values(), *other.predicted.values()})
    index = {label: place for place, label in enumerate(labels)}
    true = np.array([index[can.true[id_]] for id_ in ids])
    first, second = (
        np.array([[index[each.predicted[seed, id_]] for id_ in ids] for seed in seeds]) for each in (can, other)
    )
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


def write_report(folder: Path, table: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> list[Path]:
    """Writes `report.md`, `report.csv`, `report.json` and `report.png`; returns their paths.

    Args:
        folder: Made if missing.
        table: From `compare`.
        facts: `synthetic`, and what else is to stand above the tables, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"report.{suffix}" for suffix in ("md", "csv", "json", "png")]
    with replacing(paths[0]) as temporary:
        temporary.write_text(_markdown(table, facts), encoding="utf-8")
    write_csv(paths[1], CSV_COLUMNS, [{name: line.get(name, "") for name in CSV_COLUMNS} for line in table])
    write_json(paths[2], {"facts": dict(facts), "rows": list(table)})
    from can_tf.report.plots import tables_png

    tables_png(table, paths[3], "synthetic speech" if facts["synthetic"] else "")
    return paths


def _markdown(table: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    kind = "Synthetic speech: these are not results on IEMOCAP." if facts["synthetic"] else ""
    parts = ["# The paper's tables, reproduced", kind]
    parts.append("\n".join(f"- {name}: {value}" for name, value in facts.items() if name != "synthetic"))
    parts.append(
        "The paper's figures are on IEMOCAP, over ten folds. Means and standard deviations are over trainings."
    )
    by_weight = {each: [line for line in table if line["class_weight"] == each] for each in _class_weights(table)}
    for class_weight, lines in by_weight.items():
        parts += _markdown_section(lines, "" if len(by_weight) == 1 else f", class weight {class_weight}")
    if len(by_weight) == 1:
        parts.append("UA moves with what a rare label counts in the loss: `--class-weight both` reports both ways.")
    else:
        parts.append(f"## UA, both ways\n\n{_both_ways(by_weight)}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _class_weights(table: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(line["class_weight"] for line in table))


def _markdown_section(table: Sequence[Mapping[str, Any]], suffix: str) -> list[str]:
    parts = []
    for number, title in ((2, "models"), (3, "segmentation"), (4, "ablations")):
        lines = [line for line in table if str(number) in line["tables"].split()]
        if any(line["row"] != CAN.name and line["tables"] == str(number) for line in lines):
            parts.append(f"## Table {number}: {title}{suffix}\n\n{_markdown_table(lines)}")
    parts.append(f"## Which differences hold{suffix}\n\n" + "\n".join(f"- {line}" for line in sentences(table)))
    return parts


def _both_ways(by_weight: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    header = f"| model | {' | '.join(by_weight)} |\n|---{'|---' * len(by_weight)}|"
    rows = [
        f"| {lines[0]['row']} | {' | '.join(_spread(line, 'ua') for line in lines)} |"
        for lines in zip(*by_weight.values(), strict=True)
    ]
    return "\n".join([header, *rows])


def _markdown_table(lines: Sequence[Mapping[str, Any]]) -> str:
    header = "| model | WA | paper | UA | paper | trainings |\n|---|---|---|---|---|---|"
    rows = [
        f"| {line['row']} | {_spread(line, 'wa')} | {_paper(line, 'wa')} "
        f"| {_spread(line, 'ua')} | {_paper(line, 'ua')} | {line['trainings']} |"
        for line in lines
    ]
    return "\n".join([header, *rows])


def _spread(line: Mapping[str, Any], score: str) -> str:
    mean, std = line[f"{score}_mean"], line[f"{score}_std"]
    if mean is None:
        return "missing"
    return f"{mean:.3f}" + (f" ± {std:.3f}" if std is not None else "")


def _paper(line: Mapping[str, Any], score: str) -> str:
    value = line[f"{score}_paper"]
    return "" if value is None else f"{value:.3f}"
