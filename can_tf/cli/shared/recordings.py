"""What commands do with recordings beside their work: transcripts that are needed, and recordings that failed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.errors import AlignmentError, CanError
from can_tf.prediction.companions import TRANSCRIPT_SUFFIXES, Transcripts


def needed(transcripts: Transcripts) -> Callable[[Path], str]:
    """Returns a function that gives the transcript of a recording, and raises AlignmentError where there is none."""

    def of(path: Path) -> str:
        text = transcripts.of(path)
        if text is None:
            raise AlignmentError(
                f"no transcript stands beside it ({', '.join(TRANSCRIPT_SUFFIXES)}); name one with --transcript, "
                "or use --recognize"
            )
        return text

    return of


def end_with_errors(ctx: click.Context, paths: Sequence[Path], answers: Sequence[Any]) -> None:
    """Reports each recording whose answer is an error, in a line with its path; the exit code is then 1."""
    failed = [(path, answer) for path, answer in zip(paths, answers, strict=True) if isinstance(answer, CanError)]
    for path, error in failed:
        text = one_line(error)
        click.echo(f"Error: {text}" if str(path) in text else f"Error: {path}: {text}", err=True)
    if failed:
        ctx.exit(1)


def one_line(error: CanError) -> str:
    """Returns an error's message without line breaks."""
    return " ".join(str(error).split())
