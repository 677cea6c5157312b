"""`can-tf predict`."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.cli.progress import Progress
from can_tf.errors import AlignmentError, CanError, ConfigError
from can_tf.report.tables import format_table

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
ALIGNMENT_SUFFIXES = (".wdseg", ".TextGrid", ".ctm", ".json")
_BAR_CELLS = 20


@click.command("predict")
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--alignment",
    type=click.Path(path_type=Path),
    show_default="beside the audio",
    help="The words and their times: a file, or a folder in which each recording's is found by its name.",
)
@click.option(
    "--model",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("saved_models/can"),
    help="An export: a version, or a folder of versions, whose newest is taken.",
)
@click.option("--server", help="Ask TensorFlow Serving instead: http://HOST:PORT or grpc://HOST:PORT.")
@click.option(
    "--fillers",
    type=click.Choice(FILLER_POLICIES),
    show_default="as the model's records have them; keep with --server",
    help="What becomes of noises such as ++LAUGHTER++ in an alignment.",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=16, help="Recordings asked about at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list, a recording each.")
@click.pass_context
def predict_command(
    ctx: click.Context,
    audio: tuple[Path, ...],
    alignment: Path | None,
    model: Path,
    server: str | None,
    fillers: str | None,
    batch_size: int,
    as_json: bool,
) -> None:
    """Tell the emotion of recordings. AUDIO are files or folders; words and their times come from alignment files.

    A recording that cannot be used is reported and the others go on; the exit code is then 1.
    """
    paths = list(_recordings(audio))
    answers = _answers(paths, alignment, _predictor(model, server, fillers), batch_size)
    if as_json:
        click.echo(json.dumps([_as_json(path, answer) for path, answer in zip(paths, answers, strict=True)], indent=2))
    else:
        _print_tables(paths, answers)
    failed = [(path, answer) for path, answer in zip(paths, answers, strict=True) if isinstance(answer, CanError)]
    for path, error in failed:
        text = " ".join(str(error).split())
        click.echo(f"Error: {text}" if str(path) in text else f"Error: {path}: {text}", err=True)
    if failed:
        ctx.exit(1)


def _recordings(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES)
        if not found:
            raise ConfigError(f"{path}: holds no recordings; expected files ending in {', '.join(AUDIO_SUFFIXES)}.")
        yield from found


def _predictor(model: Path, server: str | None, fillers: str | None) -> Any:
    from can_tf.serving.predictor import at_server, load

    predictor = at_server(server) if server else load(model)
    if fillers:
        predictor.fillers = fillers
    return predictor


def _answers(paths: Sequence[Path], alignment: Path | None, predictor: Any, batch_size: int) -> list[Any]:
    """Returns a prediction or an error for each recording, whose files are read a batch at a time."""
    find = _Alignments(alignment, len(paths))
    progress = Progress("Predicting", "recordings")
    answers: list[Any] = []
    progress(0, len(paths))
    for start in range(0, len(paths), batch_size):
        places = paths[start : start + batch_size]
        requests = [_request(predictor, path, find) for path in places]
        good = [request for request in requests if not isinstance(request, CanError)]
        answered = iter(predictor.predict_all(good) if good else [])
        answers += [request if isinstance(request, CanError) else next(answered) for request in requests]
        progress(len(answers), len(paths))
    return answers


def _request(predictor: Any, path: Path, find: "_Alignments") -> Any:
    try:
        return predictor.request(path, find(path))
    except CanError as error:
        return error


class _Alignments:
    """Finds a recording's alignment: the one given, by its name in the folder given, or beside the recording."""

    def __init__(self, given: Path | None, recordings: int):
        self._file, self._by_stem = None, {}
        if given is not None and not given.exists():
            raise ConfigError(f"{given}: there is no such alignment file or folder.")
        self._folder = given if given is not None and given.is_dir() else None
        if self._folder is not None:
            files = sorted(self._folder.rglob("*"))
            self._by_stem = {file.stem: file for file in files if file.suffix in ALIGNMENT_SUFFIXES}
        elif given is not None:
            if recordings > 1:
                raise ConfigError(f"{given}: is one alignment for {recordings} recordings; give a folder of them.")
            self._file = given

    def __call__(self, path: Path) -> Path:
        if self._file is not None:
            return self._file
        if self._folder is not None:
            if path.stem in self._by_stem:
                return self._by_stem[path.stem]
            raise AlignmentError(f"{path}: {self._folder} holds no {path.stem} with {', '.join(ALIGNMENT_SUFFIXES)}.")
        for suffix in ALIGNMENT_SUFFIXES:
            beside = path.with_suffix(suffix)
            if beside.is_file():
                return beside
        raise AlignmentError(
            f"{path}: no alignment stands beside it ({', '.join(ALIGNMENT_SUFFIXES)}); name one with --alignment."
        )


def _as_json(path: Path, answer: Any) -> dict[str, Any]:
    if isinstance(answer, CanError):
        return {"path": str(path), "error": " ".join(str(answer).split())}
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
        rows.append([path, answer.label, f"{answer.probabilities[answer.label]:.3f}", *sides])
    if rows:
        click.echo(format_table(["recording", "label", "probability", "text alone", "audio alone"], rows))
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
