"""The files that belong to recordings, such as alignments and transcripts: those given, or those beside them."""

import itertools
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from can_tf.audio.folders import Recordings, files_below, has_suffix
from can_tf.errors import ConfigError
from can_tf.text_files import read_text

_LOG = logging.getLogger(__name__)
TRANSCRIPT_SUFFIXES = (".txt", ".lab")


class Companions:
    """Finds what belongs to a recording: the file given, the file of its name in the folder given, or beside it.

    In a folder given, that is the file of the same path below it; failing that, the file of the same name whose
    folders, from the innermost on, are most like the recording's. What may be another recording's is refused.

    Args:
        what: Their kind, in the singular, for messages.
        suffixes: Of such files, in any case; where files of several stand together, the first counts.
        given: A file, a folder, or None for files beside the recordings.
        recordings: What they belong to.
        names: Returns the names of the recordings that a file tells apart, which may be one for all.
        passed_over: Tells which files beside the recordings are none of this kind, whatever their names.
    """

    def __init__(
        self,
        what: str,
        suffixes: Sequence[str],
        given: Path | None,
        recordings: Recordings,
        *,
        names: Callable[[Path], Sequence[str]] = lambda path: (),
        passed_over: Callable[[Path], bool] = lambda path: False,
    ):
        if given is not None and not given.exists():
            raise ConfigError(f"{given}: there is no such {what} file or folder.")
        count = len(recordings.paths)
        if given is not None and not given.is_dir() and count > 1 and len(names(given)) < 2:
            raise ConfigError(f"{given}: is one {what} for {count} recordings; give a folder of them.")
        self._what, self._suffixes, self._given, self._passed_over = what, suffixes, given, passed_over
        self._below = recordings.below
        self._stems = Counter(path.stem for path in recordings.paths)
        self._by_folder: dict[Path, dict[str, list[Path]]] = {}

    def of(self, path: Path) -> Path | None:
        """Returns the file; None where none was given and none stands beside the recording.

        Raises:
            ConfigError: The folder given has none for it, or several; or there is no such recording.
        """
        if self._given is None:
            return self._beside(path)
        if not self._given.is_dir():
            return self._given
        if not path.exists():
            raise ConfigError(f"{path}: there is no such recording.")
        return self._in_given(path, self._given)

    def _beside(self, path: Path) -> Path | None:
        for file in self._files_in(path.parent, deep=False).get(_folded(path.stem), ()):
            if file.stat().st_size:
                return file
            # As a shell makes before the command starts: can-tf predict a.wav > a.txt
            _LOG.warning("%s: %s beside it is empty, so it counts as no %s.", path, file.name, self._what)
        return None

    def _in_given(self, path: Path, given: Path) -> Path:
        files = self._files_in(given, deep=True).get(_folded(path.stem), [])
        if not files:
            raise ConfigError(f"{path}: {given} holds no {path.stem} with {', '.join(self._suffixes)}.")
        below = self._below.get(path)
        same = [file for file in files if below is not None and file.relative_to(given).parent == below.parent]
        if same:
            return same[0]
        alike = {file: _folders_alike(path, file.relative_to(given)) for file in files}
        best = [file for file in files if alike[file] == max(alike.values())]
        known_apart = below is not None and below.parent != PurePath()
        folders = {file.parent for file in best}
        # One in no folder of its own serves the only recording of its name, whatever folder that is in.
        flat = best[0].parent == given and self._stems[path.stem] == 1
        if len(folders) > 1 or (not alike[best[0]] and not flat and (known_apart or self._stems[path.stem] > 1)):
            names = ", ".join(str(file.relative_to(given)) for file in best[:3])
            raise ConfigError(
                f"{path}: {given} holds {names}, which may be of another recording of this name. Put the {self._what} "
                f"where the recording is, or in the folders of the same names below {given}."
            )
        if not alike[best[0]] and not flat:
            _LOG.warning("%s: its %s is %s, the only one of its name.", path, self._what, best[0])
        return best[0]

    def _files_in(self, folder: Path, *, deep: bool) -> dict[str, list[Path]]:
        """Returns the files of this kind in a folder by their names without suffix, those that count first, first."""
        if folder not in self._by_folder:
            order = [suffix.lower() for suffix in self._suffixes]
            everything = files_below(folder) if deep else folder.glob("*")
            files = [file for file in everything if has_suffix(file, self._suffixes) and file.is_file()]
            files = [file for file in files if deep or not self._passed_over(file)]
            files.sort(key=lambda file: (order.index(file.suffix.lower()), file.suffix not in self._suffixes, file))
            by_stem: dict[str, list[Path]] = {}
            for file in files:
                by_stem.setdefault(_folded(file.stem), []).append(file)
            self._by_folder[folder] = by_stem
        return self._by_folder[folder]


def _folded(name: str) -> str:
    """Returns a name whose accents are part of their letters: macOS writes them as letters of their own."""
    return unicodedata.normalize("NFC", name)


def _folders_alike(recording: Path, file: PurePath) -> int:
    """Returns how many folders of two paths have the same names, from the innermost outwards."""
    pairs = zip(reversed(recording.parts[:-1]), reversed(file.parts[:-1]), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


class Transcripts:
    """Finds what is said in a recording: the words given, or a text file as `Companions` does.

    Args:
        given: Words, the path of a file or folder, or None for files beside the recordings.
        recordings: In which it is said.
    """

    def __init__(self, given: str | None, recordings: Recordings):
        place = None if given is None or not _is_path(given) else Path(given)
        self._words = given if place is None else None
        if self._words is not None and len(recordings.paths) > 1:
            raise ConfigError(
                f"the transcript is one text for {len(recordings.paths)} recordings; give a folder of text files."
            )
        self._files = Companions("transcript", TRANSCRIPT_SUFFIXES, place, recordings)

    def of(self, path: Path) -> str | None:
        """Returns the text; None where none was given and no file stands beside the recording.

        Raises:
            ConfigError: The folder given has none for it, or a file cannot be read.
        """
        if self._words is not None:
            return self._words
        place = self._files.of(path)
        return None if place is None else read_text(place, ConfigError)


def _is_path(text: str) -> bool:
    """Tells a path from words: it is there, or looks like nothing else."""
    try:
        if text.strip() and Path(text).exists():
            return True
    except (OSError, ValueError):
        return False  # Too long for a name, or with a character that no name has.
    return not re.search(r"\s", text) and has_suffix(text, TRANSCRIPT_SUFFIXES)
