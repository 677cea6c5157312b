"""`can-tf align`."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.alignment import forced, recognition
from can_tf.alignment.forced import OOV_POLICIES, Aligner
from can_tf.alignment.recognition import SphinxRecognizer
from can_tf.alignment.spans import is_silence
from can_tf.alignment.sphinx import SAMPLE_RATE_HZ
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.alignment.writers import FORMATS, format_alignment
from can_tf.cli.shared.progress import shown
from can_tf.cli.shared.recordings import (
    TRANSCRIPT_SUFFIXES,
    Transcripts,
    end_with_errors,
    one_line,
    recordings,
)
from can_tf.errors import AlignmentError, CanError, ConfigError, MissingExtraError
from can_tf.files import replacing
from can_tf.limits import MAX_WORDS
from can_tf.report.tables import format_table


@dataclasses.dataclass(frozen=True, slots=True)
class _Timed:
    """The words of a recording, with silences, and its length."""

    tokens: tuple[Word, ...]
    seconds: float


@click.command("align")
@click.argument("audio", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="In place of AUDIO: the recordings of a manifest that have a transcript and no alignment.",
)
@click.option(
    "--transcript",
    show_default="beside the audio, .txt or .lab",
    help="What is said: the words themselves, a text file, or a folder in which each recording's is found by its name.",
)
@click.option("--recognize", is_flag=True, help="Use no transcript; recognize the words, of which many will be wrong.")
@click.option(
    "--format", "format_", type=click.Choice(("table", *FORMATS)), default="table", help="Of the words and their times."
)
@click.option(
    "--out", type=click.Path(path_type=Path), show_default="printed", help="A file; for several recordings, a folder."
)
@click.option(
    "--oov",
    type=click.Choice(OOV_POLICIES),
    default=OOV_POLICIES[0],
    help="Words outside the pronouncing dictionary: guess how they are said, or refuse them.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0, min_open=True),
    show_default=f"{forced.MAX_SECONDS:g}; {recognition.MAX_SECONDS:g} with --recognize",
    help="Longer recordings are refused.",
)
@click.option("--max-words", type=click.IntRange(min=1), default=MAX_WORDS, help="Transcripts of more are refused.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list, a recording each.")
@click.pass_context
def align_command(
    ctx: click.Context,
    audio: tuple[Path, ...],
    manifest: Path | None,
    transcript: str | None,
    recognize: bool,
    format_: str,
    out: Path | None,
    oov: str,
    max_seconds: float | None,
    max_words: int,
    as_json: bool,
) -> None:
    """Tell when each word of English recordings is said. AUDIO are files or folders.

    A recording that cannot be aligned is reported and the others go on; the exit code is then 1.
    """
    if bool(audio) == bool(manifest) or (manifest and (transcript or recognize)):
        raise ConfigError("expected AUDIO, with --transcript or --recognize or neither, or else --manifest.")
    said = _transcripts_of(manifest) if manifest else {}
    paths = list(said or recordings(audio))
    _check_options(paths, transcript, recognize, format_, out)
    longest = max_seconds or (recognition.MAX_SECONDS if recognize else forced.MAX_SECONDS)
    recognizer = SphinxRecognizer(max_seconds=longest) if recognize else None
    aligner = Aligner(oov=oov, max_seconds=longest, max_words=max_words)
    transcripts = said.get if manifest else Transcripts(transcript, len(paths))
    answers = _answers(paths, _Words(recognizer, aligner, transcripts, longest))
    if out is not None:
        _write(paths, answers, format_, out)
    if as_json:
        click.echo(json.dumps([_as_json(path, answer) for path, answer in zip(paths, answers, strict=True)], indent=2))
    elif out is None:
        for path, answer in zip(paths, answers, strict=True):
            if isinstance(answer, _Timed):
                click.echo(_formatted(path, answer, format_), nl=False)
    end_with_errors(ctx, paths, answers)


def _transcripts_of(manifest: Path) -> dict[Path, str]:
    """Returns the transcripts of a manifest by recording, and reports its rows that cannot be used."""
    from can_tf.corpus.manifest import read_manifest

    corpus = read_manifest(manifest)
    for rejection in corpus.rejected:
        click.echo(f"Left out: {rejection.id}: {rejection.reason}", err=True)
    said = {each.audio_path: each.transcript for each in corpus.utterances if each.transcript and not each.words}
    if not said:
        raise ConfigError(f"{manifest}: no row has a transcript and no alignment.")
    return said


def _check_options(
    paths: Sequence[Path], transcript: str | None, recognize: bool, format_: str, out: Path | None
) -> None:
    if recognize and transcript is not None:
        raise ConfigError("--recognize finds the words itself; leave --transcript out.")
    stems = [path.stem for path in paths]
    if len(stems) == 1:
        return
    if out is not None and len(set(stems)) < len(stems):
        twice = next(stem for stem in stems if stems.count(stem) > 1)
        raise ConfigError(f"{twice}: several recordings have this name, and their words would go to one file.")
    if out is None and format_ != "table":
        raise ConfigError(f"{len(stems)} recordings: --format {format_} needs --out, a folder to write to.")


class _Words:
    """Finds the words of a recording and their times."""

    def __init__(
        self,
        recognizer: SphinxRecognizer | None,
        aligner: Aligner,
        transcripts: Callable[[Path], str | None],
        max_seconds: float,
    ):
        self._recognizer, self._aligner, self._transcripts = recognizer, aligner, transcripts
        self._max_seconds = max_seconds

    def __call__(self, path: Path) -> _Timed:
        from can_tf.audio.reading import read_audio

        samples = read_audio(path, SAMPLE_RATE_HZ, max_seconds=self._max_seconds)
        if self._recognizer is not None:
            tokens = self._recognizer.recognize(samples)
        else:
            tokens = self._aligner.align(samples, spoken_words(self._transcript(path)))
        return _Timed(tokens, len(samples) / SAMPLE_RATE_HZ)

    def _transcript(self, path: Path) -> str:
        text = self._transcripts(path)
        if text is None:
            raise AlignmentError(
                f"no transcript stands beside it ({', '.join(TRANSCRIPT_SUFFIXES)}); name one with --transcript, "
                "or use --recognize"
            )
        return text


def _answers(paths: Sequence[Path], words: _Words) -> list[_Timed | CanError]:
    progress = shown("Aligning", "recordings") if len(paths) > 1 else None
    answers: list[_Timed | CanError] = []
    for path in paths:
        try:
            answers.append(words(path))
        except MissingExtraError:
            raise
        except CanError as error:
            answers.append(error)
        if progress is not None:
            progress(len(answers), len(paths))
    return answers


def _write(paths: Sequence[Path], answers: Sequence[_Timed | CanError], format_: str, out: Path) -> None:
    """Writes one recording's words to a file, several recordings' to files of their names in a folder."""
    if len(paths) > 1:
        out.mkdir(parents=True, exist_ok=True)
    suffix = ".txt" if format_ == "table" else FORMATS[format_][0]
    for path, answer in zip(paths, answers, strict=True):
        if isinstance(answer, _Timed):
            place = out if len(paths) == 1 and not out.is_dir() else out / f"{path.stem}{suffix}"
            with replacing(place) as temporary:
                temporary.write_text(_formatted(path, answer, format_), encoding="utf-8")


def _formatted(path: Path, timed: _Timed, format_: str) -> str:
    if format_ != "table":
        return format_alignment(format_, path.stem, timed.tokens, timed.seconds)
    words = [token for token in timed.tokens if not is_silence(token.text)]
    rows = [[word.text, f"{word.start:.2f}", f"{word.end:.2f}"] for word in words]
    return f"{format_table([path.stem, 'start', 'end'], rows)}\n"


def _as_json(path: Path, answer: _Timed | CanError) -> dict[str, Any]:
    if isinstance(answer, CanError):
        return {"path": str(path), "error": one_line(answer)}
    words = [
        {"word": token.text, "start": token.start, "end": token.end}
        for token in answer.tokens
        if not is_silence(token.text)
    ]
    return {"path": str(path), "seconds": answer.seconds, "words": words}
