"""A search over hyperparameters with KerasTuner; the test part is never read.

A trial is one training per fold, in processes of their own, and its score the mean of their best validation WA. The
first trial has the paper's values, so that the others stand beside them. KerasTuner's state and the run folders of all
trials lie in one folder: a search that was killed goes on there, and its trial at the epoch it had reached. Several
machines search together through KerasTuner's chief and workers; all of them see the folder and the records.
"""

import contextlib
import dataclasses
import json
import shutil
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from can_tf.errors import RunError
from can_tf.files import write_csv, write_json
from can_tf.locks import alone_in
from can_tf.progress import Event, Progress, ignore
from can_tf.records.dataset import load_dataset
from can_tf.training import run_folder
from can_tf.training.fold_runs import FoldRun, plan, train_all
from can_tf.training.oracles import OBJECTIVE, STATE_FILE, oracle_of, trial_folder
from can_tf.training.search import Role, Search

BEST_FILE, TRIALS_FILE = "best.json", "trials.csv"
_SEARCH_FILE = "search.json"
ALONE = Role()


def run_search(search: Search, role: Role = ALONE, progress: Progress = ignore) -> list[dict[str, Any]]:
    """Searches until all trials are done, and returns them: number, values, scores, and why one failed.

    Args:
        search: What to search. A search in the same folder goes on, if it is the same one; it may get more trials.
        role: Alone, or chief or worker of several machines. A worker's own trials are all it knows of.
        progress: Told of each trial that this process has run.

    Raises:
        RunError: The folder holds another search, three trials in a row failed, or chief and worker do not meet.
        BusyError: Another process is chief, or searches alone, or is the worker of this name.
    """
    _check_same(search, may_begin=role.kind != "worker")
    oracle = oracle_of(search)
    with (
        alone_in(search.folder, name=role.lock_file),
        contextlib.redirect_stdout(sys.stderr),
        role.environment(),
    ):
        if role.kind != "worker" and (search.folder / STATE_FILE).exists():
            write_json(search.folder / f"{role.tuner_id}.json", {})  # What makes KerasTuner go on.
        tuner = _Tuner(search, oracle, progress)
        tuner.save()
        try:
            tuner.search()
        except grpc.RpcError as error:
            raise RunError(f"{role.address}: the chief does not answer ({error.code()}). Start it again.") from error
        except RuntimeError as error:  # Three failures in a row, or a port that is taken.
            raise RunError(f"{search.folder}: the search stopped: {_reason(str(error))}") from error
    if role.kind == "worker":
        return tuner.told
    return [_result(search, trial) for trial in sorted(oracle.trials.values(), key=lambda trial: int(trial.trial_id))]


def _check_same(search: Search, *, may_begin: bool) -> None:
    path = search.folder / _SEARCH_FILE
    fingerprints = [load_dataset(folder).fingerprint for folder in search.records.values()]
    asked = {**search.description(), "records": fingerprints}
    if not path.exists():
        if not may_begin:
            raise RunError(f"{path}: is missing. Start the chief first, with the same --out on a shared file system.")
        search.folder.mkdir(parents=True, exist_ok=True)
        write_json(path, asked)
        return
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
        different = [name for name in asked if begun[name] != asked[name]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"{path}: is damaged ({error}). Give another folder with --out.") from error
    if different:
        raise RunError(
            f"{search.folder}: holds a search with other {', '.join(different)}. Give another folder with --out."
        )


class _Tuner(BaseTuner):
    """Runs trials as trainings."""

    def __init__(self, search: Search, oracle: keras_tuner.Oracle, progress: Progress):
        super().__init__(oracle, directory=str(search.folder.parent), project_name=search.folder.name)
        self.search_for, self.progress = search, progress
        self.told: list[dict[str, Any]] = []
        self.asked = False

    def pre_create_trial(self):
        if self.asked:
            time.sleep(0.2)  # Hyperband may have to wait for others; it is asked again at once otherwise.
        self.asked = True

    def on_trial_begin(self, trial):
        self.asked = False

    def run_trial(self, trial, *args, **kwargs):
        search, values = self.search_for, trial.hyperparameters.values
        runs = _runs(search, trial.trial_id, values)
        if before := values.get("tuner/trial_id"):
            for run in runs:
                _go_on_from(trial_folder(search.folder, before) / run.folder.name, run)
        failures = train_all(runs, jobs=search.jobs)
        if failures:
            raise keras_tuner.errors.FailedTrialError(next(iter(failures.values())))
        if search.method != "hyperband":  # Whose later trials go on from here.
            for run in runs:
                shutil.rmtree(run.folder / run_folder.CHECKPOINT_FOLDER, ignore_errors=True)
        return {OBJECTIVE: statistics.fmean(_scores(run)[OBJECTIVE] for run in runs)}

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        result = _result(self.search_for, self.oracle.get_trial(trial.trial_id))
        self.told.append(result)
        note = _in_words(result, self.search_for.over)
        self.progress(Event("Search", "trials", result["trial"] + 1, self.search_for.trials, note, at_most=True))


def _runs(search: Search, trial_id: str, values: Mapping[str, Any]) -> list[FoldRun]:
    changes = {name: value for name, value in values.items() if name in search.over and name != "overlap"}
    changes["epochs"] = values.get("tuner/epochs", search.options.epochs)
    options = dataclasses.replace(search.options, **changes)
    runs = plan(
        options,
        range(search.folds),
        [options.seed],
        trial_folder(search.folder, trial_id),
        search.records_for(values.get("overlap")),
    )
    return [dataclasses.replace(run, validation_only=True) for run in runs]


def _go_on_from(before: Path, run: FoldRun) -> None:
    """Makes a run folder from one of fewer epochs: as if that training had not ended."""
    if run.folder.exists():
        return
    unfinished = run.folder.with_name(f".going-on-{run.folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(before, unfinished)
    (unfinished / run_folder.VALIDATION_FILE).unlink()
    config = run_folder.read_run_json(unfinished, run_folder.CONFIG_FILE)
    config["options"]["epochs"] = run.options.epochs
    write_json(unfinished / run_folder.CONFIG_FILE, config)
    unfinished.rename(run.folder)


def _scores(run: FoldRun) -> dict[str, Any]:
    return run_folder.read_run_json(
        run.folder, run.result_file, dict.fromkeys((OBJECTIVE, "validation_ua", "seconds"), float)
    )


def _result(search: Search, trial: Any) -> dict[str, Any]:
    """Returns a trial's number, values and scores; scores are None, and `reason` says why, if it failed."""
    values = trial.hyperparameters.values
    runs = _runs(search, trial.trial_id, values)
    result: dict[str, Any] = {"trial": int(trial.trial_id), **{name: values[name] for name in search.over}}
    result["epochs"] = runs[0].options.epochs
    if trial.status != "COMPLETED":
        return {**result, OBJECTIVE: None, "validation_ua": None, "seconds": None, "reason": _reason(trial.message)}
    scores = [_scores(run) for run in runs]
    return {
        **result,
        OBJECTIVE: trial.score,
        "validation_ua": statistics.fmean(of_run["validation_ua"] for of_run in scores),
        "seconds": round(sum(of_run["seconds"] for of_run in scores), 3),
        "reason": "",
    }


def _in_words(trial: Mapping[str, Any], over: Sequence[str]) -> str:
    values = ", ".join(f"{name} {trial[name]:.3g}" for name in over)
    score = trial[OBJECTIVE]
    return f"{values}: " + (f"failed: {trial['reason']}" if score is None else f"validation WA {score:.3f}")


def _reason(message: str | None) -> str:
    """Returns the last line of what KerasTuner says of a failure, without the name of its exception."""
    lines = (message or "").strip().splitlines() or ["no reason is known"]
    return lines[-1].rpartition("FailedTrialError: ")[-1]


def best_of(trials: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Returns the trial of the highest score, the first of several; raises RunError if none has a score."""
    scored = [trial for trial in trials if trial[OBJECTIVE] is not None]
    if not scored:
        raise RunError("not one trial ended with a score.")
    return max(scored, key=lambda trial: trial[OBJECTIVE])


def write_results(search: Search, trials: Sequence[Mapping[str, Any]]) -> None:
    """Writes `trials.csv`, and `best.json`: the options of the best trial for `can-tf train --config`."""
    write_csv(search.folder / TRIALS_FILE, trials[0].keys(), trials)
    best = best_of(trials)
    changes = {name: best[name] for name in search.over if name != "overlap"}
    options = dataclasses.asdict(dataclasses.replace(search.options, **changes))
    write_json(
        search.folder / BEST_FILE, {name: value for name, value in options.items() if name not in ("fold", "seed")}
    )
