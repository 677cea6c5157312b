"""Options that several commands have: a corpus, and a training, whose defaults stand in `TrainOptions`."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from can_tf.cli.shared.names import FrontEndIn, NameIn
from can_tf.corpus.labels import LABEL_SETS
from can_tf.corpus.registry import READERS
from can_tf.features.mfcc import Mfcc
from can_tf.features.registry import FRONT_ENDS
from can_tf.limits import MAX_SECONDS, MAX_WORDS
from can_tf.training.option_fields import Option
from can_tf.training.options import OPTIONS, TrainOptions, read_config
from can_tf.training.tracking.registry import TRACKERS


def with_options(command: Any, options: Sequence[Callable[[Any], Any]]) -> Any:
    """Returns a command with options, which its help shows in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def corpus_options(command: Any) -> Any:
    """Adds `--corpus`, `--root`, `--labels`, `--column` and, for the demo corpus, `--utterances`."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--corpus",
            type=NameIn(READERS),
            show_default="iemocap; without --root, demo",
            help="Format of the corpus. Without --root, demo makes a corpus of synthetic speech.",
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
        column_option,
        click.option(
            "--utterances",
            type=click.IntRange(min=1),
            default=1400,
            help="Number of utterances, for a new demo corpus.",
        ),
    ]
    return with_options(command, options)


def features_option(command: Any) -> Any:
    """Adds `--features`."""
    return click.option(
        "--features",
        type=FrontEndIn(FRONT_ENDS),
        default=Mfcc.name,
        help="Features to extract from audio. Settings may follow the name: whisper-base:layer=2.",
    )(command)


def _columns(ctx: click.Context, parameter: click.Parameter, pairs: Sequence[str]) -> dict[str, str]:
    if wrong := next((pair for pair in pairs if not all(pair.partition("="))), None):
        raise click.BadParameter(f"expected COLUMN=NAME, such as label=emotion, got {wrong!r}")
    return {name.strip(): theirs.strip() for name, _, theirs in (pair.partition("=") for pair in pairs)}


def column_option(command: Any) -> Any:
    """Adds `--column`, a mapping from can_tf's names to the manifest's."""
    return click.option(
        "--column",
        multiple=True,
        metavar="COLUMN=NAME",
        callback=_columns,
        help="A manifest's own name for a column, such as label=emotion; may be repeated.",
    )(command)


def reading_options(command: Any) -> Any:
    """Adds `--tier` and `--silence`."""
    options = [
        click.option("--tier", help="Tier of a TextGrid, or channel of a CTM, that has the words."),
        click.option(
            "--silence",
            multiple=True,
            metavar="MARK",
            help="A token of alignments that stands for silence, beside those known (<sil>, sp, ...); may be repeated.",
        ),
    ]
    return with_options(command, options)


def limit_options(*, max_seconds: float = MAX_SECONDS) -> Callable[[Any], Any]:
    """Returns a decorator that adds `--max-seconds`, with a default, and `--max-words`."""
    options = [
        click.option(
            "--max-seconds",
            type=click.FloatRange(min=0, min_open=True),
            default=max_seconds,
            help="Refuse recordings longer than this; above 48 kHz, the limit falls in proportion.",
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
        help="Number of trainings at once, which share the cores. With --cluster, the workers' threads decide.",
    )(command)


def track_option(command: Any) -> Any:
    """Adds `--track`."""
    return click.option(
        "--track",
        multiple=True,
        type=NameIn(TRACKERS),
        help="Tell a tracker too, beside TensorBoard's log; may be repeated. mlflow: MLflow, at MLFLOW_TRACKING_URI.",
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
    options += [_training_option(name, about) for name, about in OPTIONS.items() if name not in but]
    options.append(
        click.option(
            "--config", type=click.Path(path_type=Path), help="JSON file of options; the command line overrides it."
        )
    )

    return lambda command: with_options(command, options)


def _training_option(name: str, about: Option) -> Callable[[Any], Any]:
    settings: dict[str, Any] = {}
    if about.registry is not None:
        settings["type"] = NameIn(about.registry)
    elif about.choices:
        settings["type"] = click.Choice(about.choices)
    default = getattr(TrainOptions, name)
    if default is None:  # A path, which may be left out.
        settings |= {"type": click.Path(), "show_default": about.default_help}
    return click.option(f"--{about.flag or name.replace('_', '-')}", name, default=default, help=about.help, **settings)


def fold_options(command: Any) -> Any:
    """Adds `--folds` and `--seeds`."""
    options = [
        click.option(
            "--folds",
            type=click.IntRange(min=1),
            show_default="all",
            help="Train only this many folds, from the first; cross-validate --protocol speaker puts all speakers "
            "together in so many, if they are three or more.",
        ),
        click.option("--seeds", type=click.IntRange(min=1), default=1, help="Number of random seeds, counted from 0."),
    ]
    return with_options(command, options)


def options_of(ctx: click.Context, config: Path | None, values: dict[str, Any]) -> TrainOptions:
    """Returns the options typed, over those of the file, over the defaults."""
    given = dict(values)
    if config is not None:
        typed = {name for name in values if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE}
        given |= {name: value for name, value in read_config(config).items() if name not in typed}
    return TrainOptions(**given)
