"""`can-tf inspect`."""

import json
from pathlib import Path

import click

from can_tf.records.dataset import load_dataset, verify_shards
from can_tf.report.counts import counts_table
from can_tf.report.inspection import (
    distributions_table,
    inspect_records,
    leakage_table,
    pitfalls_text,
    rejects_lines,
)


@click.command("inspect")
@click.argument("records", type=click.Path(file_okay=False, path_type=Path), default=Path("data/records"))
@click.option("--verify", is_flag=True, help="Read every shard and check its SHA-256.")
@click.option("--leakage", is_flag=True, help="For each protocol, count what test utterances share with training.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect_command(records: Path, verify: bool, leakage: bool, as_json: bool) -> None:
    """Show what records hold: counts, durations, rejects, and what to watch out for.

    RECORDS is data/records by default. Counts are shown next to the paper's."""
    dataset = load_dataset(records)
    if verify:
        verify_shards(dataset)
    summary = inspect_records(dataset, leakage=leakage)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    if dataset.synthetic:
        click.echo("Synthetic speech: counts and durations are made up to be like IEMOCAP's.")
    click.echo(f"{counts_table(dataset)}\n\n{distributions_table(summary)}")
    if rejects := rejects_lines(summary):
        click.echo(f"\n{len(summary['rejected'])} rejected; {dataset.folder / 'rejected.csv'} lists all:")
        click.echo("\n".join(rejects))
    click.echo(f"\n{pitfalls_text(summary)}")
    if leakage:
        click.echo(f"\n{leakage_table(summary)}")
