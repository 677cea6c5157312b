"""`can-tf evaluate`."""

import json
from pathlib import Path

import click

from can_tf.extras import require
from can_tf.report.scores import confidence_tables, recalls_table, scores_table


@click.command("evaluate")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), show_default="RUN", help="Folder for figures and report."
)
@click.option("--json", "as_json", is_flag=True, help="Print metrics and calibration as JSON; no files are written.")
def evaluate_command(run: Path, out: Path | None, as_json: bool) -> None:
    """Show a finished run's metrics and calibration.

    Unless --json is given, figures and report.html are written to RUN, or to --out.

    Calibration is shown before and after temperature scaling, which is fitted on the validation set and measured on
    the test set.
    """
    from can_tf.report.page import write_page
    from can_tf.report.run import draw_run, read_evaluation
    from can_tf.training.calibration import calibration_of

    if not as_json:
        require("matplotlib", "Drawing figures", "report")
    evaluation = read_evaluation(run)
    calibration = calibration_of(run, evaluation.labels)
    if as_json:
        click.echo(json.dumps({**evaluation.metrics, "calibration": calibration.to_json()}, indent=2))
        return
    click.echo(scores_table(evaluation.metrics, alpha=evaluation.alpha))
    click.echo(f"\n{recalls_table(evaluation.metrics)}")
    click.echo(f"\n{confidence_tables(calibration)}\n")
    pictures = draw_run(run, evaluation, calibration, out)
    for path in (*pictures, write_page(run, evaluation, calibration, out)):
        click.echo(path)
