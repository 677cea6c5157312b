"""The report of a reproduction: the paper's tables with figures of one's own, as Markdown, CSV, JSON and a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.files import replacing, write_csv, write_json
from can_tf.report.comparison import SCORES, sentences
from can_tf.report.paper import CAN

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


def write_report(folder: Path, table: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> list[Path]:
    """Writes `report.md`, `report.csv`, `report.json` and `report.png`; returns their paths.

    Args:
        folder: Made if missing.
        table: From `can_tf.report.comparison.compare`.
        facts: `synthetic`, and what else is to stand above the tables, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"report.{suffix}" for suffix in ("md", "csv", "json", "png")]
    with replacing(paths[0]) as temporary:
        temporary.write_text(_markdown(table, facts), encoding="utf-8")
    write_csv(paths[1], CSV_COLUMNS, [{name: line.get(name, "") for name in CSV_COLUMNS} for line in table])
    write_json(paths[2], {"facts": dict(facts), "rows": list(table)})
    from can_tf.report.plots import tables_figure, write_png

    write_png(tables_figure(table, "synthetic speech" if facts["synthetic"] else ""), paths[3])
    return paths


def _markdown(table: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    kind = "Synthetic speech: these are not results on IEMOCAP." if facts["synthetic"] else ""
    parts = ["# The paper's tables, reproduced", kind]
    parts.append("\n".join(f"- {name}: {value}" for name, value in facts.items() if name != "synthetic"))
    parts.append(
        "The paper's figures are on IEMOCAP, over ten folds. Means and standard deviations are over trainings."
    )
    weights = dict.fromkeys(line["class_weight"] for line in table)
    by_weight = {weight: [line for line in table if line["class_weight"] == weight] for weight in weights}
    for class_weight, lines in by_weight.items():
        parts += _markdown_section(lines, "" if len(by_weight) == 1 else f", class weight {class_weight}")
    if len(by_weight) == 1:
        parts.append("UA moves with what a rare label counts in the loss: `--class-weight both` reports both ways.")
    else:
        parts.append(f"## UA, both ways\n\n{_both_ways(by_weight)}")
    return "\n\n".join(part for part in parts if part) + "\n"


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
