"""`can-tf export`."""

import json
from pathlib import Path

import click

from can_tf.report.tables import format_table


@click.command("export")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("saved_models/can"),
    help="The model's folder; its name is the model's for the server. A new version goes into it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print folder and checks as JSON.")
def export_command(run: Path, out: Path, as_json: bool) -> None:
    """Write a finished RUN as the next version of a SavedModel for TensorFlow Serving.

    The version is loaded and asked the way the server does it, before it gets its name; one that fails is not kept.
    """
    from can_tf.serving.export import export_run

    click.echo("Writing and checking; takes half a minute.", err=True)
    exported = export_run(run, out)
    if as_json:
        click.echo(json.dumps({"path": str(exported.folder), "differences": dict(exported.differences)}, indent=2))
        return
    rows = [[name, f"{difference:.1e}"] for name, difference in exported.differences.items()]
    click.echo(format_table(["signature", "differs from the Keras model by"], rows))
    click.echo(f"\n{exported.folder}: {exported.ops} ops, all stock; model_card.md tells what it is for.")
