"""`can-tf cross-validate`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.options import (
    cluster_option,
    fold_options,
    jobs_option,
    options_of,
    track_option,
    training_options,
)
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.records.dataset import load_dataset
from can_tf.report.scores import summary_table
from can_tf.training.cross_validation import cross_validate
from can_tf.training.fold_runs import FoldRun


@click.command("cross-validate")
@training_options(but=("fold", "folds", "seed"))
@fold_options
@jobs_option
@cluster_option
@track_option
@click.option(
    "--runs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    help="Folder for the runs, one subfolder each.",
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
    track: tuple[str, ...],
    runs: Path,
    as_json: bool,
    **values: Any,
) -> None:
    """Train every fold of a protocol, and summarize.

    Each training runs in its own process. If one fails, the others go on, and the exit code is 1. Re-running the
    command resumes it.
    """
    result = cross_validate(
        load_dataset(records),
        options_of(ctx, config, values),
        folds=folds,
        seeds=seeds,
        jobs=jobs,
        runs=runs,
        cluster=cluster,
        track=track,
        progress=ProgressPrinter().show,
    )
    if as_json:
        click.echo(json.dumps(result.summary, indent=2))
    else:
        click.echo(f"{summary_table(result.summary)}\n\n{result.folder}: summary.json, predictions.csv")
        click.echo(f"Intervals, speakers and a page: can-tf evaluate {result.folder}")
    end_with_failures(ctx, result.failures)


def end_with_failures(ctx: click.Context, failures: Mapping[FoldRun, str]) -> None:
    """Says why trainings failed; the exit code is then 1."""
    for run, reason in failures.items():
        click.echo(f"Error: {run.folder.name}: {reason}", err=True)
    if failures:
        ctx.exit(1)
