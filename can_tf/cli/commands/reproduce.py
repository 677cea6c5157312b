"""`can-tf reproduce`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from can_tf.cli.commands.cross_validate import end_with_failures
from can_tf.cli.shared.corpora import list_options, usable_corpus
from can_tf.cli.shared.options import (
    cluster_option,
    corpus_options,
    features_option,
    fold_options,
    jobs_option,
    options_of,
    reading_options,
    training_options,
)
from can_tf.cli.shared.progress import ProgressPrinter, duration
from can_tf.report.paper import TABLES
from can_tf.training.options import CLASS_WEIGHTS

if TYPE_CHECKING:
    from can_tf.report.reproduction import RowPlan

_BOTH = "both"


def _tables(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    chosen = {part.strip() for part in text.split(",")}
    if not chosen <= set(map(str, TABLES)):
        raise click.BadParameter(f"expected some of {','.join(map(str, TABLES))}")
    return tuple(sorted(map(int, chosen)))


@click.command("reproduce")
@click.option(
    "--tables",
    default=",".join(map(str, TABLES)),
    callback=_tables,
    help="Which of the paper's tables, separated by commas.",
)
@corpus_options
@reading_options
@features_option
@training_options(but=("fold", "folds", "seed", "model", "records", "class_weight", "start", "freeze"))
@click.option(
    "--class-weight",
    type=click.Choice((*CLASS_WEIGHTS, _BOTH)),
    show_default="from --config; else none, as in the paper",
    help=f"Class weights in the loss; {_BOTH} trains every row with and without.",
)
@fold_options
@jobs_option
@cluster_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reproduction"),
    help="Folder for records, runs and the report.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Only print what would run, and how long it would take.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def reproduce_command(
    ctx: click.Context,
    tables: tuple[int, ...],
    corpus: str | None,
    root: Path | None,
    labels: str | None,
    utterances: int,
    features: str,
    column: dict[str, str],
    tier: str | None,
    silence: tuple[str, ...],
    config: Path | None,
    class_weight: str | None,
    folds: int | None,
    seeds: int,
    jobs: int,
    cluster: str | None,
    out: Path,
    plan_only: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Reproduce the paper's Tables 2, 3 and 4.

    Every row is cross-validated, and differences between rows are tested for significance. Re-running the command
    resumes it.
    """
    from can_tf.features.registry import front_end
    from can_tf.report.reproduction import Reproduction, plan_reproduction, reproduce

    options = options_of(ctx, config, values)
    weights = CLASS_WEIGHTS if class_weight == _BOTH else (class_weight or options.class_weight,)
    what = Reproduction(
        options=options,
        tables=tables,
        class_weights=weights,
        folds=folds,
        seeds=seeds,
        front_end=front_end(features),
        out=out,
    )
    source = usable_corpus(corpus, root, labels, utterances, list_options(column, tier, silence))
    progress = ProgressPrinter().show
    if plan_only:
        _show_plan(plan_reproduction(source, what, cluster=cluster, progress=progress))
        return
    result = reproduce(source, what, jobs=jobs, cluster=cluster, progress=progress)
    if as_json:
        click.echo(json.dumps({"facts": result.facts, "rows": result.table}, indent=2))
    else:
        click.echo(result.paths[0].read_text(encoding="utf-8"))
        click.echo("\n".join(map(str, result.paths)))
    end_with_failures(ctx, result.failures)


def _show_plan(planned: "Sequence[RowPlan]") -> None:
    from can_tf.report.reproduction import seconds_left

    times = seconds_left(planned)
    for row_plan, seconds in zip(planned, times, strict=True):
        told = "no training is timed yet" if seconds is None else duration(seconds) if seconds else "done"
        click.echo(f"{row_plan.name}: {row_plan.missing} of {len(row_plan.runs)} trainings to do, {told}")
    known = [seconds for seconds in times if seconds is not None]
    total = f"In all {duration(sum(known))}, one at a time." if known else "Train one fold first for a time in all."
    click.echo(total)
