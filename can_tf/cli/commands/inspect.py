"""`can-tf inspect`."""

import json
import statistics
from pathlib import Path
from typing import Any

import click

from can_tf.errors import ConfigError
from can_tf.records.dataset import Dataset, load_dataset, verify_shards
from can_tf.report.counts import counts_table, paper_counts
from can_tf.report.tables import format_table
from can_tf.training.folds import PROTOCOLS
from can_tf.training.leakage import SHARED, shared_with_training

_REJECTS_SHOWN = 5


@click.command("inspect")
@click.argument("records", type=click.Path(file_okay=False, path_type=Path), default=Path("data/records"))
@click.option("--verify", is_flag=True, help="Read every shard and check its SHA-256.")
@click.option("--leakage", is_flag=True, help="Count, by protocol, what utterances share with training when they test.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect_command(records: Path, verify: bool, leakage: bool, as_json: bool) -> None:
    """Show what RECORDS (by default data/records) hold: counts beside the paper's, durations, words, rejects."""
    dataset = load_dataset(records)
    if verify:
        verify_shards(dataset)
    if as_json:
        shared = {"leakage": _leakage(dataset)} if leakage else {}
        click.echo(json.dumps({**_summary(dataset), **shared}, indent=2))
        return
    if dataset.synthetic:
        click.echo("Synthetic speech: counts and durations are made up to be like IEMOCAP's.")
    click.echo(counts_table(dataset))
    click.echo()
    click.echo(_distributions_table(_summary(dataset)["distributions"]))
    _echo_rejects(dataset)
    if leakage:
        click.echo(f"\n{_leakage_table(_leakage(dataset), len(dataset.utterances))}")


def _leakage(dataset: Dataset) -> dict[str, dict[str, int] | str]:
    """Returns counts by protocol, or why the corpus does not allow it."""
    answers: dict[str, dict[str, int] | str] = {}
    for protocol in PROTOCOLS:
        try:
            answers[protocol] = shared_with_training(dataset.utterances, protocol)
        except ConfigError as error:
            answers[protocol] = str(error)
    return answers


def _leakage_table(leakage: dict[str, dict[str, int] | str], utterances: int) -> str:
    rows, notes = [], []
    for protocol, shared in leakage.items():
        if isinstance(shared, str):
            notes.append(f"{protocol}: {shared}.")
        else:
            rows.append([protocol, *(f"{count} ({count / utterances:.0%})" for count in shared.values())])
    title = f"Of the {utterances} utterances, each tested in one fold, so many share this with training:"
    return "\n".join([title, format_table(["protocol", *SHARED], rows), *notes])


def _summary(dataset: Dataset) -> dict[str, Any]:
    utterances = dataset.utterances
    values: dict[str, list[float]] = {
        "seconds": [utterance.seconds for utterance in utterances],
        "words": [len(utterance.words.split(" ")) for utterance in utterances],
        "longest segment (frames)": [utterance.longest_segment for utterance in utterances],
    }
    description = dataset.description
    return {
        **{name: description[name] for name in ("corpus", "labels", "segmentation", "features", "counts", "excluded")},
        "paper_counts": paper_counts(dataset),
        "utterances": len(utterances),
        "hours": round(sum(values["seconds"]) / 3600, 3),
        "speakers": len({utterance.speaker for utterance in utterances}),
        "sessions": len({utterance.session for utterance in utterances}),
        "scenarios": len({utterance.scenario for utterance in utterances}),
        "vocabulary": len({word for utterance in utterances for word in utterance.words.split(" ")}),
        "distributions": {name: _distribution(numbers) for name, numbers in values.items()},
        "rejected": dataset.rejected(),
    }


def _distribution(values: list[Any]) -> dict[str, float]:
    return {
        "smallest": min(values),
        "mean": round(statistics.fmean(values), 2),
        "median": statistics.median(values),
        "95 %": sorted(values)[int(0.95 * (len(values) - 1))],
        "largest": max(values),
        "all": round(sum(values), 1),
    }


def _distributions_table(distributions: dict[str, dict[str, float]]) -> str:
    columns = next(iter(distributions.values()))
    rows = [[name, *(f"{value:.2f}" for value in row.values())] for name, row in distributions.items()]
    return format_table(["an utterance's", *columns], rows)


def _echo_rejects(dataset: Dataset) -> None:
    rejected = dataset.rejected()
    if not rejected:
        return
    click.echo(f"\n{len(rejected)} rejected; {dataset.folder / 'rejected.csv'} lists all:")
    for row in rejected[:_REJECTS_SHOWN]:
        click.echo(f"  {row['id']}: {row['reason']}")
    if len(rejected) > _REJECTS_SHOWN:
        click.echo(f"  and {len(rejected) - _REJECTS_SHOWN} more")
