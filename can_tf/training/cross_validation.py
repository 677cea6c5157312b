"""Every fold of a protocol, for several seeds, each a process of its own; then their scores together.

A fold that fails costs that fold alone: what it said lies beside its run folder, and typing the command again does what
is missing. Reads without TensorFlow; the trainings are `can-tf train`.
"""

import concurrent.futures
import contextlib
import csv
import dataclasses
import functools
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import RunError
from can_tf.files import write_csv, write_json
from can_tf.processes import run_all, working_in
from can_tf.records.dataset import Dataset
from can_tf.training import run_folder
from can_tf.training.options import TrainOptions

SCORES = ("wa", "ua", "macro_f1", "ece")
# What a run's metrics may hold beside its final prediction.
PREDICTIONS = ("text", "audio", "text_reference", "majority")
_SCORES = {**dict.fromkeys(SCORES, float), "recall": {str: (float, None)}}
METRICS_SHAPE = {**_SCORES, **dict.fromkeys(PREDICTIONS, (_SCORES, None)), "synthetic": bool}
SUMMARY_FILE = "summary.json"
OUT_OF_FOLD_FILE = "predictions.csv"

_PROGRAM = "from can_tf.processes import end_with_parent; end_with_parent(); from can_tf.cli.main import main; main()"


@dataclasses.dataclass(frozen=True, slots=True)
class FoldRun:
    """One training: its options, its run folder and its records; and whether it is to leave the test part alone."""

    options: TrainOptions
    folder: Path
    records: Path
    validation_only: bool = False

    @property
    def done(self) -> bool:
        return (self.folder / self.result_file).exists()

    @property
    def result_file(self) -> str:
        return run_folder.VALIDATION_FILE if self.validation_only else run_folder.METRICS_FILE


def plan(options: TrainOptions, folds: Sequence[int], seeds: Sequence[int], runs: Path, records: Path) -> list[FoldRun]:
    """Returns a training for each seed and fold, in that order, in the run folders that `can-tf train` would take."""
    return [
        FoldRun(each, runs / run_folder.default_run_folder(each).name, records)
        for seed in seeds
        for fold in folds
        for each in [dataclasses.replace(options, fold=fold, seed=seed)]
    ]


def check_done(planned: Sequence[FoldRun], dataset: Dataset) -> None:
    """Raises RunError if a training that is done had other options or other records: it would be no part of these."""
    for run in planned:
        if run.done:
            run_folder.check_same(run.folder, run.options, dataset)


def train_all(
    planned: Sequence[FoldRun],
    *,
    jobs: int,
    report: Callable[[FoldRun, str | None], None],
    executor: concurrent.futures.Executor | None = None,
) -> dict[FoldRun, str]:
    """Trains what is not done and returns why some failed.

    Args:
        planned: From `plan`.
        jobs: Trainings at once on one machine; they share its cores.
        report: Called with each training that ends, and why it failed, None if it did not.
        executor: Runs the trainings in place of `jobs` threads here; its processes see the same files, and this
            process's folder at the same path.
    """
    missing = [run for run in planned if not run.done]
    failures: dict[FoldRun, str] = {}
    train = functools.partial(_train, jobs=jobs, base=Path.cwd())
    with concurrent.futures.ThreadPoolExecutor(jobs) if executor is None else contextlib.nullcontext(executor) as pool:
        for run, reason in run_all(pool, train, missing):
            if reason is not None:
                failures[run] = reason
            report(run, reason)
    return failures


def _train(run: FoldRun, jobs: int, base: Path) -> str | None:
    """Runs one training to its end; returns why it failed, or None.

    Args:
        run: What to train.
        jobs: Trainings at once on this machine.
        base: The folder that relative paths start from.
    """
    folder = base / run.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    config = folder.with_name(f"{folder.name}.options.json")
    log = folder.with_name(f"{folder.name}.log")
    write_json(config, dataclasses.asdict(run.options))
    arguments = ["train", "--records", run.records, "--config", config, "--run", run.folder, "--json"]
    arguments += ["--validation-only"] if run.validation_only else []
    cores = max(1, (os.cpu_count() or 1) // jobs)
    threads = {"TF_NUM_INTRAOP_THREADS": str(max(1, cores // 2)), "TF_NUM_INTEROP_THREADS": str(cores)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
            cwd=base,
            stdin=subprocess.PIPE,  # Which it watches, to end when this process does.
            stdout=subprocess.DEVNULL,
            stderr=output,
            env={**os.environ, **threads},
        ) as child,
        working_in(child, folder),
    ):
        code = child.wait()
    if code == 0:
        log.unlink()
        config.unlink()
        return None
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{lines[-1] if lines else how} ({how}; {run.folder.with_name(log.name)})"


def summarize(planned: Sequence[FoldRun]) -> dict[str, Any]:
    """Returns mean and standard deviation of each score over the trainings that are done.

    Returns:
        `runs` and `done`, `synthetic`, `scores`: a row for each of `final` and PREDICTIONS that the runs have, with
        `{"mean", "std", "values"}` by score (`std` is the sample's, None for one value), and `recall` by label, over
        the folds in which the label occurs.

    Raises:
        RunError: None is done.
    """
    done = [run for run in planned if run.done]
    if not done:
        raise RunError("no fold is done, so there is nothing to sum up.")
    metrics = [run_folder.read_run_json(run.folder, run_folder.METRICS_FILE, METRICS_SHAPE) for run in done]
    scores = {"final": _scores(metrics)}
    for name in PREDICTIONS:
        having = [each[name] for each in metrics if each.get(name)]
        if having:
            scores[name] = _scores(having)
    return {
        "runs": len(planned),
        "done": len(done),
        "folds": sorted({run.options.fold for run in done}),
        "seeds": sorted({run.options.seed for run in done}),
        "synthetic": all(each["synthetic"] for each in metrics),
        "scores": scores,
    }


def _scores(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    recalls: dict[str, list[float]] = {}
    for each in metrics:
        for label, recall in each["recall"].items():
            recalls.setdefault(label, [])
            if recall is not None:
                recalls[label].append(recall)
    return {
        **{name: _spread([each[name] for each in metrics]) for name in SCORES},
        "recall": {label: _spread(values) for label, values in recalls.items()},
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": statistics.fmean(values) if values else None,
        "std": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def write_results(planned: Sequence[FoldRun], folder: Path) -> dict[str, Any]:
    """Writes `summary.json` and the predictions of all test parts, `predictions.csv`; returns the summary."""
    summary = summarize(planned)
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    columns: list[str] = []
    for run in planned:
        if run.done:
            with (run.folder / run_folder.PREDICTIONS_FILE).open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                columns = ["seed", "fold", *(reader.fieldnames or [])]
                rows += [{"seed": run.options.seed, "fold": run.options.fold, **row} for row in reader]
    write_csv(folder / OUT_OF_FOLD_FILE, columns, rows)
    write_json(folder / SUMMARY_FILE, summary)
    return summary
