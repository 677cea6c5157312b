"""Records that a command needs, built by `can-tf build-records` in a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from can_tf.errors import RecordsError
from can_tf.records.dataset import Dataset, load_dataset

_PROGRAM = "from can_tf.cli.main import main; main()"


def build_apart(folder: Path, *options: Any) -> Dataset:
    """Builds records, which ends at once if they are there.

    Args:
        folder: Of the records.
        options: Of `can-tf build-records`.

    Raises:
        RecordsError: They cannot be built, or the folder holds others.
    """
    click.echo(f"Records in {folder} ...", err=True)
    arguments = ["build-records", "--out", folder, *options]
    done = subprocess.run([sys.executable, "-c", _PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RecordsError(f"{folder}: cannot be built: {lines[-1].removeprefix('Error: ')}")
    return load_dataset(folder)
