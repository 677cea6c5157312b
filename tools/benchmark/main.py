"""The commands of `tools/benchmark.py`."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click

from benchmark.measure import Timing
from benchmark.sides import OF_MODELS, OF_UTTERANCES, OURS, processes
from can_tf.processes import cores

_repeats = click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True, help="After a warm-up.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _folder(name: str, default: str, note: str) -> Callable[[Any], Any]:
    """Returns an option that takes an existing folder."""
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option(name, type=kind, default=Path(default), show_default=True, help=note)


_records = _folder("--records", "data/records", "From can-tf build-records.")
_root = _folder(
    "--root", "data/demo-1400-seed0", "A corpus in IEMOCAP's layout, from can-tf demo-corpus or IEMOCAP itself."
)
_model = _folder("--model", "saved_models/can", "From can-tf export, of a model of the paper's sizes.")


@click.group()
def main() -> None:
    """Measure can_tf beside what one would use instead."""


@main.command("train-step")
@_repeats
@click.option("--without", multiple=True, help="A side to leave out: stock Keras and PyTorch packed are slow.")
@_as_json
def train_step(repeats: int, without: tuple[str, ...], as_json: bool) -> None:
    """One training step of the CAN on a batch of 64, shaped as IEMOCAP's."""
    _measure_processes(("benchmark.steps", "training_side", _but(OF_MODELS, without)), repeats, as_json)


@main.command("inference")
@_repeats
@click.option("--without", multiple=True, help="A side to leave out.")
@_as_json
def inference(repeats: int, without: tuple[str, ...], as_json: bool) -> None:
    """The CAN's predictions for the same batch."""
    _measure_processes(("benchmark.steps", "inference_side", _but(OF_MODELS, without)), repeats, as_json)


@main.command("utterance")
@_repeats
@_root
@_model
@_as_json
def utterance(repeats: int, root: Path, model: Path, as_json: bool) -> None:
    """A wav file's bytes and its words to probabilities, one utterance at a time."""
    _measure_processes(("benchmark.utterances", "utterance_side", OF_UTTERANCES, root, model), repeats, as_json)


@main.command("encoder")
@_repeats
@click.argument("whisper_base", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(0.1, 30.0), default=3.0, show_default=True, help="Of the recording.")
@_as_json
def encoder(repeats: int, whisper_base: Path, seconds: float, as_json: bool) -> None:
    """Whisper's encoder: three blocks without padding, and CTranslate2's six on 30 s.

    WHISPER_BASE is whisper-base in CTranslate2's format; `pip install ctranslate2` first.
    """
    from benchmark.encoders import OF_ENCODERS

    _measure_processes(("benchmark.encoders", "encoder_side", OF_ENCODERS, whisper_base, seconds), repeats, as_json)


@main.command("serve")
@_root
@_model
@click.option("--requests", type=click.IntRange(min=20), default=1000, show_default=True, help="A round.")
@click.option(
    "--clients",
    type=click.IntRange(min=1),
    multiple=True,
    default=(8,),
    show_default=True,
    help="May be given several times: one number after another.",
)
@_as_json
def serve(root: Path, model: Path, requests: int, clients: tuple[int, ...], as_json: bool) -> None:
    """Requests from several clients against can-tf serve, together and alone: latency, failures, memory."""
    from benchmark.serving import measure_serving

    rows = measure_serving(root, model, requests, clients)
    if _said_as_json(as_json, rows=rows):
        return
    for row in rows:
        click.echo(
            f"{row['side']:8s} {row['requests']} requests from {row['clients']} clients on {row['connections']} "
            f"connections: {row['failures']} failed, "
            f"{row['requests'] / row['seconds']:.0f} a second, median {row['median_ms']:.0f} ms, "
            f"95 of 100 under {row['p95_ms']:.0f} ms; {row['cpu_ms']:.1f} ms of the server's cores a request; "
            f"server then at {row['megabytes']:.0f} MB"
        )


@main.command("probes")
@_root
@_model
@click.option("--seconds", type=click.FloatRange(1.0), default=20.0, show_default=True, help="For each load and path.")
@click.option("--clients", type=click.IntRange(min=1), default=8, show_default=True)
@_as_json
def probes(root: Path, model: Path, seconds: float, clients: int, as_json: bool) -> None:
    """Health checks and metrics of a can-tf serve that clients ask; what a request pays for its metrics and its log."""
    from benchmark.probes import measure_probes, observing_microseconds

    rows, cost = measure_probes(root, model, seconds, clients), observing_microseconds()
    if _said_as_json(as_json, rows=rows, microseconds=cost):
        return
    for row in rows:
        click.echo(
            f"{row['path']:9s} load: {row['load']:25s} {row['probes']} probes, {row['failures']} failed: "
            f"median {row['median_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms, largest {row['largest_ms']:.1f} ms; "
            f"p99 of a server with nothing to do {row['idle_p99_ms']:.1f} ms; "
            f"{row['answers']} answers meanwhile; server then at {row['megabytes']:.0f} MB"
        )
    click.echo(
        f"a request pays {cost['id_and_metrics']:.0f} us for its id and metrics, and {cost['line_of_the_log']:.0f} us "
        "for its line of the log"
    )


@main.command("recognition")
@_root
@_model
@click.option("--whisper", required=True, help="A model of Whisper: its directory or name.")
@click.option("--seconds", type=click.FloatRange(5.0), default=60.0, show_default=True, help="Of speech to recognize.")
@_as_json
def recognition(root: Path, model: Path, whisper: str, seconds: float, as_json: bool) -> None:
    """Requests to can-tf serve while it recognizes the words of a long recording, and while other programs work."""
    from benchmark.recognition import measure_recognition

    rows = measure_recognition(root, model, whisper, seconds)
    if _said_as_json(as_json, rows=rows):
        return
    for row in rows:
        click.echo(
            f"{row['load']:30s} {row['request']:8s} {row['requests']} requests: median {row['median_ms']:.0f} ms, "
            f"p99 {row['p99_ms']:.0f} ms, largest {row['largest_ms']:.0f} ms"
        )


@main.command("build-records")
@_repeats
@_root
@click.option("--workers", type=click.IntRange(min=1), default=cores(), show_default="one a core")
@_as_json
def build_records(repeats: int, root: Path, workers: int, as_json: bool) -> None:
    """Recordings to TFRecords, whole processes: can-tf build-records, and librosa called once a word."""
    from benchmark.builds import build_sides

    _measure_in_turn(build_sides(root, workers), repeats, as_json)


@main.command("pipeline")
@_repeats
@_records
@_as_json
def pipeline(repeats: int, records: Path, as_json: bool) -> None:
    """An epoch of batches alone, and the training steps on the same batches."""
    from benchmark.epochs import epoch_sides

    _measure_in_turn(epoch_sides(records), repeats, as_json)


@main.command("growth")
@click.option("--utterances", type=click.IntRange(min=100), default=700, show_default=True, help="Of the 1x corpus.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("data/growth"), show_default=True)
@_as_json
def growth(utterances: int, folder: Path, as_json: bool) -> None:
    """Time and peak memory of build-records and of an epoch on a corpus, one 3 and one 10 times as large; a plot."""
    from benchmark.growth import measure_growth

    rows = measure_growth(utterances, folder)
    if _said_as_json(as_json, rows=rows):
        return
    for row in rows:
        click.echo(
            f"{row['what']:13s} {row['utterances']:6d} utterances: {row['seconds']:7.1f} s, "
            f"peak {row['peak_megabytes']:6.0f} MB"
        )
    click.echo(folder / "growth.png")


def _but(names: Sequence[str], without: Sequence[str]) -> tuple[str, ...]:
    if unknown := set(without) - set(names[1:]):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: expected one of {', '.join(names[1:])}")
    return tuple(name for name in names if name not in without)


def _measure_processes(sides: tuple, repeats: int, as_json: bool) -> None:
    functions = processes(*sides)
    _measure_in_turn((functions[OURS].what, functions), repeats, as_json)


def _measure_in_turn(sides: tuple[str, Mapping], repeats: int, as_json: bool) -> None:
    from benchmark.measure import in_turn

    what, functions = sides
    timings = in_turn(functions, repeats=repeats)
    if _said_as_json(as_json, what=what, sides={name: timing.as_json() for name, timing in timings.items()}):
        return
    click.echo(what)
    for name, timing in timings.items():
        click.echo(_row(name, timing, timings[OURS]))


def _said_as_json(asked: bool, **measured: object) -> bool:
    """Prints what was measured, and on what machine, if it is asked for as JSON; returns whether it is."""
    if asked:
        click.echo(json.dumps({**measured, "machine": _machine()}, indent=2))
    return asked


def _row(name: str, timing: Timing, ours: Timing) -> str:
    spread = f"({min(timing.seconds):.4f} to {max(timing.seconds):.4f})"
    return f"{name:32s} {timing.median:9.4f} s {spread:22s} {timing.median / ours.median:6.1f}x"


def _machine() -> dict[str, object]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in ("tensorflow", "keras", "torch", "librosa", "ctranslate2", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return {"cores": cores(), "machine": platform.machine(), "python": platform.python_version(), **versions}
