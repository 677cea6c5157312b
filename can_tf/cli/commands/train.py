"""`can-tf train`."""

import json
from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.options import options_of, track_option, training_options
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.errors import ConfigError
from can_tf.progress import amount
from can_tf.records.dataset import load_dataset
from can_tf.report.scores import scores_table
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import default_run_folder
from can_tf.training.tracking.registry import check_trackers


@click.command("train")
@training_options()
@click.option(
    "--run",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="runs/<model>-<protocol>-fold<k>-seed<s>",
    help="Run folder.",
)
@click.option(
    "--validation-only", is_flag=True, help="Do not evaluate on the test set; run again without this option to do so."
)
@track_option
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
@click.pass_context
def train_command(
    ctx: click.Context,
    records: Path,
    config: Path | None,
    run: Path | None,
    validation_only: bool,
    track: tuple[str, ...],
    as_json: bool,
    **values: Any,
) -> None:
    """Train one fold and evaluate it. Re-running the command resumes it, or says that it is done."""
    options = options_of(ctx, config, values)
    folder = run or default_run_folder(options)
    check_trackers(track)
    dataset = load_dataset(records)
    _check_glove(options, dataset.synthetic)

    from can_tf.training.fit import train_fold

    show = ProgressPrinter().show
    metrics = train_fold(dataset, folder, options, show, validation_only=validation_only, track=track)
    if as_json:
        click.echo(json.dumps(metrics, indent=2))
        return
    if validation_only:
        click.echo(f"validation WA {metrics['validation_wa']:.3f} UA {metrics['validation_ua']:.3f}")
        return
    click.echo(scores_table(metrics, alpha=options.alpha))
    epochs = amount(metrics["epochs"], "epochs")
    click.echo(f"\n{epochs} in {metrics['seconds']:.0f} s; the best was {metrics['best_epoch']}.")
    click.echo(f"{folder}: config.json, metrics.json, predictions.csv, history.csv, model.keras, tensorboard/")


def _check_glove(options: TrainOptions, synthetic: bool) -> None:
    if options.glove is not None and not Path(options.glove).is_file():
        raise ConfigError(
            f"{options.glove}: there is no such file of word vectors; expected GloVe's or fastText's text format."
        )
    if options.glove is None and not synthetic:
        click.echo(
            "No --glove given: word vectors start random. The paper starts from GloVe's 300 dimensions.", err=True
        )
