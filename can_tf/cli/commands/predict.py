"""`can-tf predict`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.audio.folders import find_recordings
from can_tf.cli.shared.options import limit_options, reading_options
from can_tf.cli.shared.prediction_options import open_predictor, prediction_options, reject_option
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recognizer_options import recognizer_of, say_recognized
from can_tf.cli.shared.recordings import end_with_errors, one_line
from can_tf.cli.shared.timeline import outputs, predictions_in, show_timelines, table_of, timeline_options
from can_tf.errors import CanError, ConfigError
from can_tf.explanation.timelines import speakers_of
from can_tf.prediction.known_words import KnownWords
from can_tf.report.tables import format_table

_BAR_CELLS = 20


@click.command("predict")
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@prediction_options
@reading_options
@click.option("--batch-size", type=click.IntRange(min=1), default=16, help="Recordings per batch.")
@reject_option
@click.option(
    "--timeline",
    "as_timeline",
    is_flag=True,
    help="Cut recordings at their pauses, and predict one emotion per stretch of speech.",
)
@timeline_options
@click.option(
    "--frames",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Instead of predicting: write the features that the model reads to this .npz file.",
)
@limit_options()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list with one object per recording.")
@click.pass_context
def predict_command(
    ctx: click.Context,
    audio: tuple[Path, ...],
    alignment: Path | None,
    transcript: str | None,
    batch_size: int,
    reject_below: float,
    as_timeline: bool,
    speakers: Path | None,
    out: tuple[Path, ...],
    rttm: Path | None,
    plot: Path | None,
    frames: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Predict the emotion of recordings. AUDIO are files or folders.

    Words and their times are read from an alignment file. Without one, an English transcript is aligned. Without
    either, the words are recognized: by Whisper in many languages, or else, in English and with many errors, by
    pocketsphinx.

    If a recording cannot be used, the command reports it, goes on with the others, and exits with code 1.
    """
    found = find_recordings(audio)
    paths, words = found.paths, KnownWords(alignment, transcript, found)
    who_speaks = speakers_of(speakers, found)
    files = outputs(out, rttm, plot, len(paths)) if as_timeline else []
    table = None if as_timeline else table_of(out, rttm=rttm, plot=plot, speakers=speakers)
    if frames is not None and (as_timeline or as_json or reject_below or table):
        raise ConfigError("--frames predicts nothing; leave --timeline, --out, --json and --reject-below out.")
    recognizer = recognizer_of(values)
    words.require_what_finds_them(paths)
    predictor = open_predictor(ctx, {**values, "reject_below": reject_below}, recognizer)
    if frames is not None:
        end_with_errors(ctx, paths, _write_frames(frames, predictor, paths, words.of, batch_size))
        return
    if as_timeline:
        from can_tf.explanation.timelines import timelines

        progress = ProgressPrinter().show
        of_recordings = timelines(predictor, found, words.of, speakers=who_speaks, progress=progress)
        answered = list(predictions_in(of_recordings))
        _tell_if_not_calibrated(reject_below, answered)
        say_recognized(answered, predictor.word_finder, "stretches")
        show_timelines(of_recordings, files, as_json=as_json)
        end_with_errors(ctx, paths, list(of_recordings.values()))
        return
    from can_tf.prediction.many import predict_many

    progress = ProgressPrinter().show
    answers = predict_many(predictor, found, words.of, out=table, batch_size=batch_size, progress=progress)
    _tell_if_not_calibrated(reject_below, list(answers.values()))
    say_recognized(list(answers.values()), predictor.word_finder)
    if as_json:
        click.echo(json.dumps([_as_json(path, answer) for path, answer in answers.items()], indent=2))
    else:
        _print_tables(answers)
    end_with_errors(ctx, paths, list(answers.values()))


def _write_frames(out: Path, predictor: Any, paths: Sequence[Path], words_of: Any, batch_size: int) -> Sequence[Any]:
    from can_tf.prediction.frames import frames_of_files, write_frames

    answers = frames_of_files(predictor, paths, words_of, batch_size=batch_size, progress=ProgressPrinter().show)
    good = [answer for answer in answers if not isinstance(answer, CanError)]
    if good:
        write_frames(out, good)
        click.echo(f"{out}: {sum(len(answer.frames) for answer in good)} frames of {len(good)} recordings")
    return answers


def _tell_if_not_calibrated(reject_below: float, answers: Sequence[Any]) -> None:
    if reject_below and any(getattr(answer, "calibrated_probabilities", {}) is None for answer in answers):
        click.echo(
            "--reject-below goes by probabilities that are not calibrated. Export the run with: "
            "can-tf export RUN --calibrated",
            err=True,
        )


def _as_json(path: Path, answer: Any) -> dict[str, Any]:
    if isinstance(answer, CanError):
        return {"path": str(path), "error": one_line(answer)}
    return {"path": str(path), **answer.to_json()}


def _print_tables(answers: Mapping[Path, Any]) -> None:
    rows = []
    for path, answer in answers.items():
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
    if len(answers) == 1 and rows:
        click.echo(f"\n{_words_table(*answers.values())}")


def _most_probable(probabilities: dict[str, float]) -> str:
    label = max(probabilities, key=lambda name: probabilities[name])
    return f"{label} {probabilities[label]:.3f}"


def _words_table(answer: Any) -> str:
    """Returns the words with the attention that each modality gives them, averaged over heads; the most fills a bar."""
    rows = []
    words = answer.to_json()["words"]
    most = max(word[f"{name}_attention"] for word in words for name in ("text", "audio"))
    for word in words:
        bars = [
            "#" * round(_BAR_CELLS * word[f"{name}_attention"] / (most or 1.0)) + f" {word[f'{name}_attention']:.3f}"
            for name in ("text", "audio")
        ]
        rows.append([word["word"], f"{word['start']:.2f}", f"{word['end']:.2f}", *bars])
    return format_table(["word", "start", "end", "text attention", "audio attention"], rows)
