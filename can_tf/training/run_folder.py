"""A run folder: what was asked, how far it got, what came out. Reads without TensorFlow.

`config.json` is written first and `metrics.json` last, so a run with metrics is finished, and `SHA256SUMS` beside it
says what its files were then. Between the two, `checkpoint/` holds the state after the last whole epoch.
"""

import csv
import dataclasses
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.checksums import checksums_of, fault_of, read_sealed, write_checksums
from can_tf.errors import RunError
from can_tf.files import from_cell, remove_temporary_files, sha256_of_file, sha256_of_json, write_json
from can_tf.json_shapes import mismatch
from can_tf.provenance import git_commit, processor, versions
from can_tf.records.dataset import Dataset
from can_tf.training.options import TrainOptions
from can_tf.training.run_state import (
    CHECKPOINT_FOLDER,
    HISTORY_COLUMNS,
    HISTORY_FILE,
    RunState,
    read_state,
    write_state,
)

CONFIG_FILE = "config.json"
METRICS_FILE = "metrics.json"
VALIDATION_FILE = "validation.json"  # Written instead of metrics where the test set is left alone.
MODEL_FILE = "model.keras"
MODEL_CONFIG_FILE = "model.json"
PREDICTIONS_FILE = "predictions.csv"
VALIDATION_PREDICTIONS_FILE = "validation_predictions.csv"
TENSORBOARD_FOLDER = "tensorboard"

_MOST = 1.001  # Sums of float32 miss 1 by a little.
_OF_RECORDS = ("corpus", "labels", "segmentation", "overlap", "fillers", "features")  # What a run says of them.
_RESULT_FILES = (
    CONFIG_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    MODEL_CONFIG_FILE,
    PREDICTIONS_FILE,
    VALIDATION_PREDICTIONS_FILE,
)


def default_run_folder(options: TrainOptions) -> Path:
    """Returns `runs/<model>-<protocol>-fold<k>-seed<s>`; the number of folds, if given, stands behind the protocol.

    Example:
        >>> default_run_folder(TrainOptions(fold=3, seed=1)).as_posix()
        'runs/can-paper-fold3-seed1'
    """
    return Path("runs") / f"{options.model}-{protocol_name(options)}-fold{options.fold}-seed{options.seed}"


def protocol_name(options: TrainOptions) -> str:
    """Returns the protocol as names of folders have it, such as `speaker5` for speakers in five folds."""
    return f"{options.protocol}{options.folds or ''}"


def open_run(folder: Path, options: TrainOptions, dataset: Dataset) -> RunState:
    """Makes a run folder, or opens one that was interrupted, and returns its state.

    Raises:
        RunError: The folder belongs to a training with other options or on other records, or is damaged.
    """
    check_new_or_same(folder, options, dataset)
    path = folder / CONFIG_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, _config(options, dataset))
    checkpoint = folder / CHECKPOINT_FOLDER
    checkpoint.mkdir(exist_ok=True)
    for written in (folder, checkpoint):
        remove_temporary_files(written)
    state = _sound_state(folder)
    write_state(folder, state)  # A kill may have come between its files.
    return state


def give_more_epochs(folder: Path, epochs: int) -> None:
    """Turns an unfinished run into one of the same options and more epochs; RunError if it is damaged."""
    state, config = _sound_state(folder), read_run_json(folder, CONFIG_FILE, {"options": {}})
    config["options"]["epochs"] = epochs
    write_json(folder / CONFIG_FILE, config)
    write_state(folder, dataclasses.replace(state, config=sha256_of_file(folder / CONFIG_FILE)))


def _sound_state(folder: Path) -> RunState:
    """Returns how far a run has got; RunError if its configuration is not what it was begun with."""
    path = folder / CONFIG_FILE
    state, config = read_state(folder), sha256_of_file(path)
    if state.config not in ("", config):  # Earlier versions kept none.
        raise RunError(f"{path}: is damaged or was changed since the training began. Delete {folder} and train again.")
    return dataclasses.replace(state, config=config)


def check_new_or_same(folder: Path, options: TrainOptions, dataset: Dataset) -> None:
    """Raises RunError if a folder is neither empty nor the run folder of the same training."""
    if (folder / CONFIG_FILE).exists():
        check_same(folder, options, dataset)
    elif folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise RunError(f"{folder}: is not empty and not a run (no {CONFIG_FILE}). Give another folder with --run.")


def finish_run(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Writes checksums and, last, metrics; then nothing but the results is left."""
    checksums = {**checksums_of(folder, _RESULT_FILES), METRICS_FILE: sha256_of_json(metrics)}
    write_checksums(folder, checksums)
    write_json(folder / METRICS_FILE, metrics)
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Removes from a finished run what was of use to go on."""
    (folder / VALIDATION_FILE).unlink(missing_ok=True)
    if (folder / CHECKPOINT_FOLDER).exists():
        shutil.rmtree(folder / CHECKPOINT_FOLDER)


def read_run_json(folder: Path, name: str, shape: Any = None) -> dict[str, Any]:
    """Reads one of a run's JSON files; raises RunError if there is none, it is damaged, or not of a shape.

    Args:
        folder: The run folder.
        name: The file.
        shape: What the reader needs of it, as `can_tf.json_shapes` has it.
    """
    path = folder / name
    if not path.exists():
        unfinished = (folder / CONFIG_FILE).exists()
        raise RunError(
            f"{folder}: the training is not finished ({name} is missing). Run the same can-tf train command again."
            if unfinished
            else f"{folder}: is not a run folder ({name} is missing). Make one with: can-tf train --fold 0"
        )
    unchanged(folder, name)
    try:
        value = read_sealed(path) if name == VALIDATION_FILE else json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: is damaged ({error}).") from error
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected an object, found {type(value).__name__}.")
    wrong = None if shape is None else mismatch(value, shape)
    if wrong:
        raise RunError(f"{path}: is damaged ({wrong}).")
    return value


def unchanged(folder: Path, name: str) -> Path:
    """Returns the path of a file of a run; RunError if it is not what it was when the training finished."""
    if fault := fault_of(folder, name):
        raise RunError(f"{fault} Restore the run from a copy, or train again with another --run.")
    return folder / name


def read_history(folder: Path) -> list[dict[str, float]]:
    """Returns the rows of `history.csv` as numbers."""
    path = unchanged(folder, HISTORY_FILE)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            rows = [{name: float(value) for name, value in row.items()} for row in reader]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise RunError(f"{path}: cannot be read ({error}).") from error
    if columns != HISTORY_COLUMNS:
        raise RunError(f"{path}: expected the columns {', '.join(HISTORY_COLUMNS)}, found {', '.join(columns)[:60]}.")
    return rows


def read_predictions(folder: Path, columns: Sequence[str], name: str = PREDICTIONS_FILE) -> list[dict[str, str]]:
    """Returns the rows of a file of predictions; RunError if it is unreadable, or a row lacks a column."""
    path = unchanged(folder, name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{path}: cannot be read ({error}).") from error
    for number, row in enumerate(rows, 1):
        if any(row.get(name) is None for name in columns) or None in row:
            raise RunError(f"{path}: is damaged (row {number}: expected {', '.join(columns)}).")
    return [{name: from_cell(value or "") for name, value in row.items()} for row in rows]


def read_probabilities(folder: Path, name: str, labels: Sequence[str], of: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Returns a prediction in a file of predictions, `<float64>[utterances, labels]`, and true label indices.

    Args:
        folder: The run folder.
        name: Of the file.
        labels: In index order.
        of: "" for the final prediction, "text_" or "audio_" for a single modality's.

    Raises:
        RunError: The file cannot be read, holds no rows, or what is no probability, or other labels.
    """
    path = folder / name
    columns = [f"{of}probability_{label}" for label in labels]
    rows = read_predictions(folder, ["label", *columns], name)
    try:
        probabilities = np.array([[float(row[column]) for column in columns] for row in rows])
        true = np.array([labels.index(row["label"]) for row in rows])
    except ValueError as error:
        raise RunError(f"{path}: cannot be read ({error}).") from error
    if not labels or not rows or not ((probabilities >= 0) & (probabilities <= _MOST)).all():
        raise RunError(f"{path}: is damaged; expected rows of probabilities for {', '.join(labels) or 'some labels'}.")
    return probabilities, true


def _config(options: TrainOptions, dataset: Dataset) -> dict[str, Any]:
    return {
        "options": dataclasses.asdict(options),
        "records": {
            "folder": str(dataset.folder),
            "fingerprint": dataset.fingerprint,
            "utterances": len(dataset.utterances),
            "corpora": dataset.contents(),
            **{name: dataset.description[name] for name in _OF_RECORDS},
            "resampler": dataset.description.get("resampler"),
        },
        "start": _hash_of_start(options),
        "versions": versions(),
        "processor": processor(),
        "git_commit": git_commit(),
    }


def _hash_of_start(options: TrainOptions) -> str | None:
    """Returns the hash of the model that a training starts from; None if there is none, or it is gone."""
    path = Path(options.start or "") / MODEL_FILE
    return sha256_of_file(path) if options.start and path.is_file() else None


def check_same(folder: Path, options: TrainOptions, dataset: Dataset) -> None:
    """Raises RunError, naming what differs, if a run folder belongs to other options or other records."""
    path = folder / CONFIG_FILE
    config = read_run_json(folder, CONFIG_FILE, {"options": {}, "records": {"fingerprint": str}})
    # An option that is younger than the run had its default then.
    begun = {**dataclasses.asdict(TrainOptions()), **config["options"]}
    asked = dataclasses.asdict(options)
    different = [f"{name} {begun[name]} (now {asked[name]})" for name in asked if begun[name] != asked[name]]
    others = [name for name in _OF_RECORDS if config["records"].get(name) != dataset.description.get(name)]
    if not different and _hash_of_start(options) not in (None, config.get("start")):
        different.append(f"another model in {options.start}")
    if config["records"]["fingerprint"] != dataset.fingerprint:
        different.append(" of other ".join(["other records", *([" and ".join(others)] if others else [])]))
    elif others:
        raise RunError(f"{path}: is damaged (records: another {others[0]}). Train again with another --run.")
    if different:
        raise RunError(
            f"{path.parent}: belongs to a training with {', '.join(different)}. Give another folder with --run."
        )
