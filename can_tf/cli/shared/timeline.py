"""What `can-tf predict --timeline` shows and writes: the stretches of long recordings and the emotion of each."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from can_tf.alignment.turns import recordings_with_turns
from can_tf.cli.shared.folders import Recordings
from can_tf.cli.shared.options import with_options
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recordings import Companions, one_line
from can_tf.errors import CanError, ConfigError, SetupError
from can_tf.explanation.timeline_files import TIMELINE_FILES, TimelineFile, timeline_file
from can_tf.extras import require
from can_tf.progress import amount
from can_tf.report.tables import format_table
from can_tf.report.timeline_text import RecordingTimeline

if TYPE_CHECKING:
    from can_tf.prediction.answers import Prediction
    from can_tf.prediction.timeline import Moment

_WORDS_SHOWN = 6


def timeline_options(command: Any) -> Any:
    """Adds `--speakers`, `--out`, `--rttm` and `--plot`."""
    options = [
        click.option(
            "--speakers",
            type=click.Path(path_type=Path),
            help="With --timeline: who speaks when, an RTTM file, or a folder with one per recording, of the same "
            "name. Stretches are cut at its turns.",
        ),
        click.option(
            "--out",
            multiple=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="With --timeline: write a page with sound (.html), a table (.csv), subtitles (.srt, .vtt), RTTM lines "
            "with the emotion in place of the speaker (.rttm), or a picture (.png). May be given several times.",
        ),
        click.option(
            "--rttm",
            type=click.Path(dir_okay=False, path_type=Path),
            help="The same as --out for RTTM lines, whatever the file's name.",
        ),
        click.option(
            "--plot",
            type=click.Path(dir_okay=False, path_type=Path),
            help="The same as --out for a picture, whatever the file's name.",
        ),
    ]
    return with_options(command, options)


class Output(NamedTuple):
    """A file that timelines go to, and its kind."""

    path: Path
    kind: TimelineFile


def outputs(
    out: Sequence[Path], rttm: Path | None, plot: Path | None, *, as_timeline: bool, recordings: int
) -> list[Output]:
    """Returns the files that options name.

    Args:
        out: Of kinds that their suffixes tell.
        rttm: One of RTTM lines, whatever its suffix.
        plot: A picture, whatever its suffix.
        as_timeline: Whether there are timelines.
        recordings: How many are given.

    Raises:
        ConfigError: They do not go together, or a suffix is unknown.
        MissingExtraError: A file needs what is not installed.
    """
    named = [("--out", path, timeline_file(path)) for path in out]
    named += [("--rttm", rttm, TIMELINE_FILES[".rttm"])] if rttm is not None else []
    named += [("--plot", plot, TIMELINE_FILES[".png"])] if plot is not None else []
    if named and not as_timeline:
        raise ConfigError("--out, --rttm and --plot belong to --timeline.")
    for option, path, kind in named:
        if recordings > 1 and not kind.several:
            what = "--plot draws" if option == "--plot" else f"{path} holds"
            raise ConfigError(f"{what} one recording; {recordings} were given.")
        if kind.needs is not None:
            require(*kind.needs)
        if not path.absolute().parent.is_dir():
            raise ConfigError(f"{path}: there is no folder {path.parent}.")
    return [Output(path, kind) for _, path, kind in named]


def speakers_of(given: Path | None, recordings: Recordings, *, as_timeline: bool) -> Callable[[Path], Path | None]:
    """Returns a function that finds the file that says who speaks in a recording; None where none is given.

    One beside a recording is not looked for: it may be what `--rttm` wrote, with emotions for speakers.

    Raises:
        ConfigError: What is given is not there, or belongs to no timeline.
    """
    if given is None:
        return lambda path: None
    if not as_timeline:
        raise ConfigError("--speakers belongs to --timeline.")
    return Companions("RTTM", (".rttm",), given, recordings, names=recordings_with_turns).of


def timelines(
    paths: Sequence[Path],
    words: Callable[[Path], tuple[Path | None, str | None]],
    speakers: Callable[[Path], Path | None],
    predictor: Any,
) -> list[Any]:
    """Returns the stretches of each recording, or the error that kept them from being found."""
    from can_tf.prediction.timeline import timeline

    answers: list[Any] = []
    for path in paths:
        try:
            alignment, transcript = words(path)
            show = ProgressPrinter().show
            answers.append(
                timeline(predictor, path, alignment, transcript=transcript, speakers=speakers(path), progress=show)
            )
        except SetupError:
            raise
        except CanError as error:
            answers.append(error)
    return answers


def show_timelines(
    names: Mapping[Path, PurePath], found: Sequence[Any], files: Sequence[Output], *, as_json: bool
) -> None:
    """Prints the stretches as tables or JSON, and writes the files that are asked for.

    Args:
        names: The recordings, and what files about several of them call each.
        found: What `timelines` returns for them.
        files: Where else they go.
        as_json: Whether JSON is printed.
    """
    paths = list(names)
    usable = [
        RecordingTimeline(path, moments, names[path])
        for path, moments in zip(paths, found, strict=True)
        if not isinstance(moments, CanError)
    ]
    for path, kind in files if usable else ():
        kind.write(path, usable)
        _say_left_out(path, kind, usable)
    if as_json:
        click.echo(json.dumps([_as_json(path, moments) for path, moments in zip(paths, found, strict=True)], indent=2))
        return
    for recording in usable:
        click.echo(_table(recording.path, recording.moments))


def _say_left_out(path: Path, kind: TimelineFile, recordings: Sequence[RecordingTimeline]) -> None:
    """Says how many stretches are not in a file, if any."""
    total = sum(len(each.moments) for each in recordings)
    left_out = total - sum(len(each.answered()) for each in recordings)
    if left_out and not kind.all_stretches:
        click.echo(f"{path}: {left_out} of {amount(total, 'stretches')} have no emotion and are left out.", err=True)


def answers_in(moments: Any) -> "Iterator[Prediction]":
    """Yields what was predicted in a recording: nothing, where there is an error in place of its stretches."""
    for moment in () if isinstance(moments, CanError) else moments:
        if not isinstance(moment.answer, CanError):
            yield moment.answer


def _as_json(path: Path, moments: Any) -> dict[str, Any]:
    if isinstance(moments, CanError):
        return {"path": str(path), "error": one_line(moments)}
    return {"path": str(path), "stretches": [moment.to_json() for moment in moments]}


def _table(path: Path, moments: "Sequence[Moment]") -> str:
    rows = []
    known = any(moment.speaker is not None for moment in moments)
    for moment in moments:
        times = [f"{moment.start:.2f}", f"{moment.end:.2f}"]
        speaker = [moment.speaker or "-"] if known else []
        if isinstance(moment.answer, CanError):
            rows.append(["-", *times, "-", *speaker, one_line(moment.answer)])
            continue
        words = [word.text for word in moment.answer.words]
        more = " ..." if len(words) > _WORDS_SHOWN else ""
        confidence = f"{moment.answer.confidence:.3f}"
        rows.append([moment.answer.label, *times, confidence, *speaker, " ".join(words[:_WORDS_SHOWN]) + more])
    headers = ["label", "start", "end", "confidence", *(["speaker"] if known else []), "words"]
    return f"{path}\n{format_table(headers, rows)}"
