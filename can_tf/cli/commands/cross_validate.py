"""`can-tf cross-validate`."""

import json
import time
from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.options import cluster_option, jobs_option, options_of, training_options
from can_tf.cluster import cluster_executor
from can_tf.errors import ConfigError
from can_tf.records.dataset import Dataset, load_dataset
from can_tf.report.tables import format_table
from can_tf.training.cross_validation import PREDICTIONS, FoldRun, check_done, plan, train_all, write_results
from can_tf.training.folds import number_of_folds
from can_tf.training.options import TrainOptions

_NAMES = {
    "final": "final prediction",
    "text": "text head alone",
    "audio": "audio head alone",
    "text_reference": "reference: TF-IDF words, logistic regression",
    "majority": "reference: the commonest label",
}


@click.command("cross-validate")
@training_options(but=("fold", "seed"))
@click.option("--folds", type=click.IntRange(min=1), show_default="all", help="Only the first so many.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="How many, from 0 on.")
@jobs_option
@cluster_option
@click.option(
    "--runs", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"), help="Folder of run folders."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def cross_validate_command(
    ctx: click.Context,
    records: Path,
    config: Path | None,
    folds: int | None,
    seeds: int,
    jobs: int,
    cluster: str | None,
    runs: Path,
    as_json: bool,
    **values: Any,
) -> None:
    """Train every fold of a protocol for several seeds, and sum up. Run again, it does what is missing.

    Each fold is a process of its own: one that fails costs that fold, and the exit code is then 1.
    """
    options = options_of(ctx, config, values)
    dataset = load_dataset(records)
    planned = plan(options, range(fold_count(dataset, options, folds)), range(seeds), runs, records)
    check_done(planned, dataset)
    paths = [records, *([Path(options.glove)] if options.glove else [])]
    with cluster_executor(cluster, runs, paths, runs=[run.folder for run in planned]) as executor:
        failures = train_all(planned, jobs=jobs, report=Report(planned), executor=executor)
    for run, reason in failures.items():
        click.echo(f"Error: seed {run.options.seed}, fold {run.options.fold}: {reason}", err=True)
    folder = runs / f"cv-{options.model}-{options.protocol}"
    summary = write_results(planned, folder)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        click.echo(_table(summary))
        click.echo(f"\n{folder}: summary.json, predictions.csv")
    if failures:
        ctx.exit(1)


def fold_count(dataset: Dataset, options: TrainOptions, asked: int | None) -> int:
    there_are = number_of_folds(dataset.utterances, options.protocol)
    if asked is not None and asked > there_are:
        raise ConfigError(f"--folds {asked}: the {options.protocol} protocol has {there_are} folds here.")
    return asked or there_are


class Report:
    """Says which training ended, and how long the others will take."""

    def __init__(self, planned: list[FoldRun]):
        self.total, self.done = len(planned), sum(run.done for run in planned)
        self.started, self.first = time.monotonic(), self.done
        if self.done:
            click.echo(f"{self.done} of {self.total} trainings are done already.", err=True)

    def __call__(self, run: FoldRun, reason: str | None) -> None:
        self.done += 1
        left = (time.monotonic() - self.started) / (self.done - self.first) * (self.total - self.done)
        click.echo(
            f"{self.done} of {self.total}: seed {run.options.seed}, fold {run.options.fold} "
            f"{'failed' if reason else 'is done'}; {left / 60:.0f} min left",
            err=True,
        )


def _table(summary: dict[str, Any]) -> str:
    scores = summary["scores"]
    rows = [
        [_NAMES[name], *(_spread(scores[name][score]) for score in ("wa", "ua", "macro_f1"))]
        for name in ("final", *PREDICTIONS)
        if name in scores
    ]
    recalls = [[label, _spread(value)] for label, value in scores["final"]["recall"].items()]
    kind = "synthetic speech" if summary["synthetic"] else "test parts"
    return "\n".join(
        [
            format_table(["prediction", "WA", "UA", "macro F1"], rows),
            f"(mean and standard deviation over {summary['done']} of {summary['runs']} trainings, {kind})",
            "",
            format_table(["label", "recall"], recalls),
        ]
    )


def _spread(value: dict[str, Any]) -> str:
    if value["mean"] is None:
        return "absent"
    return f"{value['mean']:.3f}" + (f" ± {value['std']:.3f}" if value["std"] is not None else "")
