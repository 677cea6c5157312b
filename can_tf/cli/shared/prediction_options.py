"""Options of the commands that ask a model about recordings, and the model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from can_tf.alignment.formats import Reading
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.cli.shared.options import with_options
from can_tf.cli.shared.recognizer_options import recognizer_options
from can_tf.limits import MAX_SECONDS, MAX_WORDS, Limits

if TYPE_CHECKING:
    from can_tf.prediction.predictor import Predictor


def prediction_options(command: Any) -> Any:
    """Adds `--alignment`, `--transcript` and `--recognizer` and its like, and what `model_options` does."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--alignment",
            type=click.Path(path_type=Path),
            show_default="beside the audio",
            help="Word times: an alignment file, or a folder with one per recording, of the same name.",
        ),
        click.option(
            "--transcript",
            show_default="beside the audio, .txt or .lab",
            help="What is said, if there is no alignment: the words, a text file, or a folder with one text file per "
            "recording, of the same name.",
        ),
        recognizer_options,
        model_options,
    ]
    return with_options(command, options)


def model_options(command: Any) -> Any:
    """Adds `--model`, `--server` and `--fillers`."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--model",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("saved_models/can"),
            help="An exported model: a version's folder, or a folder of versions (the newest is used).",
        ),
        click.option("--server", help="Ask a running server instead: http://HOST:PORT or grpc://HOST:PORT."),
        click.option(
            "--fillers",
            type=click.Choice(FILLER_POLICIES),
            show_default="as in training; keep with --server",
            help="Whether to keep tokens such as ++LAUGHTER++ as words.",
        ),
    ]
    return with_options(command, options)


reject_option = click.option(
    "--reject-below",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="CONFIDENCE",
    help='Label predictions of lower confidence "uncertain".',
)


def open_predictor(ctx: click.Context, values: Mapping[str, Any], recognizer: RecognizerOptions) -> "Predictor":
    """Returns what asks the model that the values of a command's options name; words are found in another process."""
    from can_tf.prediction.options import PredictionOptions
    from can_tf.prediction.predictor import at_server, load
    from can_tf.prediction.word_process import WordProcess

    limits = Limits(seconds=values.get("max_seconds", MAX_SECONDS), words=values.get("max_words", MAX_WORDS))
    options = PredictionOptions(
        fillers=values["fillers"],
        limits=limits,
        reject_below=values.get("reject_below", 0.0),
        reading=Reading(tier=values.get("tier"), silence=values.get("silence", ())),
    )
    finder = WordProcess(recognizer, max_words=limits.words)
    ctx.call_on_close(finder.close)
    if values["server"]:
        return at_server(values["server"], options, word_finder=finder)
    return load(values["model"], options, word_finder=finder)
