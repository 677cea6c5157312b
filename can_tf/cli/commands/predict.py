"""`can-tf predict`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.options import limit_options
from can_tf.cli.shared.prediction_options import Words, asking_options, open_predictor, request_or_error, say_recognized
from can_tf.cli.shared.progress import shown
from can_tf.cli.shared.recordings import end_with_errors, one_line, recordings
from can_tf.cli.shared.timeline import answers_in, show_timelines, timelines
from can_tf.errors import CanError, ConfigError
from can_tf.limits import Limits
from can_tf.report.tables import format_table

_BAR_CELLS = 20


@click.command("predict")
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@asking_options
@click.option("--batch-size", type=click.IntRange(min=1), default=16, help="Recordings asked about at once.")
@click.option(
    "--reject-below",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="CONFIDENCE",
    help="Say uncertain where the most probable label is less probable than this.",
)
@click.option("--timeline", "as_timeline", is_flag=True, help="Cut recordings at their pauses; an emotion a stretch.")
@click.option(
    "--rttm", type=click.Path(dir_okay=False, path_type=Path), help="With --timeline: write lines as diarisation has."
)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="With --timeline: draw a PNG.")
@limit_options()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list, a recording each.")
@click.pass_context
def predict_command(
    ctx: click.Context,
    audio: tuple[Path, ...],
    alignment: Path | None,
    transcript: str | None,
    model: Path,
    server: str | None,
    fillers: str | None,
    batch_size: int,
    reject_below: float,
    as_timeline: bool,
    rttm: Path | None,
    plot: Path | None,
    max_seconds: float,
    max_words: int,
    as_json: bool,
) -> None:
    """Tell the emotion of recordings. AUDIO are files or folders.

    Words and their times come from an alignment file. Without one, a transcript is aligned, in English. Without either,
    words are recognized: by a small recognizer, which gets many wrong. Where you have a better one, give its output as
    an alignment.

    A recording that cannot be used is reported and the others go on; the exit code is then 1.
    """
    paths = list(recordings(audio))
    words = Words(alignment, transcript, len(paths))
    if (rttm is not None or plot is not None) and not as_timeline:
        raise ConfigError("--rttm and --plot belong to --timeline.")
    if plot is not None and len(paths) > 1:
        raise ConfigError(f"--plot draws one recording; {len(paths)} were given.")
    predictor = open_predictor(model, server, fillers, Limits(seconds=max_seconds, words=max_words))
    predictor.reject_below = reject_below
    if as_timeline:
        found = timelines(paths, words, predictor)
        _tell_if_not_calibrated(reject_below, [each for moments in found for each in answers_in(moments)])
        show_timelines(paths, found, as_json=as_json, rttm=rttm, plot=plot)
        end_with_errors(ctx, paths, found)
        return
    answers = _answers(paths, words, predictor, batch_size)
    _tell_if_not_calibrated(reject_below, answers)
    say_recognized(answers)
    if as_json:
        click.echo(json.dumps([_as_json(path, answer) for path, answer in zip(paths, answers, strict=True)], indent=2))
    else:
        _print_tables(paths, answers)
    end_with_errors(ctx, paths, answers)


def _tell_if_not_calibrated(reject_below: float, answers: Sequence[Any]) -> None:
    if reject_below and any(getattr(answer, "calibrated_probabilities", {}) is None for answer in answers):
        click.echo(
            "--reject-below goes by probabilities that are not calibrated. Export the run with: "
            "can-tf export RUN --calibrated",
            err=True,
        )


def _answers(paths: Sequence[Path], words: Words, predictor: Any, batch_size: int) -> list[Any]:
    """Returns a prediction or an error for each recording, whose files are read a batch at a time."""
    progress = shown("Predicting", "recordings")
    answers: list[Any] = []
    progress(0, len(paths))
    for start in range(0, len(paths), batch_size):
        places = paths[start : start + batch_size]
        requests = [request_or_error(predictor, path, words) for path in places]
        good = [request for request in requests if not isinstance(request, CanError)]
        answered = iter(predictor.predict_all(good) if good else [])
        answers += [request if isinstance(request, CanError) else next(answered) for request in requests]
        progress(len(answers), len(paths))
    return answers


def _as_json(path: Path, answer: Any) -> dict[str, Any]:
    if isinstance(answer, CanError):
        return {"path": str(path), "error": one_line(answer)}
    return {"path": str(path), **answer.to_json()}


def _print_tables(paths: Sequence[Path], answers: Sequence[Any]) -> None:
    rows = []
    for path, answer in zip(paths, answers, strict=True):
        if isinstance(answer, CanError):
            continue
        sides = [
            _most_probable(side) if (side := getattr(answer, f"{name}_probabilities")) else "-"
            for name in ("text", "audio")
        ]
        sure = answer.label == answer.most_probable
        label = answer.label if sure else f"{answer.label} ({answer.most_probable})"
        rows.append([path, label, f"{answer.confidence:.3f}", *sides])
    if rows:
        click.echo(format_table(["recording", "label", "confidence", "text alone", "audio alone"], rows))
    if len(paths) == 1 and rows:
        click.echo(f"\n{_words_table(answers[0])}")


def _most_probable(probabilities: dict[str, float]) -> str:
    label = max(probabilities, key=lambda name: probabilities[name])
    return f"{label} {probabilities[label]:.3f}"


def _words_table(answer: Any) -> str:
    """Returns the words with the attention that each modality gives them, averaged over heads."""
    rows = []
    for word in answer.to_json()["words"]:
        bars = [
            "#" * round(_BAR_CELLS * word[f"{name}_attention"]) + f" {word[f'{name}_attention']:.3f}"
            for name in ("text", "audio")
        ]
        rows.append([word["word"], f"{word['start']:.2f}", f"{word['end']:.2f}", *bars])
    return format_table(["word", "start", "end", "text attention", "audio attention"], rows)
