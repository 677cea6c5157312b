"""The files that a timeline is written as, by their suffixes: one registry, for the command line and for programs."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from can_tf.errors import ConfigError
from can_tf.extras import require
from can_tf.files import check_place
from can_tf.report.timeline_text import (
    RecordingTimeline,
    draw_timeline,
    write_rttm,
    write_srt,
    write_timeline_csv,
    write_vtt,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimelineFile:
    """A kind of file.

    Attributes:
        write: Called with the path and the recordings.
        several: Whether one file holds several recordings.
        all_stretches: Whether stretches without an emotion are in it.
        needs: The library, its purpose and its extra, as `can_tf.extras.require` takes them; nothing where it needs
            none.
    """

    write: Callable[[Path, Sequence[RecordingTimeline]], None]
    several: bool = True
    all_stretches: bool = True
    needs: tuple[str, str, str] | None = None


def _write_page(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    from can_tf.explanation.timeline_page import write_timeline_page  # Which imports TensorFlow.

    write_timeline_page(path, recordings)


TIMELINE_FILES: Mapping[str, TimelineFile] = {
    ".html": TimelineFile(write=_write_page),
    ".csv": TimelineFile(write=write_timeline_csv),
    ".srt": TimelineFile(write=write_srt, several=False, all_stretches=False),
    ".vtt": TimelineFile(write=write_vtt, several=False, all_stretches=False),
    ".rttm": TimelineFile(write=write_rttm, all_stretches=False),
    ".png": TimelineFile(
        write=draw_timeline,
        several=False,
        all_stretches=False,
        needs=("matplotlib", "Drawing a timeline", "report"),
    ),
}


def timeline_file(path: Path) -> TimelineFile:
    """Returns the kind of file that a path names by its suffix.

    Raises:
        ConfigError: It names none.

    Example:
        >>> timeline_file(Path("talk.SRT")).several
        False
    """
    kind = TIMELINE_FILES.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(f"{path}: expected a name that ends in {', '.join(TIMELINE_FILES)}.")
    return kind


def check_timeline_file(path: Path, recordings: int, kind: TimelineFile | None = None) -> TimelineFile:
    """Returns the kind of file that a path names, once it is sure that it can be written.

    Args:
        path: Where to.
        recordings: How many it is to hold.
        kind: What it is, whatever its suffix; None for what the suffix names.

    Raises:
        ConfigError: The suffix names none, it holds one recording and several are given, or there is no such folder.
        MissingExtraError: It needs an extra that is not installed.
    """
    kind = timeline_file(path) if kind is None else kind
    if recordings > 1 and not kind.several:
        raise ConfigError(f"{path}: holds one recording; {recordings} were given.")
    if kind.needs is not None:
        require(*kind.needs)
    check_place(path)
    return kind


def write_timelines(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes recordings' stretches as the kind of file that the path's suffix names.

    Args:
        path: Where to: .html, .csv, .srt, .vtt, .rttm or .png.
        recordings: What `timeline` found, and in which recordings.

    Raises:
        ConfigError: There is no such kind, or it holds one recording and several are given.
        MissingExtraError: It needs an extra that is not installed.

    Example:
        >>> from can_tf import load, read_audio, timeline
        >>> moments = timeline(load("saved_models/can"), Path("talk.wav"), Path("talk.wdseg"))
        >>> talk = RecordingTimeline(Path("talk.wav"), moments)
        >>> write_timelines(Path("talk.csv"), [talk])
    """
    check_timeline_file(path, len(recordings)).write(path, recordings)
