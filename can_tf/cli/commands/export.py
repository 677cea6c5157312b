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
    help="Model folder; its name is the model's name on the server.",
)
@click.option(
    "--calibrated",
    is_flag=True,
    help="Add calibrated probabilities, by temperature scaling fitted on the validation set.",
)
@click.option(
    "--cross-validation",
    "cross_validations",
    multiple=True,
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of a cross-validation with the run's options, such as runs/cv-can-speaker, whose scores go onto the "
    "model card; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the folder and the check's results as JSON.")
def export_command(run: Path, out: Path, calibrated: bool, cross_validations: tuple[Path, ...], as_json: bool) -> None:
    """Export a finished run for TensorFlow Serving.

    The SavedModel becomes the next version in --out.
    Before it is published, the version is loaded and queried as a server would; one that fails is deleted.
    """
    from can_tf.export.licenses import NOTICE_FILE
    from can_tf.export.write import export_run

    click.echo("Writing and checking the model; takes half a minute.", err=True)
    exported = export_run(run, out, calibrated=calibrated, cross_validations=cross_validations)
    if as_json:
        report = {"path": str(exported.folder), "differences": dict(exported.differences)}
        click.echo(json.dumps({**report, "temperature": exported.temperature}, indent=2))
        return
    rows = [[name, f"{difference:.1e}"] for name, difference in exported.differences.items()]
    click.echo(format_table(["signature", "differs from the Keras model by"], rows))
    if exported.temperature is not None:
        click.echo(f"\ncalibrated_probabilities have the temperature {exported.temperature:.3f}.")
    click.echo(f"\n{exported.folder}: {exported.ops} ops, all stock; model_card.md tells what it is for.")
    if (exported.folder / NOTICE_FILE).exists():
        click.echo(f"{NOTICE_FILE} goes with every copy of it.")
