"""What `can-tf predict --timeline` shows and writes: the stretches of long recordings and the emotion of each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from can_tf.cli.shared.options import with_options
from can_tf.cli.shared.recordings import one_line
from can_tf.errors import CanError, ConfigError
from can_tf.explanation.timeline_files import TIMELINE_FILES, TimelineFile, check_timeline_file
from can_tf.prediction.tables import TABLE_SUFFIX, check_table
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
            help="Write a table (.csv); with --timeline, also a page with sound (.html), subtitles (.srt, .vtt), RTTM "
            "lines with the emotion in place of the speaker (.rttm), or a picture (.png). With --timeline, it may be "
            "given several times.",
        ),
        click.option(
            "--rttm",
            type=click.Path(dir_okay=False, path_type=Path),
            help="With --timeline: the same as --out for RTTM lines, whatever the file's name.",
        ),
        click.option(
            "--plot",
            type=click.Path(dir_okay=False, path_type=Path),
            help="With --timeline: the same as --out for a picture, whatever the file's name.",
        ),
    ]
    return with_options(command, options)


class Output(NamedTuple):
    """A file that timelines go to, and its kind."""

    path: Path
    kind: TimelineFile


def outputs(out: Sequence[Path], rttm: Path | None, plot: Path | None, recordings: int) -> list[Output]:
    """Returns the files that options name.

    Args:
        out: Of kinds that their suffixes tell.
        rttm: One of RTTM lines, whatever its suffix.
        plot: A picture, whatever its suffix.
        recordings: How many are given.

    Raises:
        ConfigError: They do not go together, or a suffix is unknown.
        MissingExtraError: A file needs what is not installed.
    """
    named: list[tuple[Path, TimelineFile | None]] = [(path, None) for path in out]
    named += [(rttm, TIMELINE_FILES[".rttm"])] if rttm is not None else []
    named += [(plot, TIMELINE_FILES[".png"])] if plot is not None else []
    return [Output(path, check_timeline_file(path, recordings, kind)) for path, kind in named]


def table_of(out: Sequence[Path], **of_timelines: Any) -> Path | None:
    """Returns where a table of predictions goes, which is what `--out` names where there is no timeline.

    Raises:
        ConfigError: It is no table, there are several, or an option of timelines is given.
    """
    given = [f"--{name}" for name, value in of_timelines.items() if value is not None]
    if given:
        raise ConfigError(f"{given[0]} belongs to --timeline.")
    if len(out) > 1:
        raise ConfigError(f"--out: one table (.csv) holds the predictions; {len(out)} were given, as for --timeline.")
    for path in out:
        if path.suffix.lower() in TIMELINE_FILES.keys() - {TABLE_SUFFIX}:
            raise ConfigError(f"--out {path}: belongs to --timeline; without it, a table (.csv) is written.")
        check_table(path)
    return out[0] if out else None


def show_timelines(
    answers: Mapping[Path, RecordingTimeline | CanError], files: Sequence[Output], *, as_json: bool
) -> None:
    """Prints the stretches as tables or JSON, and writes the files that are asked for.

    Args:
        answers: What `can_tf.explanation.timelines.timelines` returns.
        files: Where else they go.
        as_json: Whether JSON is printed.
    """
    usable = [answer for answer in answers.values() if isinstance(answer, RecordingTimeline)]
    for path, kind in files if usable else ():
        kind.write(path, usable)
        _say_left_out(path, kind, usable)
    if as_json:
        click.echo(json.dumps([_as_json(path, answer) for path, answer in answers.items()], indent=2))
        return
    for recording in usable:
        click.echo(_table(recording.path, recording.moments))


def _say_left_out(path: Path, kind: TimelineFile, recordings: Sequence[RecordingTimeline]) -> None:
    """Says how many stretches are not in a file, if any."""
    total = sum(len(each.moments) for each in recordings)
    left_out = total - sum(len(each.answered()) for each in recordings)
    if left_out and not kind.all_stretches:
        click.echo(f"{path}: {left_out} of {amount(total, 'stretches')} have no emotion and are left out.", err=True)


def predictions_in(answers: Mapping[Path, RecordingTimeline | CanError]) -> "Iterator[Prediction]":
    """Yields what was predicted of the stretches of recordings."""
    for recording in answers.values():
        if isinstance(recording, RecordingTimeline):
            yield from (answer for _, answer in recording.answered())


def _as_json(path: Path, answer: RecordingTimeline | CanError) -> dict[str, Any]:
    if isinstance(answer, CanError):
        return {"path": str(path), "error": one_line(answer)}
    return {"path": str(path), "stretches": [moment.to_json() for moment in answer.moments]}


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
