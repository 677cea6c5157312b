"""Options of the commands that ask a model about recordings, the model, and what is asked of each recording."""

import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from can_tf.alignment.formats import Reading, alignment_suffixes, recordings_in
from can_tf.alignment.formats.json_words import is_answer
from can_tf.alignment.formats.subtitles import is_timeline
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.cli.shared.folders import Recordings
from can_tf.cli.shared.options import with_options
from can_tf.cli.shared.recognizer_options import recognizer_options
from can_tf.cli.shared.recordings import Companions, Transcripts
from can_tf.errors import ConfigError, MissingExtraError
from can_tf.extras import require
from can_tf.limits import MAX_SECONDS, MAX_WORDS, Limits

if TYPE_CHECKING:
    from can_tf.prediction.predictor import Predictor

_LOG = logging.getLogger(__name__)
_STDOUT = 1


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


class Words:
    """Finds a recording's alignment or, failing that, its transcript; those given go before those beside it."""

    def __init__(self, alignment: Path | None, transcript: str | None, recordings: Recordings):
        if alignment is not None and transcript is not None:
            raise ConfigError("--alignment has the words already; leave --transcript out.")
        self._alignments = Companions(
            "alignment",
            alignment_suffixes(),
            alignment,
            recordings,
            names=recordings_in,
            passed_over=lambda path: _is_written_now(path) or _is_passed_over(path),
        )
        self._transcripts = Transcripts(transcript, recordings)
        self._transcript_given = transcript is not None

    def of(self, path: Path) -> tuple[Path | None, str | None]:
        """Returns the alignment file or the transcript of a recording, whichever there is; see `WordsOf`."""
        alignment = None if self._transcript_given else self._alignments.of(path)
        return alignment, None if alignment is not None else self._transcripts.of(path)

    def require_what_finds_them(self, paths: Sequence[Path]) -> None:
        """Raises MissingExtraError if a recording has no alignment, and what finds its words is not installed."""
        try:
            require("pocketsphinx", "Finding words in speech", "align")
        except MissingExtraError:
            for path in paths:
                with contextlib.suppress(ConfigError):  # Of that recording alone, and told in its place.
                    if self.of(path)[0] is None:
                        raise


def _is_written_now(path: Path) -> bool:
    """Tells whether a file is where this command prints: `can-tf predict talk.wav --json > talk.json`."""
    try:
        return os.path.samestat(path.stat(), os.fstat(_STDOUT))
    except OSError:
        return False


def _is_passed_over(path: Path) -> bool:
    if answer := is_answer(path) or is_timeline(path):
        _LOG.warning("%s: holds answers of can-tf and is not taken for word times; for its words, name it", path)
    return answer
