"""The recordings in folders, links followed, and what each is called: its path below the folder given."""

import dataclasses
import importlib.util
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from can_tf.audio.media import EXTRA, kind_of
from can_tf.audio.streams import SUFFIXES as AUDIO_SUFFIXES
from can_tf.errors import ConfigError, MissingExtraError
from can_tf.progress import amount

# Sound and pictures with sound that nothing here reads.
_OTHER_SUFFIXES = (".ra", ".rm", ".ape", ".dss", ".ds2", ".vox", ".dsf", ".tta", ".mpc", ".mid", ".avi", ".wmv", ".m4p")
_FIRST_BYTES = 1_024
_NAMED = 3  # Of files that are left out.
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Recordings:
    """Recordings that somebody has named.

    Attributes:
        paths: Them, in order: files as they are named, and those in folders.
        below: For those found in a folder, their paths below it.
    """

    paths: Sequence[Path]
    below: dict[Path, PurePath] = dataclasses.field(default_factory=dict)

    def names(self) -> dict[Path, PurePath]:
        """Returns a name for each recording that no other has: below its folder, without suffix, where that is enough.

        Example:
            >>> names = Recordings([Path("wav/anna/1.wav")], {Path("wav/anna/1.wav"): PurePath("anna/1.wav")}).names()
            >>> [name.as_posix() for name in names.values()]
            ['anna/1']
        """
        short = [self.below.get(path, PurePath(path.name)) for path in self.paths]
        full = [PurePath(*(part for part in path.parts if part not in (path.anchor, "..", "."))) for path in self.paths]
        for names in ([name.with_suffix("") for name in short], short, [name.with_suffix("") for name in full], full):
            if len(set(names)) == len(names):
                return dict(zip(self.paths, names, strict=True))
        twice = next(str(path) for path, name in zip(self.paths, full, strict=True) if full.count(name) > 1)
        raise ConfigError(f"{twice}: another recording has the same name; give them in commands of their own.")


def find_recordings(named: Path | str | Iterable[Path | str]) -> Recordings:
    """Returns the recordings that are named, files or folders of them; tells which in folders are left out.

    Args:
        named: A file, a folder, or several of them.

    Raises:
        ConfigError: A folder holds none.
        MissingExtraError: A file that is named needs an extra that is not installed.

    Example:
        >>> find_recordings("talk.wav").paths
        [PosixPath('talk.wav')]
    """
    found: dict[Path, PurePath | None] = {}
    for path in [Path(named)] if isinstance(named, (str, Path)) else map(Path, named):
        if path.is_dir():
            found.update({path / name: name for name in _in_folder(path)})
        else:
            _check_readable(path)
            found.setdefault(path, None)
    return Recordings(list(found), {path: name for path, name in found.items() if name is not None})


def _in_folder(folder: Path) -> Iterator[PurePath]:
    hidden: list[Path] = []
    files = [file.relative_to(folder) for file in files_below(folder, hidden)]
    sound = [file for file in files if has_suffix(file, AUDIO_SUFFIXES)]
    foreign = [file for file in sound if not _has_extra() and _needs_extra(folder / file)]
    hidden_sound = sorted(file.relative_to(folder) for file in hidden if has_suffix(file, AUDIO_SUFFIXES))
    _tell("%s: left out %s: they are hidden.", folder, hidden_sound)
    others = [file for file in files if has_suffix(file, _OTHER_SUFFIXES)]
    _tell("%s: left out %s: nothing here reads their kind.", folder, others)
    _tell(f"%s: left out %s: reading them needs: pip install 'can_tf[{EXTRA}]'.", folder, foreign)
    if len(sound) == len(foreign):
        raise ConfigError(f"{folder}: holds no recordings; expected files ending in {', '.join(AUDIO_SUFFIXES)}.")
    yield from (file for file in sound if file not in foreign)


def files_below(folder: Path, hidden: list[Path] | None = None) -> list[Path]:
    """Returns the files below a folder in order, links followed, each folder once; hidden ones are told apart.

    Hidden are names with a dot in front, such as macOS's `._talk.wav`, and what lies in `__MACOSX`.

    Args:
        folder: Where to look.
        hidden: Gets the hidden files.
    """
    found: list[Path] = []
    seen: set[str] = set()
    links: list[Path] = []
    at = [folder]
    while at or links:
        place = at.pop() if at else links.pop(0)  # A folder is known by its own name before that of a link to it.
        if (real := os.path.realpath(place)) in seen:
            continue
        seen.add(real)
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = place / entry.name
                is_hidden = entry.name.startswith(".") or entry.name == "__MACOSX"
                if not entry.is_dir():
                    (found if not is_hidden else [] if hidden is None else hidden).append(path)
                elif not is_hidden:
                    (links if entry.is_symlink() else at).append(path)
    return sorted(found)


def has_suffix(path: PurePath | str, suffixes: Iterable[str]) -> bool:
    """Tells whether a name ends in one of the suffixes, in any case.

    Example:
        >>> has_suffix(Path("talk.textgrid"), (".TextGrid", ".ctm"))
        True
    """
    return PurePath(path).suffix.lower() in [suffix.lower() for suffix in suffixes]


def _has_extra() -> bool:
    return importlib.util.find_spec("av") is not None


def _needs_extra(path: Path) -> str:
    """Returns what a recording is that only PyAV reads; "" for any other, and for what cannot be read at all."""
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(_FIRST_BYTES))
    except OSError:
        return ""
    return kind.name if kind else ""


def _check_readable(path: Path) -> None:
    if not _has_extra() and (kind := _needs_extra(path)):
        raise MissingExtraError(f"{path}: reading {kind}", EXTRA)


def _tell(message: str, folder: Path, files: Sequence[PurePath]) -> None:
    if files:
        named = ", ".join(map(str, files[:_NAMED])) + (", ..." if len(files) > _NAMED else "")
        _LOG.warning(message, folder, f"{amount(len(files), 'files')} ({named})")
