"""`can-tf train`."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from can_tf.cli.progress import Progress
from can_tf.cli.scores import scores_table
from can_tf.errors import ConfigError
from can_tf.records.dataset import load_dataset
from can_tf.training.folds import PROTOCOLS
from can_tf.training.options import TrainOptions, read_config
from can_tf.training.run_folder import RunState, default_run_folder

_DEFAULTS = TrainOptions()


def _option(name: str, help_text: str, **settings: Any) -> Any:
    """Returns an option whose default stands in `TrainOptions`."""
    return click.option(
        f"--{name.replace('_', '-')}", name, default=getattr(_DEFAULTS, name), help=help_text, **settings
    )


@click.command("train")
@click.option(
    "--records", type=click.Path(file_okay=False, path_type=Path), default=Path("data/records"), help="Records folder."
)
@_option("fold", "Which part of the data tests.")
@_option("protocol", "How the data is split.", type=click.Choice(tuple(PROTOCOLS)))
@_option("model", "The variant; see the documentation for their names.")
@_option("alpha", "Weight of the single-modality losses and predictions (Eqs. 14 and 15).")
@_option("heads", "Attention heads a modality.")
@_option("units", "LSTM units a direction.")
@_option("dropout", "After each BLSTM.")
@_option(
    "glove",
    "Word vectors in GloVe's text format.",
    type=click.Path(),
    show_default="the demo's own for the demo corpus, random vectors elsewhere",
)
@_option("epochs", "At most.")
@_option("patience", "Epochs without a better validation WA before stopping.")
@_option("batch_size", "Utterances a batch.")
@_option("learning_rate", "Adam's.")
@_option("clip_norm", "Global norm that gradients are clipped to.")
@_option("max_segment_frames", "Longer segments are cut.")
@_option("seed", "Of folds, weights, order and dropout.")
@click.option("--config", type=click.Path(path_type=Path), help="JSON file of options; those typed here win.")
@click.option(
    "--run",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="runs/<model>-<protocol>-fold<k>-seed<s>",
    help="Run folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
@click.pass_context
def train_command(
    ctx: click.Context, records: Path, config: Path | None, run: Path | None, as_json: bool, **values: Any
) -> None:
    """Train one fold and evaluate it. Run again, it goes on where it stopped, or says that it is done."""
    options = _options(ctx, config, values)
    folder = run or default_run_folder(options)
    dataset = load_dataset(records)
    _check_glove(options, dataset.synthetic)

    from can_tf.training.fit import Listener, train_fold

    epochs = _Epochs(options)
    listener = Listener(
        message=lambda line: click.echo(line, err=True),
        word_vectors=Progress("Reading word vectors", "bytes"),
        batch=epochs.batch,
        epoch=epochs.epoch,
    )
    metrics = train_fold(dataset, folder, options, listener)
    if as_json:
        click.echo(json.dumps(metrics, indent=2))
        return
    click.echo(scores_table(metrics, alpha=options.alpha))
    click.echo(f"\n{metrics['epochs']} epochs in {metrics['seconds']:.0f} s; the best was {metrics['best_epoch']}.")
    click.echo(f"{folder}: config.json, metrics.json, predictions.csv, history.csv, model.keras, tensorboard/")


def _options(ctx: click.Context, config: Path | None, values: dict[str, Any]) -> TrainOptions:
    """Returns the options typed, over those of the file, over the defaults."""
    given = dict(values)
    if config is not None:
        typed = {name for name in values if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE}
        given |= {name: value for name, value in read_config(config).items() if name not in typed}
    return TrainOptions(**given)


def _check_glove(options: TrainOptions, synthetic: bool) -> None:
    if options.glove is not None and not Path(options.glove).is_file():
        raise ConfigError(f"{options.glove}: there is no such file of word vectors; expected GloVe's text format.")
    if options.glove is None and not synthetic:
        click.echo(
            "No --glove given: word vectors start random. The paper starts from GloVe's 300 dimensions.", err=True
        )


class _Epochs:
    """Shows batches on a terminal as they pass, and a line an epoch anywhere."""

    def __init__(self, options: TrainOptions):
        self.options, self.started, self.number = options, 0.0, 0

    def batch(self, epoch: int, done: int, total: int) -> None:
        if self.number != epoch:
            self.number, self.started = epoch, time.monotonic()
        if sys.stderr.isatty():
            left = (time.monotonic() - self.started) / max(done - 1, 1) * (total - done)
            click.echo(f"\repoch {epoch}: batch {done} of {total}, {left:.0f} s left\033[K", err=True, nl=False)

    def epoch(self, state: RunState) -> None:
        row = state.history[-1]
        left = sum(row["seconds"] for row in state.history) / state.epochs * (self.options.epochs - state.epochs)
        click.echo(
            f"{chr(13) if sys.stderr.isatty() else ''}epoch {row['epoch']:3d} of {self.options.epochs}: "
            f"loss {row['loss']:.4f}, validation WA {row['validation_wa']:.3f} UA {row['validation_ua']:.3f} "
            f"(best WA {state.best_wa:.3f} in epoch {state.best_epoch + 1}), {row['seconds']:.1f} s, "
            f"at most {left / 60:.0f} min left",
            err=True,
        )
