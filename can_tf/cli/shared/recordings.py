"""Recordings named on the command line, the files beside them, and those that failed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.errors import CanError, ConfigError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
ALIGNMENT_SUFFIXES = (".wdseg", ".TextGrid", ".ctm", ".json")
TRANSCRIPT_SUFFIXES = (".txt", ".lab")


def recordings(paths: Sequence[Path]) -> Iterator[Path]:
    """Yields files as they are named, and the recordings in folders."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES)
        if not found:
            raise ConfigError(f"{path}: holds no recordings; expected files ending in {', '.join(AUDIO_SUFFIXES)}.")
        yield from found


class Companions:
    """Finds what belongs to a recording: the file given, the file of its name in the folder given, or beside it.

    Args:
        what: Their kind, in the singular, for messages.
        suffixes: Of such files.
        given: A file, a folder, or None for files beside the recordings.
        count: How many recordings there are.
    """

    def __init__(self, what: str, suffixes: Sequence[str], given: Path | None, count: int):
        if given is not None and not given.exists():
            raise ConfigError(f"{given}: there is no such {what} file or folder.")
        if given is not None and not given.is_dir() and count > 1:
            raise ConfigError(f"{given}: is one {what} for {count} recordings; give a folder of them.")
        self._what, self._suffixes, self._given = what, suffixes, given
        self._by_stem: dict[str, Path] = {}
        if given is not None and given.is_dir():
            self._by_stem = {file.stem: file for file in sorted(given.rglob("*")) if file.suffix in suffixes}

    def __call__(self, path: Path) -> Path | None:
        """Returns the file; None where none was given and none stands beside the recording.

        Raises:
            ConfigError: The folder given has none for it, or there is no such recording.
        """
        if self._given is None:
            beside = (path.with_suffix(suffix) for suffix in self._suffixes)
            return next((file for file in beside if file.is_file()), None)
        if not self._given.is_dir():
            return self._given
        if not path.exists():
            raise ConfigError(f"{path}: there is no such recording.")
        if path.stem not in self._by_stem:
            raise ConfigError(f"{path}: {self._given} holds no {path.stem} with {', '.join(self._suffixes)}.")
        return self._by_stem[path.stem]


class Transcripts:
    """Finds what is said in a recording: the words given, or a text file as `Companions` does.

    Args:
        given: Words, the path of a file or folder, or None for files beside the recordings.
        count: How many recordings there are.
    """

    def __init__(self, given: str | None, count: int):
        place = None if given is None or not _is_path(given) else Path(given)
        self._words = given if place is None else None
        if self._words is not None and count > 1:
            raise ConfigError(f"--transcript: is one text for {count} recordings; give a folder of text files.")
        self._find = Companions("transcript", TRANSCRIPT_SUFFIXES, place, count)

    def __call__(self, path: Path) -> str | None:
        """Returns the text; None where none was given and no file stands beside the recording.

        Raises:
            ConfigError: The folder given has none for it, or a file cannot be read.
        """
        if self._words is not None:
            return self._words
        place = self._find(path)
        return None if place is None else _read_text(place)


def _is_path(text: str) -> bool:
    """Tells a path from words: it is there, or looks like nothing else."""
    try:
        if text.strip() and Path(text).exists():
            return True
    except (OSError, ValueError):
        return False  # Too long for a name, or with a character that no name has.
    return not re.search(r"\s", text) and text.endswith(TRANSCRIPT_SUFFIXES)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text ({error.reason}).") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from error


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
