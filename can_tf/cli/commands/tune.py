"""`can-tf tune`."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from can_tf.cli.shared.corpora import list_options, usable_corpus
from can_tf.cli.shared.options import corpus_options, options_of, reading_options, training_options
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.progress import amount
from can_tf.training.search import METHODS, SPACES, Role, Search, overlap_folders

if TYPE_CHECKING:
    from can_tf.report.tuning import Tuned


def _names(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip().replace("-", "_") for part in text.split(",")))
    if not set(chosen) <= set(SPACES):
        raise click.BadParameter(f"expected some of {','.join(SPACES)}")
    return chosen


@click.command("tune")
@click.option(
    "--over", default="alpha,heads", callback=_names, help=f"What to search, separated by commas: {', '.join(SPACES)}."
)
@click.option("--method", type=click.Choice(METHODS), default=METHODS[0], help="Search method.")
@click.option("--trials", type=click.IntRange(min=1), default=20, help="Number of trials; raise it later to continue.")
@click.option(
    "--folds", type=click.IntRange(min=1), default=1, help="Number of folds per trial; their scores are averaged."
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Number of trainings at once, within a trial.")
@training_options(but=("fold", "folds"))
@corpus_options
@reading_options
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("tuning"), help="Folder for the search."
)
@click.option(
    "--role",
    type=click.Choice(("alone", "chief", "worker")),
    default="alone",
    help="For several machines: start one chief, which hands out trials, and any number of workers.",
)
@click.option("--chief", "address", default="", help="The chief's HOST:PORT.")
@click.option(
    "--worker-name",
    default="",
    help="A unique name for this worker; restarted under the same name, it resumes its trial.",
)
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
    column: dict[str, str],
    tier: str | None,
    silence: tuple[str, ...],
    out: Path,
    role: str,
    address: str,
    worker_name: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Search for hyperparameters with better validation WA.

    Re-running the command resumes it. --corpus, --root, --labels and --utterances are needed only for --over overlap,
    which builds records for each overlap.
    """
    from can_tf.report.tuning import build_overlaps, tune

    who, progress = Role(role, address, worker_name), ProgressPrinter().show
    options = options_of(ctx, config, values)
    by_overlap = {0.0: records}
    if "overlap" in over and role == "worker":
        by_overlap = overlap_folders(out)
    elif "overlap" in over:
        by_overlap = build_overlaps(
            usable_corpus(corpus, root, labels, utterances, list_options(column, tier, silence)), out, progress=progress
        )
    search = Search(
        folder=out, options=options, over=over, method=method, trials=trials, folds=folds, jobs=jobs, records=by_overlap
    )
    if role != "alone":
        chief, worker = "Handing out trials until all are done", f"{worker_name} asks the chief for trials"
        click.echo(f"{worker if role == 'worker' else chief}, at {address}.", err=True)
    _show(search, tune(search, who, progress), worker_name, as_json=as_json)


def _show(search: Search, result: "Tuned", worker_name: str, *, as_json: bool) -> None:
    from can_tf.report.tuning import trials_table

    if result.best is None:
        click.echo(f"{worker_name} ran {amount(len(result.trials), 'trials')}. The chief has them all.", err=True)
        return
    if as_json:
        report = {"facts": result.facts, "trials": result.trials, "best": result.best["trial"]}
        click.echo(json.dumps(report, indent=2))
        return
    click.echo(trials_table(result.trials, search.over))
    best = search.folder / "best.json"
    records = (
        search.records_for(result.best["overlap"]) if "overlap" in search.over else next(iter(search.records.values()))
    )
    command = ["can-tf", "train", "--config", best, "--records", records, "--run", search.folder / "best-run"]
    click.echo(f"\nBest: trial {result.best['trial']}. Train it: {shlex.join(map(str, command))}")
    click.echo("\n".join(map(str, result.paths)))
