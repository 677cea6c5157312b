"""`can-tf reproduce`."""

import dataclasses
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.cli.commands.cross_validate import Report, fold_count
from can_tf.cli.shared.options import (
    cluster_option,
    corpus_options,
    corpus_source,
    jobs_option,
    options_of,
    training_options,
)
from can_tf.cli.shared.records import build_apart
from can_tf.cluster import cluster_executor
from can_tf.errors import ConfigError
from can_tf.records.dataset import Dataset
from can_tf.report.paper import CAN, Row, rows_of
from can_tf.training.cross_validation import FoldRun, check_done, plan, train_all
from can_tf.training.folds import make_fold
from can_tf.training.options import CLASS_WEIGHTS, TrainOptions
from can_tf.training.run_folder import CONFIG_FILE, METRICS_FILE, read_run_json

_BOTH = "both"


def _tables(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    chosen = tuple(sorted({part.strip() for part in text.split(",")}))
    if not set(chosen) <= {"2", "3", "4"}:
        raise click.BadParameter("expected some of 2,3,4")
    return tuple(map(int, chosen))


@click.command("reproduce")
@click.option("--tables", default="2,3,4", callback=_tables, help="Of the paper.")
@corpus_options
@training_options(but=("fold", "seed", "model", "records", "class_weight"))
@click.option(
    "--class-weight",
    type=click.Choice((*CLASS_WEIGHTS, _BOTH)),
    show_default="that of --config, or none, as the paper",
    help=f"What an utterance counts in the loss; {_BOTH} trains every row twice, since UA moves with it.",
)
@click.option("--folds", type=click.IntRange(min=1), show_default="all", help="Only the first so many.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="How many, from 0 on.")
@jobs_option
@cluster_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reproduction"),
    help="Folder of records, runs and the report.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Say what would run and how long it would take, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def reproduce_command(
    ctx: click.Context,
    tables: tuple[int, ...],
    corpus: str | None,
    root: Path | None,
    labels: str | None,
    utterances: int,
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
    """Make the rows of the paper's tables, with tests of which differences hold. Run again, it does what is missing."""
    from can_tf.report.reproduction import compare, read_results, write_report

    options = options_of(ctx, config, values)
    rows = rows_of(tables)
    source = corpus_source(corpus, root, labels, utterances)
    source += ["--cluster", cluster] if cluster else []
    datasets = {
        each: build_apart(out / f"records-{each}", *source, "--segmentation", each)
        for each in sorted({row.segmentation for row in rows})
    }
    dataset = datasets[CAN.segmentation]
    count = fold_count(dataset, options, folds)
    weights = CLASS_WEIGHTS if class_weight == _BOTH else (class_weight or options.class_weight,)
    planned = {
        (weight, row): _plan(row, options, weight, range(count), range(seeds), out)
        for weight in weights
        for row in rows
    }
    for (_, row), runs in planned.items():
        check_done(runs, datasets[row.segmentation])
    if plan_only:
        _say_plan(planned)
        return
    trainings = [run for (_, row), runs in planned.items() if row.variant != "tfidf" for run in runs]
    paths = [Path(options.glove)] if options.glove else []
    with cluster_executor(cluster, out, paths, runs=[run.folder for run in trainings]) as executor:
        failures = train_all(trainings, jobs=jobs, report=Report(trainings), executor=executor)
    test_share = _test_share(dataset, options)
    table = []
    for weight in weights:
        results = {row: read_results(planned[weight, row], reference=row.variant == "tfidf") for row in rows}
        table += compare(rows, results, test_share, weight)
    facts = {
        "synthetic": dataset.synthetic,
        "utterances": len(dataset.utterances),
        "protocol": options.protocol,
        "folds": count,
        "seeds": seeds,
        "at most epochs": options.epochs,
        "class weight": ", ".join(weights),
        "versions": _versions(trainings),
    }
    paths = write_report(out, table, facts)
    if as_json:
        click.echo(json.dumps({"facts": facts, "rows": table}, indent=2))
    else:
        click.echo(paths[0].read_text(encoding="utf-8"))
        click.echo("\n".join(map(str, paths)))
    for run, reason in failures.items():
        click.echo(f"Error: {run.folder.name}: {reason}", err=True)
    if failures:
        ctx.exit(1)


def _plan(
    row: Row, options: TrainOptions, class_weight: str, folds: Sequence[int], seeds: Sequence[int], out: Path
) -> list[FoldRun]:
    """Returns a row's trainings; the words' reference lies in those of the CAN."""
    variant = CAN.variant if row.variant == "tfidf" else row.variant
    each = dataclasses.replace(options, model=variant, class_weight=class_weight)
    suffix = "" if class_weight == "none" else f"-{class_weight}"
    return plan(each, folds, seeds, out / f"runs-{row.segmentation}{suffix}", out / f"records-{row.segmentation}")


def _say_plan(planned: Mapping[tuple[str, Row], Sequence[FoldRun]]) -> None:
    trained = {key: runs for key, runs in planned.items() if key[1].variant != "tfidf"}
    seconds: dict[Row, list[float]] = {}
    for (_, row), runs in trained.items():
        seconds.setdefault(row, []).extend(
            read_run_json(run.folder, METRICS_FILE)["seconds"] for run in runs if run.done
        )
    known = [value for values in seconds.values() for value in values]
    total = 0.0
    for (class_weight, row), runs in trained.items():
        missing = sum(not run.done for run in runs)
        values = seconds[row] or known
        mean = statistics.fmean(values) if values else None
        total += (mean or 0.0) * missing
        told = f"{mean / 60:.1f} min each" if mean else "no training is timed yet"
        name = row.name if class_weight == "none" else f"{row.name}, {class_weight}"
        click.echo(f"{name}: {missing} of {len(runs)} trainings to do, {told}")
    click.echo(f"In all {total / 60:.0f} min, one at a time." if known else "Train one fold first for a time in all.")


def _test_share(dataset: Dataset, options: TrainOptions) -> float:
    fold = make_fold(dataset.utterances, options.protocol, 0, options.seed)
    if not fold.train:
        raise ConfigError(f"the {options.protocol} protocol leaves nothing to train on here.")
    return len(fold.test) / len(fold.train)


def _versions(trainings: Sequence[FoldRun]) -> str:
    for run in trainings:
        if run.done:
            versions = read_run_json(run.folder, CONFIG_FILE)["versions"]
            return ", ".join(f"{name} {version}" for name, version in versions.items())
    return ""
