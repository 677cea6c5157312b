"""KerasTuner's methods of search, with two changes: they try the paper's values first, and no kill loses anything."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_tuner

from can_tf.checksums import read_sealed, write_sealed
from can_tf.errors import RunError
from can_tf.files import is_plain_name
from can_tf.records.shards import BuildOptions
from can_tf.training.option_fields import Between
from can_tf.training.options import TrainOptions
from can_tf.training.search import SPACES, Search

OBJECTIVE = "validation_wa"  # What early stopping watches.
STATE_FILE = "oracle.json"
_TRIAL_FILE = "trial.json"


class MachineError(keras_tuner.errors.FatalError):
    """The machine failed a trial, which is no fault of its values: the search ends, and its trial is not done."""


@contextlib.contextmanager
def machine_errors() -> Iterator[None]:
    """Makes an OSError a MachineError: KerasTuner would take it for the values' fault, and never try them again."""
    try:
        yield
    except OSError as error:
        raise MachineError(f"{error.filename or 'input or output'}: {error.strerror or error}") from error


def oracle_of(search: Search) -> keras_tuner.Oracle:
    """Returns what decides which values a search tries."""
    objective = keras_tuner.Objective(OBJECTIVE, "max")
    space = _space(search.over)
    seed = search.options.seed + 1  # KerasTuner takes 0 for none.
    oracle: Any
    if search.method == "hyperband":
        oracle = _Hyperband(
            objective,
            max_epochs=search.options.epochs,
            hyperband_iterations=search.trials,  # So that the number of trials decides when it ends.
            hyperparameters=space,
            seed=seed,
        )
        oracle.max_trials = search.trials
    else:
        kind = _Random if search.method == "random" else _Bayesian
        oracle = kind(objective, max_trials=search.trials, hyperparameters=space, seed=seed)
    oracle.folder = search.folder
    oracle.verbose = 0
    return oracle


def _space(names: tuple[str, ...]) -> keras_tuner.HyperParameters:
    """Returns the hyperparameters by their names in SPACES; defaults are the paper's values."""
    paper = {**dataclasses.asdict(TrainOptions()), "overlap": BuildOptions().overlap}
    space = keras_tuner.HyperParameters()
    for name in names:
        tried = SPACES[name]
        if isinstance(tried, Between):
            sampling = "log" if tried.logarithmic else "linear"
            space.Float(name, tried.low, tried.high, step=tried.step, sampling=sampling, default=paper[name])
        else:
            space.Choice(name, list(tried), default=paper[name])
    return space


class _PaperFirstAndNothingLost(keras_tuner.Oracle):
    """What every method of search gets: the paper's values first, and a state that no kill leaves half written."""

    folder: Path
    begun: dict[str, Any]
    ongoing_trials: dict[str, Any]
    _retry_queue: list[str]

    def populate_space(self, trial_id):
        if self.trials:
            return super().populate_space(trial_id)
        values = {parameter.name: parameter.default for parameter in self.hyperparameters.space}
        return {"status": "RUNNING", "values": {**values, **self.paper_extras()}}

    def paper_extras(self) -> dict[str, Any]:
        return {}

    def save(self):
        with machine_errors():
            write_sealed(self.folder / STATE_FILE, self.get_state())

    def _save_trial(self, trial):
        folder = trial_folder(self.folder, trial.trial_id)
        with machine_errors():
            folder.mkdir(exist_ok=True)
            write_sealed(folder / _TRIAL_FILE, trial.get_state())

    def set_state(self, state):
        super().set_state(state)
        self.begun = dict(self.ongoing_trials)

    def reload(self):
        """Lets whoever had a trial take it again; a trial between two files is put where it belongs."""
        for path in _trial_files(self.folder):  # KerasTuner takes a bracket in a folder's name for a pattern.
            trial = keras_tuner.engine.trial.Trial.load(str(path))
            self.trials[trial.trial_id] = trial
        super().reload()
        self.ongoing_trials = {who: trial for who, trial in self.begun.items() if trial.status == "RUNNING"}
        ids = {trial.trial_id for trial in self.begun.values()}
        self._retry_queue = [trial_id for trial_id in self._retry_queue if trial_id not in ids]
        kept = {*(trial.trial_id for trial in self.ongoing_trials.values()), *self._retry_queue}
        for trial in [trial for trial in self.trials.values() if trial.status == "RUNNING"]:
            # Its score may be written and its end not: whoever takes it again gives the score again.
            trial.metrics = type(trial.metrics)()
            if trial.trial_id not in kept:  # Written, but never given to anybody.
                del self.trials[trial.trial_id]


class _Random(_PaperFirstAndNothingLost, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Bayesian(_PaperFirstAndNothingLost, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class _Hyperband(_PaperFirstAndNothingLost, keras_tuner.oracles.HyperbandOracle):
    def paper_extras(self):
        # Beside the brackets, and trained to the end.
        return {"tuner/epochs": self.max_epochs, "tuner/initial_epoch": 0, "tuner/bracket": 0, "tuner/round": 0}


def _trial_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"trial_*/{_TRIAL_FILE}"))


def trial_folder(folder: Path, trial_id: str) -> Path:
    """Returns the folder of a trial, whose id may come from the search's files."""
    name = f"trial_{trial_id}"
    if not is_plain_name(name):
        raise RunError(f"{folder}: a trial has the id {str(trial_id)[:80]!r}; expected a number. Give another --out.")
    return folder / name


def check_states(folder: Path) -> None:
    """Raises RunError if a file that says how far a search has got is not what was written: KerasTuner reads any."""
    for path in [folder / STATE_FILE, *_trial_files(folder)]:
        try:
            read_sealed(path)
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: is damaged ({error}). Search again with another --out.") from error
