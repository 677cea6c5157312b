"""The commands of `tools/faults.py`."""

import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.progress import shown
from can_tf.report.tables import format_table
from faults.commands import Command, commands
from faults.disks import fill_disks
from faults.kills import kills as killed

NAMES = ("build-records", "train", "export", "cross-validate", "tune", "reproduce")

_of = click.option("--of", "names", multiple=True, type=click.Choice(NAMES), help="Commands.  [default: all]")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def main() -> None:
    """Make faults on purpose, and tell whether can_tf comes through them."""


@main.command("kills")
@_of
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Kills of each command.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the moments.")
@_as_json
def kills_command(names: Sequence[str], count: int, seed: int, as_json: bool) -> None:
    """Kill commands with SIGKILL at any moment, run them again, and compare with an undisturbed run."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="can-tf-faults-") as folder:
        known = commands(Path(folder))
        for name in names or NAMES:
            report = shown(f"Killing {name}", "kills")
            made = killed(known[name], Path(folder), count, seed, report)
            rows += [{"command": name, **dataclasses.asdict(kill)} for kill in made]
    _show(rows, as_json)


@main.command("disks")
@_of
@click.option("--count", type=click.IntRange(min=1), default=8, show_default=True, help="Full disks for each command.")
@_as_json
def disks_command(names: Sequence[str], count: int, as_json: bool) -> None:
    """Give commands disks that are too small or read-only, then room, and compare with an undisturbed run.

    The disks are mounted in memory. Linux lets anybody do so in a name space of their own, in which this starts again.
    """
    if os.geteuid():
        inside = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, *sys.argv]
        os.execvp(inside[0], inside)
    rows = []
    with tempfile.TemporaryDirectory(prefix="can-tf-faults-") as folder:
        known = commands(Path(folder))
        for name in names or NAMES:
            report = shown(f"Filling disks under {name}", "disks")
            rows += [
                {"command": name, **dataclasses.asdict(disk)}
                for disk in fill_disks(known[name], Path(folder), count, report)
            ]
    _show(rows, as_json)


@main.command("threads")
@click.option(
    "--records",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What to train on.  [default: tones]",
)
@_as_json
def threads_command(records: Path | None, as_json: bool) -> None:
    """Train at full size on 1, 2, 4 and 8 threads, alone and together, and begun on one and ended on eight."""
    from faults.threads import train_on

    def train(known: dict[str, Command], folder: Path) -> Iterable[Any]:
        report = shown("Training", "times")
        return train_on(records or folder / "records", folder, (1, 2, 4, 8), (1, 2, 4), report)

    _make(train, as_json)


@main.command("flips")
@click.option("--count", type=click.IntRange(min=1), default=40, show_default=True, help="Flipped bits of each file.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bits.")
@_as_json
def flips_command(count: int, seed: int, as_json: bool) -> None:
    """Flip bits in each small file of records, runs, searches and exports, and use them."""
    from faults.flips import flip_bits  # Imports TensorFlow.

    _make(lambda known, folder: flip_bits(known, folder, count, seed), as_json)


@main.command("cycles")
@click.option("--count", type=click.IntRange(min=2), default=200, show_default=True, help="At most.")
@click.option("--minutes", type=click.FloatRange(min=0), default=30, show_default=True, help="At most.")
@_as_json
def cycles_command(count: int, minutes: float, as_json: bool) -> None:
    """Train, evaluate and export again and again under a server, and show what it holds after each time."""
    from faults.cycles import cycles  # Imports TensorFlow.

    with tempfile.TemporaryDirectory(prefix="can-tf-faults-") as folder:
        commands(Path(folder))
        report = shown("Training, evaluating and exporting", "times")
        rows = [dataclasses.asdict(cycle) for cycle in cycles(Path(folder), count, minutes, report)]
    _print(rows, as_json)


def _make(make: Callable[[dict[str, Command], Path], Iterable[Any]], as_json: bool) -> None:
    """Shows the rows of what is made of the commands, in a folder that is removed, and ends the program."""
    with tempfile.TemporaryDirectory(prefix="can-tf-faults-") as folder:
        rows = [dataclasses.asdict(row) for row in make(commands(Path(folder)), Path(folder))]
    _show(rows, as_json)


def _show(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Prints rows, and ends the program: with 1 if anything differs in one of them."""
    _print(rows, as_json)
    sys.exit(any(row["differs"] for row in rows))


def _print(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        table = [
            ["; ".join(value) if isinstance(value, tuple) else str(value) for value in row.values()] for row in rows
        ]
        click.echo(format_table(list(rows[0]), table))
