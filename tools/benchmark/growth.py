"""How time and memory grow with the corpus."""

import shutil
import sys
from pathlib import Path

import click

from benchmark.processes import seconds_and_megabytes
from can_tf.corpus.demo import make_demo_corpus

SIZES = (1, 3, 10)
_CAN_TF = [sys.executable, "-m", "can_tf"]


def measure_growth(utterances: int, folder: Path) -> list[dict[str, object]]:
    """Measures whole processes: build-records, and train for one epoch; draws `growth.png` in the folder.

    Returns:
        A row a measurement: `what`, `utterances`, `seconds`, `peak_megabytes` of all its processes.
    """
    rows: list[dict[str, object]] = []
    for size in SIZES:
        count = size * utterances
        corpus, records, run_folder = (folder / f"{kind}-{count}" for kind in ("corpus", "records", "run"))
        if not corpus.exists():
            make_demo_corpus(corpus, utterances=count)
        for path in (records, run_folder):
            shutil.rmtree(path, ignore_errors=True)
        for what, arguments in (
            ("build-records", ["build-records", "--root", corpus, "--out", records]),
            ("an epoch", ["train", "--records", records, "--run", run_folder, "--epochs", 1]),
        ):
            click.echo(f"{what}, {count} utterances ...", err=True)
            seconds, megabytes = seconds_and_megabytes([*_CAN_TF, *map(str, arguments)])
            rows.append({"what": what, "utterances": count, "seconds": seconds, "peak_megabytes": megabytes})
    _draw(rows, folder / "growth.png")
    return rows


def _draw(rows: list[dict[str, object]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for axes, column, name in zip(
        figure.subplots(1, 2), ("seconds", "peak_megabytes"), ("seconds", "peak memory, MB"), strict=True
    ):
        for what in dict.fromkeys(row["what"] for row in rows):
            own = [row for row in rows if row["what"] == what]
            axes.plot([row["utterances"] for row in own], [row[column] for row in own], marker="o", label=what)
        axes.set(xlabel="utterances (synthetic)", ylabel=name, ylim=(0, None))
        axes.legend()
    figure.savefig(path, dpi=120)
