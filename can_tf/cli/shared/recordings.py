"""Recordings named on the command line, the files beside them, and those that failed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.errors import AlignmentError, CanError, ConfigError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
TRANSCRIPT_SUFFIXES = (".txt", ".lab")


def has_suffix(path: Path | str, suffixes: Sequence[str]) -> bool:
    """Tells whether a name ends in one of the suffixes, in any case.

    Example:
        >>> has_suffix(Path("talk.textgrid"), (".TextGrid", ".ctm"))
        True
    """
    return Path(path).suffix.lower() in [suffix.lower() for suffix in suffixes]


def recordings(paths: Sequence[Path]) -> Iterator[Path]:
    """Yields files as they are named, and the recordings in folders."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = sorted(file for file in path.rglob("*") if has_suffix(file, AUDIO_SUFFIXES))
        if not files:
            raise ConfigError(f"{path}: holds no recordings; expected files ending in {', '.join(AUDIO_SUFFIXES)}.")
        yield from files


class Companions:
    """Finds what belongs to a recording: the file given, the file of its name in the folder given, or beside it.

    Args:
        what: Their kind, in the singular, for messages.
        suffixes: Of such files, in any case; where files of several stand together, the first counts.
        given: A file, a folder, or None for files beside the recordings.
        count: How many recordings there are.
    """

    def __init__(self, what: str, suffixes: Sequence[str], given: Path | None, count: int):
        if given is not None and not given.exists():
            raise ConfigError(f"{given}: there is no such {what} file or folder.")
        if given is not None and not given.is_dir() and count > 1:
            raise ConfigError(f"{given}: is one {what} for {count} recordings; give a folder of them.")
        self._what, self._suffixes, self._given = what, suffixes, given
        self._by_folder: dict[Path, dict[str, Path]] = {}

    def of(self, path: Path) -> Path | None:
        """Returns the file; None where none was given and none stands beside the recording.

        Raises:
            ConfigError: The folder given has none for it, or there is no such recording.
        """
        if self._given is None:
            return self._files_in(path.parent).get(path.stem)
        if not self._given.is_dir():
            return self._given
        if not path.exists():
            raise ConfigError(f"{path}: there is no such recording.")
        file = self._files_in(self._given, "**/*").get(path.stem)
        if file is None:
            raise ConfigError(f"{path}: {self._given} holds no {path.stem} with {', '.join(self._suffixes)}.")
        return file

    def _files_in(self, folder: Path, pattern: str = "*") -> dict[str, Path]:
        """Returns the files of this kind in a folder by their names without suffix; each folder is listed once."""
        if folder not in self._by_folder:
            order = [suffix.lower() for suffix in self._suffixes]
            files = [file for file in folder.glob(pattern) if has_suffix(file, self._suffixes) and file.is_file()]
            # Last in this order, and so in the mapping, is the first suffix as it is usually written.
            files.sort(key=lambda file: (-order.index(file.suffix.lower()), file.suffix in self._suffixes, file))
            self._by_folder[folder] = {file.stem: file for file in files}
        return self._by_folder[folder]


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
        self._files = Companions("transcript", TRANSCRIPT_SUFFIXES, place, count)

    def of(self, path: Path) -> str | None:
        """Returns the text; None where none was given and no file stands beside the recording.

        Raises:
            ConfigError: The folder given has none for it, or a file cannot be read.
        """
        if self._words is not None:
            return self._words
        place = self._files.of(path)
        return None if place is None else _read_text(place)

    def required(self, path: Path) -> str:
        """Returns the text as `of` does, and raises AlignmentError where there is none."""
        text = self.of(path)
        if text is None:
            raise AlignmentError(
                f"no transcript stands beside it ({', '.join(TRANSCRIPT_SUFFIXES)}); name one with --transcript, "
                "or use --recognize"
            )
        return text


def _is_path(text: str) -> bool:
    """Tells a path from words: it is there, or looks like nothing else."""
    try:
        if text.strip() and Path(text).exists():
            return True
    except (OSError, ValueError):
        return False  # Too long for a name, or with a character that no name has.
    return not re.search(r"\s", text) and has_suffix(text, TRANSCRIPT_SUFFIXES)


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
