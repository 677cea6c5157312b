"""A trial of a search: one training per fold on values that an oracle has chosen, and their mean validation score."""

import dataclasses
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from can_tf.files import write_json
from can_tf.progress import Event, Progress
from can_tf.training import run_folder, run_state
from can_tf.training.fold_runs import FoldRun, plan, train_all
from can_tf.training.oracles import OBJECTIVE, MachineError, machine_errors, trial_folder
from can_tf.training.search import Search


class TrialTuner(BaseTuner):
    """Runs trials as trainings.

    Attributes:
        told: The results of the trials that this process has run.
    """

    def __init__(self, search: Search, oracle: keras_tuner.Oracle, progress: Progress):
        super().__init__(oracle, directory=str(search.folder.parent), project_name=search.folder.name)
        self.search_for, self.progress = search, progress
        self.told: list[dict[str, Any]] = []
        self.asked = False

    def save(self):
        """Writes what KerasTuner would, but as all else here is written: whole, and a full disk is the machine's."""
        with machine_errors():
            if not self._is_worker():
                self.oracle.save()
            write_json(Path(self._get_tuner_fname()), self.get_state())

    def pre_create_trial(self):
        if self.asked:
            time.sleep(0.2)  # Hyperband may have to wait for others; it is asked again at once otherwise.
        self.asked = True

    def on_trial_begin(self, trial):
        self.asked = False

    def run_trial(self, trial, *args, **kwargs):
        search, values = self.search_for, trial.hyperparameters.values
        runs = runs_of(search, trial.trial_id, values)
        with machine_errors():
            if before := values.get("tuner/trial_id"):
                for run in runs:
                    go_on_from(trial_folder(search.folder, before) / run.folder.name, run)
            self._train(runs)
        if search.method != "hyperband":  # Whose later trials go on from here.
            for run in runs:
                shutil.rmtree(run.folder / run_state.CHECKPOINT_FOLDER, ignore_errors=True)
        return {OBJECTIVE: statistics.fmean(scores_of(run)[OBJECTIVE] for run in runs)}

    def _train(self, runs: Sequence[FoldRun]) -> None:
        """Trains a trial's runs, once more those that the machine failed: a process may be killed for its memory."""
        failures = train_all(runs, jobs=self.search_for.jobs)
        if any(failure.of_machine for failure in failures.values()):
            failures = train_all(runs, jobs=1)
        by_machine = [failure.reason for failure in failures.values() if failure.of_machine]
        if by_machine:
            raise MachineError(by_machine[0])
        if failures:
            raise keras_tuner.errors.FailedTrialError(next(iter(failures.values())).reason)

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        result = result_of(self.search_for, self.oracle.get_trial(trial.trial_id))
        self.told.append(result)
        note = _in_words(result, self.search_for.over)
        self.progress(Event("Search", "trials", result["trial"] + 1, self.search_for.trials, note, at_most=True))


def runs_of(search: Search, trial_id: str, values: Mapping[str, Any]) -> list[FoldRun]:
    """Returns the trainings of a trial, whose values are by hyperparameter."""
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


def go_on_from(before: Path, run: FoldRun) -> None:
    """Makes a run folder from one of fewer epochs: as if that training had not ended."""
    if run.folder.exists():
        return
    unfinished = run.folder.with_name(f".going-on-{run.folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(before, unfinished)
    (unfinished / run_folder.VALIDATION_FILE).unlink()
    run_folder.give_more_epochs(unfinished, run.options.epochs)
    unfinished.rename(run.folder)


def scores_of(run: FoldRun) -> dict[str, Any]:
    """Returns the validation scores and the seconds of a training that is done."""
    return run_folder.read_run_json(
        run.folder, run.result_file, dict.fromkeys((OBJECTIVE, "validation_ua", "seconds"), float)
    )


def result_of(search: Search, trial: Any) -> dict[str, Any]:
    """Returns a trial's number, values and scores; scores are None, and `reason` says why, if it failed."""
    values = trial.hyperparameters.values
    runs = runs_of(search, trial.trial_id, values)
    result: dict[str, Any] = {"trial": int(trial.trial_id), **{name: values[name] for name in search.over}}
    result["epochs"] = runs[0].options.epochs
    if trial.status != "COMPLETED":
        return {**result, OBJECTIVE: None, "validation_ua": None, "seconds": None, "reason": reason_of(trial.message)}
    scores = [scores_of(run) for run in runs]
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


def reason_of(message: str | None) -> str:
    """Returns the last line of what KerasTuner says of a failure, without the name of its exception."""
    lines = (message or "").strip().splitlines() or ["no reason is known"]
    return lines[-1].rpartition("FailedTrialError: ")[-1]
