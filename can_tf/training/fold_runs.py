"""Trainings of several folds and seeds, each in a process of its own, here or on a cluster.

A training that fails costs itself alone: what it said lies in a log beside its run folder, and asking again does what
is missing. Reads without TensorFlow; the processes run `can_tf.training.child`.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from can_tf.files import write_json
from can_tf.processes import cores, python_command, run_all, working_in
from can_tf.progress import Event, Progress, ignore
from can_tf.records.dataset import Dataset
from can_tf.training import child, run_folder
from can_tf.training.options import TrainOptions


@dataclasses.dataclass(frozen=True, slots=True)
class FoldRun:
    """One training: its options, its run folder and its records; what is left out of it, and who is told of it.

    Attributes:
        options: What to train and how.
        folder: The run folder.
        records: Their folder.
        validation_only: Whether to leave the test set alone.
        track: Trackers by name, as `can_tf.training.fit.train_fold` takes them.
    """

    options: TrainOptions
    folder: Path
    records: Path
    validation_only: bool = False
    track: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return (self.folder / self.result_file).exists()

    @property
    def result_file(self) -> str:
        return run_folder.VALIDATION_FILE if self.validation_only else run_folder.METRICS_FILE


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """Why a training failed.

    Attributes:
        reason: In a line.
        of_machine: Whether the machine failed it, by a signal or a full disk: tried again, it may well succeed.
    """

    reason: str
    of_machine: bool


def plan(options: TrainOptions, folds: Sequence[int], seeds: Sequence[int], runs: Path, records: Path) -> list[FoldRun]:
    """Returns a training for each seed and fold, in that order, in the run folders that `can-tf train` would take.

    Example:
        >>> planned = plan(TrainOptions(model="text"), range(2), range(1), Path("runs"), Path("data/records"))
        >>> [run.folder.as_posix() for run in planned]
        ['runs/text-paper-fold0-seed0', 'runs/text-paper-fold1-seed0']
    """
    asked = [dataclasses.replace(options, fold=fold, seed=seed) for seed in seeds for fold in folds]
    return [FoldRun(one, runs / run_folder.default_run_folder(one).name, records) for one in asked]


def check_done(planned: Sequence[FoldRun], dataset: Dataset) -> None:
    """Raises RunError if a training that is done had other options or other records: it would be no part of these."""
    for run in planned:
        if run.done:
            run_folder.check_same(run.folder, run.options, dataset)


def train_all(
    planned: Sequence[FoldRun],
    *,
    jobs: int = 1,
    progress: Progress = ignore,
    executor: concurrent.futures.Executor | None = None,
) -> dict[FoldRun, Failure]:
    """Trains what is not done and returns why some failed.

    Args:
        planned: From `plan`.
        jobs: Trainings at once on one machine; they share its cores.
        progress: Told of each training that ends.
        executor: Runs the trainings in place of `jobs` threads here; its processes see the same files, and this
            process's folder at the same path.
    """
    missing = [run for run in planned if not run.done]
    for run in planned:
        if run.done:  # A kill may have come between its end and theirs.
            for path in _files_beside(run.folder):
                path.unlink(missing_ok=True)
    failures: dict[FoldRun, Failure] = {}
    train = functools.partial(train_apart, jobs=jobs, base=Path.cwd())
    done = len(planned) - len(missing)
    _tell_what_is_done(done, len(planned), progress)
    with concurrent.futures.ThreadPoolExecutor(jobs) if executor is None else contextlib.nullcontext(executor) as pool:
        for run, failure in run_all(pool, train, missing):
            if failure is not None:
                failures[run] = failure
            done += 1
            outcome = f"{run.folder.name} {'failed' if failure else 'is done'}"
            progress(Event("Training", "trainings", done, len(planned), outcome))
    return failures


def _tell_what_is_done(done: int, total: int, progress: Progress) -> None:
    if done:
        progress(Event("Training", note=f"{done} of {total} trainings are done already."))
    if done < total:
        progress(Event("Training", "trainings", done, total))


def train_apart(run: FoldRun, jobs: int, base: Path) -> Failure | None:
    """Runs one training to its end in a process of its own; returns why it failed, or None.

    Args:
        run: What to train.
        jobs: Trainings at once on this machine.
        base: The folder that relative paths start from.
    """
    folder = base / run.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    file, log = _files_beside(folder)
    job = child.Job(**{field.name: getattr(run, field.name) for field in dataclasses.fields(child.Job)})
    write_json(file, job.to_json())
    with (
        log.open("wb") as output,
        subprocess.Popen(
            python_command(child.__name__, str(file)),
            cwd=base,
            stdin=subprocess.PIPE,  # Which it watches, to end when this process does.
            stdout=subprocess.DEVNULL,
            stderr=output,
            env={**os.environ, **_environment(jobs)},
        ) as process,
        working_in(process, folder),
    ):
        code = process.wait()
    if code == 0:
        log.unlink()
        file.unlink()
        return None
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    reason = f"{lines[-1] if lines else how} ({how}; {run.folder.with_name(log.name)})"
    return Failure(reason, of_machine=code < 0 or code == child.MACHINE_FAILED)


def _files_beside(folder: Path) -> tuple[Path, Path]:
    """Returns where the process of a training reads what it is to do, and says what it does."""
    return folder.with_name(f"{folder.name}.options.json"), folder.with_name(f"{folder.name}.log")


def _environment(jobs: int) -> dict[str, str]:
    """Returns what tells TensorFlow to be silent, and to take its share of the cores."""
    share = max(1, cores() // jobs)
    return {
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
        "TF_NUM_INTEROP_THREADS": str(share),
    }
