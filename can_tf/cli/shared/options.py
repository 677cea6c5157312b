"""Options that several commands have: a corpus, and a training, whose defaults stand in `TrainOptions`."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from can_tf.cli.shared.names import NameIn
from can_tf.corpus.labels import LABEL_SETS
from can_tf.corpus.registry import READERS
from can_tf.limits import MAX_SECONDS, MAX_WORDS
from can_tf.training.folds import PROTOCOLS
from can_tf.training.options import CLASS_WEIGHTS, TrainOptions, read_config

_DEFAULTS = TrainOptions()
_OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("fold", "Which part of the data tests.", {}),
    ("protocol", "How the data is split.", {"type": click.Choice(tuple(PROTOCOLS))}),
    ("model", "The variant; see the documentation for their names.", {}),
    ("alpha", "Weight of the single-modality losses and predictions (Eqs. 14 and 15).", {}),
    ("heads", "Attention heads a modality.", {}),
    ("units", "LSTM units a direction.", {}),
    ("dropout", "After each BLSTM.", {}),
    (
        "glove",
        "Word vectors in GloVe's text format.",
        {
            "type": click.Path(),
            "show_default": "the demo's own for the demo corpus, random vectors elsewhere",
        },
    ),
    ("epochs", "At most.", {}),
    ("patience", "Epochs without a better validation WA before stopping.", {}),
    ("batch_size", "Utterances a batch.", {}),
    ("learning_rate", "Adam's.", {}),
    ("clip_norm", "Global norm that gradients are clipped to.", {}),
    (
        "class_weight",
        "What an utterance counts in the loss: all alike, or the more the rarer its label is in training.",
        {"type": click.Choice(CLASS_WEIGHTS)},
    ),
    ("max_segment_frames", "Longer segments are cut.", {}),
    ("seed", "Of folds, weights, order and dropout.", {}),
    ("devices", "GPUs that share each batch; without a GPU, logical devices of the CPU.", {}),
)


def with_options(command: Any, options: Sequence[Callable[[Any], Any]]) -> Any:
    """Returns a command with options, which its help shows in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def corpus_options(command: Any) -> Any:
    """Adds `--corpus`, `--root`, `--labels` and, for the demo corpus, `--utterances`."""
    options = [
        click.option(
            "--corpus",
            type=NameIn(READERS),
            show_default="iemocap; without --root, demo",
            help="Corpus format of --root. Without --root, demo makes a corpus of synthetic speech.",
        ),
        click.option(
            "--root",
            type=click.Path(path_type=Path),
            help=f"The corpus. {'; '.join(f'{name}: {reader.root}' for name, reader in READERS.items())}.",
        ),
        click.option(
            "--labels",
            show_default=", ".join(f"{reader.label_set or 'its own'} for {name}" for name, reader in READERS.items()),
            help=f"Label set: {', '.join(LABEL_SETS)}, or a JSON or CSV mapping file.",
        ),
        click.option("--utterances", type=click.IntRange(min=1), default=1400, help="Size of a demo corpus."),
    ]
    return with_options(command, options)


def corpus_source(corpus: str | None, root: Path | None, labels: str | None, utterances: int) -> list[Any]:
    """Returns the options of `corpus_options` as they would be typed for `can-tf build-records`."""
    source: list[Any] = ["--corpus", corpus] if corpus else []
    source += ["--root", root] if root else ["--utterances", utterances]
    return source + (["--labels", labels] if labels else [])


def limit_options(*, max_seconds: float = MAX_SECONDS) -> Callable[[Any], Any]:
    """Returns a decorator that adds `--max-seconds`, with a default, and `--max-words`."""
    options = [
        click.option(
            "--max-seconds",
            type=click.FloatRange(min=0, min_open=True),
            default=max_seconds,
            help="Refuse longer recordings; above 48 kHz, proportionally shorter ones.",
        ),
        click.option(
            "--max-words", type=click.IntRange(min=1), default=MAX_WORDS, help="Refuse utterances with more words."
        ),
    ]

    return lambda command: with_options(command, options)


def cluster_option(command: Any) -> Any:
    """Adds `--cluster`."""
    return click.option(
        "--cluster",
        metavar="ADDRESS",
        show_default="processes of this machine",
        help="Dask scheduler, e.g. tcp://host:8786; data must be on a file system that all workers see.",
    )(command)


def jobs_option(command: Any) -> Any:
    """Adds `--jobs`."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=1,
        help="Trainings at once on one machine, which share its cores. With --cluster, how many there are is up to the "
        "workers' threads.",
    )(command)


def training_options(*, but: Collection[str] = ()) -> Callable[[Any], Any]:
    """Returns a decorator that adds `--records`, an option for each field of `TrainOptions`, and `--config`.

    Args:
        but: Fields that the command sets itself, and `records` if it does that too.
    """
    records = click.option(
        "--records",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("data/records"),
        help="Records folder.",
    )
    options = [] if "records" in but else [records]
    options += [
        click.option(f"--{name.replace('_', '-')}", name, default=getattr(_DEFAULTS, name), help=text, **settings)
        for name, text, settings in _OPTIONS
        if name not in but
    ]
    options.append(
        click.option("--config", type=click.Path(path_type=Path), help="JSON file of options; those typed here win.")
    )

    return lambda command: with_options(command, options)


def options_of(ctx: click.Context, config: Path | None, values: dict[str, Any]) -> TrainOptions:
    """Returns the options typed, over those of the file, over the defaults."""
    given = dict(values)
    if config is not None:
        typed = {name for name in values if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE}
        given |= {name: value for name, value in read_config(config).items() if name not in typed}
    return TrainOptions(**given)
