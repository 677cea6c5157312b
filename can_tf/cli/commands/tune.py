"""`can-tf tune`."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.cli.commands.cross_validate import fold_count
from can_tf.cli.shared.options import corpus_options, corpus_source, options_of, training_options
from can_tf.cli.shared.records import build_apart
from can_tf.errors import MissingExtraError
from can_tf.records.dataset import load_dataset
from can_tf.training.search_options import METHODS, OVERLAPS, SEARCHABLE, Role, Search


def _names(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip().replace("-", "_") for part in text.split(",")))
    if not set(chosen) <= set(SEARCHABLE):
        raise click.BadParameter(f"expected some of {','.join(SEARCHABLE)}")
    return chosen


@click.command("tune")
@click.option("--over", default="alpha,heads", callback=_names, help=f"Of {','.join(SEARCHABLE)}.")
@click.option("--method", type=click.Choice(METHODS), default=METHODS[0], help="How values are chosen.")
@click.option("--trials", type=click.IntRange(min=1), default=20, help="At most; a search may be run again with more.")
@click.option("--folds", type=click.IntRange(min=1), default=1, help="Trainings a trial, whose scores are averaged.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Trainings of a trial at once.")
@training_options(but=("fold",))
@corpus_options
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("tuning"), help="Folder of the search."
)
@click.option(
    "--role",
    type=click.Choice(("alone", "chief", "worker")),
    default="alone",
    help="On several machines: one chief, who trains nothing, and workers.",
)
@click.option("--chief", "address", default="", help="HOST:PORT of the chief.")
@click.option("--worker-name", default="", help="Each worker's own; started again under it, it takes up its trial.")
@click.option("--json", "as_json", is_flag=True, help="Print the trials as JSON.")
@click.pass_context
def tune_command(
    ctx: click.Context,
    over: tuple[str, ...],
    method: str,
    trials: int,
    folds: int,
    jobs: int,
    records: Path,
    config: Path | None,
    corpus: str | None,
    root: Path | None,
    labels: str | None,
    utterances: int,
    out: Path,
    role: str,
    address: str,
    worker_name: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Search for better hyperparameters, by validation WA. Run again, it goes on where it stopped.

    The corpus options count only with --over overlap, which builds records for each overlap.
    """
    who = Role(role, address, worker_name)
    options = options_of(ctx, config, values)
    by_overlap = {0.0: records}
    if "overlap" in over:
        source = corpus_source(corpus, root, labels, utterances)
        by_overlap = _records_by_overlap(out, source, build=role != "worker")
    dataset = load_dataset(next(iter(by_overlap.values())))
    search = Search(
        folder=out,
        options=options,
        over=over,
        method=method,
        trials=trials,
        folds=fold_count(dataset, options, folds),
        jobs=jobs,
        records=by_overlap,
    )
    try:
        from can_tf.training.tuning import best_of, run_search, write_results
    except ModuleNotFoundError as error:
        if error.name != "keras_tuner":
            raise
        raise MissingExtraError("can-tf tune", "tune") from error
    if role == "chief":
        click.echo(f"Handing out trials at {address}, until all are done.", err=True)
    elif role == "worker":
        click.echo(f"{worker_name} asks the chief at {address} for trials.", err=True)
    found = run_search(search, who, _Report(search))
    if role == "worker":
        click.echo(f"{worker_name} ran {len(found)} trials. The chief has them all.", err=True)
        return
    write_results(search, found)
    _say(search, found, best_of(found), synthetic=dataset.synthetic, as_json=as_json)


def _records_by_overlap(out: Path, source: Sequence[Any], *, build: bool) -> dict[float, Path]:
    folders = {overlap: out / f"records-overlap-{overlap:g}" for overlap in OVERLAPS}
    if build:
        for overlap, folder in folders.items():
            build_apart(folder, *source, "--overlap", overlap)
    return folders


class _Report:
    """Says how each trial went, and how long the others will take."""

    def __init__(self, search: Search):
        self.search, self.started, self.count = search, time.monotonic(), 0

    def __call__(self, trial: Mapping[str, Any]) -> None:
        self.count += 1
        values = ", ".join(f"{name} {trial[name]:.3g}" for name in self.search.over)
        score = trial["validation_wa"]
        told = f"failed: {trial['reason']}" if score is None else f"validation WA {score:.3f}"
        mean = (time.monotonic() - self.started) / self.count
        left = mean * max(self.search.trials - trial["trial"] - 1, 0)
        click.echo(
            f"trial {trial['trial'] + 1} of at most {self.search.trials}: {values}: {told}; "
            f"at most {left / 60:.0f} min left",
            err=True,
        )


def _say(
    search: Search, trials: Sequence[Mapping[str, Any]], best: Mapping[str, Any], *, synthetic: bool, as_json: bool
) -> None:
    from can_tf.report.tuning import trials_table, write_report

    facts = {
        "synthetic": synthetic,
        "method": search.method,
        "protocol": search.options.protocol,
        "folds": search.folds,
        "seed": search.options.seed,
        "at most epochs": search.options.epochs,
    }
    paths = write_report(search.folder, trials, search.over, facts)
    if as_json:
        click.echo(json.dumps({"facts": facts, "trials": trials, "best": best["trial"]}, indent=2))
        return
    click.echo(trials_table(trials, search.over))
    click.echo(f"\nBest: trial {best['trial']}. Train it: can-tf train --config {search.folder / 'best.json'}")
    if "overlap" in search.over:
        click.echo(f"with the records of its overlap: --records {search.records_for(best['overlap'])}")
    click.echo("\n".join(map(str, paths)))
