"""`can-tf evaluate`."""

import json
from pathlib import Path

import click

from can_tf.cli.scores import scores_table
from can_tf.report.tables import format_table


@click.command("evaluate")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON; no pictures are drawn.")
def evaluate_command(run: Path, as_json: bool) -> None:
    """Show the metrics of a finished RUN and draw its confusion matrix, calibration and learning curves."""
    from can_tf.report.run import draw_run, read_evaluation

    evaluation = read_evaluation(run)
    if as_json:
        click.echo(json.dumps(evaluation.metrics, indent=2))
        return
    click.echo(scores_table(evaluation.metrics, alpha=evaluation.alpha))
    recalls = evaluation.metrics["recall"].items()
    rows = [[label, "absent" if recall is None else f"{recall:.3f}"] for label, recall in recalls]
    click.echo(f"\n{format_table(['label', 'recall'], rows)}\n")
    for path in draw_run(run, evaluation):
        click.echo(path)
