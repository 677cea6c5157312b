"""Unfinished builds and trainings, made by an interruption, and what going on with them gives."""

import types
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from can_tf.corpus.registry import read_corpus
from can_tf.files import sha256_of_file
from can_tf.progress import Event, ignore
from can_tf.records.build import build_records
from can_tf.records.dataset import load_dataset
from can_tf.training.checkpoint import load_variables
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import open_run

_OPTIONS = TrainOptions(units=4, heads=2, batch_size=16, learning_rate=0.02, epochs=4)


class _StopError(Exception):
    pass


def begun_build(base: Path) -> Path:
    """Returns a folder of records of which one shard is built."""
    _interrupted(lambda stop: _build(base, base / "begun-build", stop), lambda event: event.work == "Building records")
    return base / "begun-build"


def finish_build(base: Path, folder: Path) -> Mapping[str, str]:
    """Goes on with a build, and returns the SHA-256 of its files."""
    _build(base, folder)
    return {path.name: sha256_of_file(path) for path in folder.iterdir() if path.is_file()}


def begun_training(base: Path) -> Path:
    """Returns a run folder of which one epoch is done."""
    folder, dataset = base / "begun-run", load_dataset(base / "records")
    _interrupted(lambda stop: train_fold(dataset, folder, _OPTIONS, stop), lambda event: event.note.startswith("loss"))
    return folder


def go_on(base: Path, folder: Path) -> Any:
    """Opens a run as a training that goes on does, and returns what it then has: state, options, table and weights."""
    state = open_run(folder, _OPTIONS, load_dataset(base / "records"))
    tables = [(folder / name).read_bytes() for name in ("config.json", "history.csv")]
    return state, tables, _weights(base / "begun-run" / "checkpoint" / state.weights, folder / "checkpoint")


def _weights(sound: Path, checkpoint: Path) -> list[bytes]:
    """Returns a checkpoint's variables as a training loads them; `sound` tells which there are."""
    with np.load(sound, allow_pickle=False) as file:
        variables = {name: tf.Variable(tf.zeros_like(file[name])) for name in file}
    owners = [[value for name, value in variables.items() if name.startswith(of)] for of in ("model-", "optimizer-")]
    model: Any = types.SimpleNamespace(variables=owners[0], optimizer=types.SimpleNamespace(variables=owners[1]))
    load_variables(model, checkpoint / sound.name)
    return [variable.numpy().tobytes() for variable in variables.values()]


def _build(base: Path, folder: Path, progress: Callable[[Event], None] = ignore) -> None:
    corpus = read_corpus("manifest", base / "corpus" / "corpus.csv")
    with ThreadPoolExecutor(1) as here:  # A process for each of hundreds of builds would take an hour to start.
        build_records(corpus, folder, progress=progress, executor=here)


def _interrupted(work: Callable[[Callable[[Event], None]], Any], at: Callable[[Event], bool]) -> None:
    def stop(event: Event) -> None:
        if at(event) and event.done:
            raise _StopError

    try:
        work(stop)
    except _StopError:
        return
    raise SystemExit("It was finished before it could be interrupted.")
