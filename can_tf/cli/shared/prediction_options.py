"""Asking a model about recordings: the options, the model, and what is asked of each recording."""

from pathlib import Path
from typing import Any

import click

from can_tf.alignment.formats import alignment_suffixes
from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.cli.shared.options import with_options
from can_tf.cli.shared.recordings import Companions, Transcripts
from can_tf.errors import CanError, ConfigError, MissingExtraError
from can_tf.limits import Limits


def asking_options(command: Any) -> Any:
    """Adds `--alignment`, `--transcript`, `--model`, `--server` and `--fillers`."""
    options = [
        click.option(
            "--alignment",
            type=click.Path(path_type=Path),
            show_default="beside the audio",
            help="The words and their times: a file, or a folder in which each recording's is found by its name.",
        ),
        click.option(
            "--transcript",
            show_default="beside the audio, .txt or .lab",
            help="What is said, where there is no alignment: the words themselves, a text file, or a folder of text "
            "files.",
        ),
        click.option(
            "--model",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path("saved_models/can"),
            help="An export: a version, or a folder of versions, whose newest is taken.",
        ),
        click.option("--server", help="Ask TensorFlow Serving instead: http://HOST:PORT or grpc://HOST:PORT."),
        click.option(
            "--fillers",
            type=click.Choice(FILLER_POLICIES),
            show_default="as the model's records have them; keep with --server",
            help="What becomes of noises such as ++LAUGHTER++ in an alignment.",
        ),
    ]
    return with_options(command, options)


def open_predictor(model: Path, server: str | None, fillers: str | None, limits: Limits) -> Any:
    """Returns the `Predictor` that the options name."""
    from can_tf.prediction.predictor import at_server, load

    predictor = at_server(server, limits=limits) if server else load(model, limits=limits)
    if fillers:
        predictor.fillers = fillers
    return predictor


class Words:
    """Finds a recording's alignment or, failing that, its transcript; those given go before those beside it."""

    def __init__(self, alignment: Path | None, transcript: str | None, count: int):
        if alignment is not None and transcript is not None:
            raise ConfigError("--alignment has the words already; leave --transcript out.")
        self._alignments = Companions("alignment", alignment_suffixes(), alignment, count)
        self._transcripts = Transcripts(transcript, count)
        self._transcript_given = transcript is not None

    def __call__(self, path: Path) -> tuple[Path | None, str | None]:
        alignment = None if self._transcript_given else self._alignments.of(path)
        return alignment, None if alignment is not None else self._transcripts.of(path)


def request_or_error(predictor: Any, path: Path, words: Words) -> Any:
    """Returns what a recording's `Request` is, or why there is none."""
    try:
        alignment, transcript = words(path)
        return predictor.request(path, alignment, transcript=transcript)
    except MissingExtraError:
        raise
    except CanError as error:
        return error


def say_recognized(answers: list[Any]) -> None:
    """Says on stderr how many answers rest on recognized words, if any do."""
    recognized = sum(getattr(answer, "words_from", "") == "recognition" for answer in answers)
    if recognized:
        click.echo(
            f"Words were recognized in {recognized} of {len(answers)} recordings, which had neither an alignment nor a "
            "transcript. Many will be wrong.",
            err=True,
        )
