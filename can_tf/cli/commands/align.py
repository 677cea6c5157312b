"""`can-tf align`."""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import click
from click.core import ParameterSource

from can_tf.alignment import forced
from can_tf.alignment.forced import OOV_POLICIES
from can_tf.alignment.formats import FORMATS, format_alignment
from can_tf.alignment.recognition.registry import RECOGNIZERS
from can_tf.audio.folders import Recordings, find_recordings
from can_tf.cli.shared.names import NameIn
from can_tf.cli.shared.options import column_option
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recognizer_options import by, recognizer_of, recognizer_options
from can_tf.cli.shared.recordings import end_with_errors, needed, one_line
from can_tf.errors import CanError, ConfigError
from can_tf.files import replacing
from can_tf.limits import MAX_WORDS
from can_tf.prediction.align import AlignedRecording, align_recordings
from can_tf.prediction.companions import Transcripts
from can_tf.prediction.word_process import WordProcess
from can_tf.prediction.words import check_language
from can_tf.progress import ignore
from can_tf.report.tables import format_table

_TABLE = "table"
_KEPT_FOLDER = ".words"


@click.command("align")
@click.argument("audio", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Instead of AUDIO: align the recordings of a manifest that have a transcript but no alignment.",
)
@column_option
@click.option(
    "--transcript",
    show_default="beside the audio, .txt or .lab",
    help="What is said: the words, a text file, or a folder with one text file per recording, of the same name.",
)
@click.option(
    "--recognize", is_flag=True, help="Recognize the words instead of reading a transcript. --recognizer means it too."
)
@recognizer_options
@click.option(
    "--format",
    "format_",
    type=NameIn(FORMATS, others=(_TABLE,)),
    default=_TABLE,
    help="Output format.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    show_default="printed",
    help="Output file; for several recordings, a folder.",
)
@click.option(
    "--oov",
    type=click.Choice(OOV_POLICIES),
    default=OOV_POLICIES[0],
    help="What to do with words outside the pronouncing dictionary: guess how they are said, or fail.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0, min_open=True),
    show_default=f"{forced.MAX_SECONDS:g}; with --recognize, "
    + ", ".join(f"{kind.max_seconds:g} by {name}" for name, kind in RECOGNIZERS.items()),
    help="Refuse recordings longer than this.",
)
@click.option("--max-words", type=click.IntRange(min=1), default=MAX_WORDS, help="Refuse transcripts with more words.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list with one object per recording.")
@click.pass_context
def align_command(
    ctx: click.Context,
    audio: tuple[Path, ...],
    manifest: Path | None,
    column: dict[str, str],
    transcript: str | None,
    recognize: bool,
    format_: str,
    out: Path | None,
    oov: str,
    max_seconds: float | None,
    max_words: int,
    as_json: bool,
    **values: Any,
) -> None:
    """Align transcripts with English recordings, or recognize the words of recordings in any language.

    Forced alignment finds when each word is said. AUDIO are files or folders; without --transcript, a recording's
    transcript is the .txt or .lab file of the same name beside it.

    If a recording cannot be used, the command reports it, goes on with the others, and exits with code 1. Each file is
    written as soon as its words are found; a command that was interrupted and is run again does not search them again.
    """
    typed = ctx.get_parameter_source("recognizer") == ParameterSource.COMMANDLINE
    recognize = recognize or typed or values["whisper"] is not None
    if bool(audio) == bool(manifest) or (manifest and (transcript or recognize)):
        raise ConfigError("expected AUDIO, with --transcript or --recognize or neither, or else --manifest.")
    said, found = _rows_of(manifest, column) if manifest else ({}, find_recordings(audio))
    paths = found.paths
    _check_options(paths, transcript, recognize, format_, out)
    finder = _word_finder(ctx, values, max_seconds) if recognize else None
    if not recognize:
        check_language(values["language"])
    transcript_of = said.get if manifest else needed(Transcripts(transcript, found))
    several = out is not None and (len(paths) > 1 or out.is_dir())
    kept = out / _KEPT_FOLDER if out is not None and several else None
    answers = align_recordings(
        paths,
        None if recognize else transcript_of,
        oov=oov,
        max_seconds=max_seconds,
        max_words=max_words,
        word_finder=finder,
        kept=kept,
        done=_writer(found.names(), format_, out, several),
        progress=ProgressPrinter().show if len(paths) > 1 else ignore,
    )
    if finder is not None and any(isinstance(answer, AlignedRecording) for answer in answers):
        click.echo(f"Words were recognized by {by(finder)}.", err=True)
    if kept is not None:
        shutil.rmtree(kept, ignore_errors=True)  # All is written.
    if as_json:
        click.echo(json.dumps([_as_json(path, answer) for path, answer in zip(paths, answers, strict=True)], indent=2))
    elif out is None:
        for answer in answers:
            if isinstance(answer, AlignedRecording):
                click.echo(_formatted(answer, answer.path.stem, format_), nl=False)
    end_with_errors(ctx, paths, answers)


def _word_finder(ctx: click.Context, values: dict[str, Any], max_seconds: float | None) -> WordProcess:
    finder = WordProcess(recognizer_of(values, max_seconds=max_seconds))
    ctx.call_on_close(finder.close)
    return finder


def _rows_of(manifest: Path, column: dict[str, str]) -> tuple[dict[Path, str], Recordings]:
    """Returns the transcripts of a manifest by recording, and the recordings, called by their ids.

    It reports the rows that cannot be used.
    """
    from can_tf.corpus.manifest import read_manifest
    from can_tf.corpus.options import CorpusOptions

    corpus = read_manifest(manifest, options=CorpusOptions(columns=column))
    for rejection in corpus.rejected:
        click.echo(f"Left out: {rejection.id}: {rejection.reason}", err=True)
    said: dict[Path, str] = {}
    ids: dict[Path, PurePath] = {}
    for utterance in corpus.utterances:
        path = utterance.audio_path
        if utterance.words or not utterance.transcript:
            continue
        if path in said:
            raise ConfigError(f"{manifest}: {utterance.id} and another row have the recording {path}; cut it in two.")
        # An id never becomes a path.
        said[path], ids[path] = utterance.transcript, PurePath(re.sub(r"[^\w.-]", "_", utterance.id) + path.suffix)
    if not said:
        raise ConfigError(f"{manifest}: no row has a transcript and no alignment.")
    return said, Recordings(list(said), ids)


def _check_options(
    paths: Sequence[Path], transcript: str | None, recognize: bool, format_: str, out: Path | None
) -> None:
    if recognize and transcript is not None:
        raise ConfigError("--recognize and --recognizer find the words themselves; leave --transcript out.")
    if len(paths) > 1 and out is None and format_ != _TABLE:
        raise ConfigError(f"{len(paths)} recordings: --format {format_} needs --out, a folder to write to.")


def _writer(
    names: Mapping[Path, PurePath], format_: str, out: Path | None, several: bool
) -> Callable[[AlignedRecording], None]:
    """Returns what writes a recording's words to a file, those of several to files of their names below a folder."""
    suffix = ".txt" if format_ == _TABLE else FORMATS[format_].suffixes[0]

    def write(answer: AlignedRecording) -> None:
        if out is None:
            return
        name = names[answer.path]
        place = out / f"{name}{suffix}" if several else out
        if several:
            place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as temporary:
            text = _formatted(answer, name.name, format_)
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")

    return write


def _formatted(aligned: AlignedRecording, name: str, format_: str) -> str:
    if format_ != _TABLE:
        return format_alignment(format_, name, aligned.tokens, aligned.seconds)
    rows = [[word.text, f"{word.start:.2f}", f"{word.end:.2f}"] for word in aligned.words]
    return f"{format_table([name, 'start', 'end'], rows)}\n"


def _as_json(path: Path, answer: AlignedRecording | CanError) -> dict[str, Any]:
    if isinstance(answer, CanError):
        return {"path": str(path), "error": one_line(answer)}
    words = [{"word": word.text, "start": word.start, "end": word.end} for word in answer.words]
    return {"path": str(path), "seconds": answer.seconds, "words": words}
