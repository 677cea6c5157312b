"""`can-tf verify`."""

import dataclasses
import json
from pathlib import Path

import click

from can_tf.report.tables import format_table


@click.command("verify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.pass_context
def verify_command(ctx: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check records, runs and exports against their checksums.

    PATHS are finished folders, or folders that contain them, such as runs. The command lists files that are changed,
    truncated or missing, and then exits with code 1.
    """
    from can_tf.report.integrity import verify

    folders = [folder for path in paths for folder in verify(path)]
    if as_json:
        shown = [{**dataclasses.asdict(folder), "folder": str(folder.folder)} for folder in folders]
        click.echo(json.dumps(shown, indent=2))
    else:
        rows = [[str(one.folder), one.kind, str(one.files), "; ".join(one.faults) or "whole"] for one in folders]
        click.echo(format_table(["folder", "kind", "files", "state"], rows))
    ctx.exit(1 if any(folder.faults for folder in folders) else 0)
