"""What `can-tf predict --timeline` shows: the stretches of long recordings and the emotion of each."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from can_tf.alignment.formats.format import one_token
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recordings import one_line
from can_tf.errors import CanError, SetupError
from can_tf.files import replacing
from can_tf.report.tables import format_table

if TYPE_CHECKING:
    from can_tf.prediction.answers import Prediction
    from can_tf.prediction.timeline import Moment

_WORDS_SHOWN = 6


def timelines(
    paths: Sequence[Path], words: Callable[[Path], tuple[Path | None, str | None]], predictor: Any
) -> list[Any]:
    """Returns the stretches of each recording, or the error that kept them from being found."""
    from can_tf.prediction.timeline import timeline

    answers: list[Any] = []
    for path in paths:
        try:
            alignment, transcript = words(path)
            answers.append(timeline(predictor, path, alignment, transcript=transcript, progress=ProgressPrinter().show))
        except SetupError:
            raise
        except CanError as error:
            answers.append(error)
    return answers


def show_timelines(
    names: Mapping[Path, PurePath], found: Sequence[Any], *, as_json: bool, rttm: Path | None, plot: Path | None
) -> None:
    """Prints the stretches as tables or JSON, and writes the files that are asked for.

    Args:
        names: The recordings, and what RTTM lines call them.
        found: What `timelines` returns for them.
        as_json: Whether JSON is printed.
        rttm: Where RTTM lines go.
        plot: Where a picture goes.
    """
    paths = list(names)
    usable = [(path, moments) for path, moments in zip(paths, found, strict=True) if not isinstance(moments, CanError)]
    if rttm is not None:
        with replacing(rttm) as temporary:
            text = "".join(_rttm(names[path], moments) for path, moments in usable)
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    if plot is not None:
        for path, moments in usable:
            _draw(path, moments, plot)
    if as_json:
        click.echo(json.dumps([_as_json(path, moments) for path, moments in zip(paths, found, strict=True)], indent=2))
        return
    for path, moments in usable:
        click.echo(_table(path, moments))


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
    for moment in moments:
        times = [f"{moment.start:.2f}", f"{moment.end:.2f}"]
        if isinstance(moment.answer, CanError):
            rows.append(["-", *times, "-", one_line(moment.answer)])
            continue
        words = [word.text for word in moment.answer.words]
        more = " ..." if len(words) > _WORDS_SHOWN else ""
        confidence = f"{moment.answer.confidence:.3f}"
        rows.append([moment.answer.label, *times, confidence, " ".join(words[:_WORDS_SHOWN]) + more])
    return f"{path}\n{format_table(['label', 'start', 'end', 'confidence', 'words'], rows)}"


def _rttm(recording: PurePath, moments: "Sequence[Moment]") -> str:
    """Returns lines as diarisation has them: the label stands for the speaker, and its confidence for theirs."""
    name = one_token(recording.as_posix())
    return "".join(
        f"SPEAKER {name} 1 {moment.start:.3f} {moment.end - moment.start:.3f} <NA> <NA> "
        f"{one_token(moment.answer.label)} {moment.answer.confidence:.3f} <NA>\n"
        for moment in moments
        if not isinstance(moment.answer, CanError)
    )


def _draw(path: Path, moments: "Sequence[Moment]", plot: Path) -> None:
    from can_tf.report.plots import timeline_png

    answered = [(stretch, stretch.answer) for stretch in moments if not isinstance(stretch.answer, CanError)]
    labels = sorted({label for _, answer in answered for label in answer.best_probabilities})
    timeline_png(
        [(moment.start, moment.end) for moment, _ in answered],
        [[answer.best_probabilities[label] for label in labels] for _, answer in answered],
        labels,
        plot,
        path.name,
    )
