"""A search over hyperparameters with KerasTuner; the test set is never read.

A trial is one training per fold, in processes of their own, and its score the mean of their best validation WA. The
first trial has the paper's values, so that the others stand beside them. KerasTuner's state and the run folders of all
trials lie in one folder: a search that was killed goes on there, and its trial at the epoch it had reached. Several
machines search together through KerasTuner's chief and workers; all of them see the folder and the records.
"""

import contextlib
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import grpc

from can_tf.checksums import checksums_of, read_sealed, write_checksums, write_sealed
from can_tf.errors import RunError
from can_tf.files import write_csv, write_json
from can_tf.locks import alone_in
from can_tf.progress import Progress, ignore
from can_tf.records.dataset import load_dataset
from can_tf.training.oracles import OBJECTIVE, STATE_FILE, MachineError, check_states, oracle_of
from can_tf.training.search import SEARCH_FILE, Role, Search
from can_tf.training.trials import TrialTuner, reason_of, result_of

BEST_FILE, TRIALS_FILE = "best.json", "trials.csv"
ALONE = Role()


def run_search(search: Search, role: Role = ALONE, progress: Progress = ignore) -> list[dict[str, Any]]:
    """Searches until all trials are done, and returns them: number, values, scores, and why one failed.

    Args:
        search: What to search. A search in the same folder goes on, if it is the same one; it may get more trials.
        role: Alone, or chief or worker of several machines. A worker's own trials are all it knows of.
        progress: Told of each trial that this process has run.

    Raises:
        RunError: The folder holds another search or one that is damaged, three trials in a row failed, chief and worker
            do not meet, or the machine failed a trial: by a full disk, or by killing its training twice.
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
            check_states(search.folder)
            write_json(search.folder / f"{role.tuner_id}.json", {})  # What makes KerasTuner go on.
        tuner = TrialTuner(search, oracle, progress)
        try:
            tuner.save()
            tuner.search()
        except grpc.RpcError as error:
            raise RunError(f"{role.address}: the chief does not answer ({error.code()}). Start it again.") from error
        except MachineError as error:
            raise RunError(f"{search.folder}: the search stopped: {error}. Run the same command to go on.") from error
        except RuntimeError as error:  # Three failures in a row, or a port that is taken.
            raise RunError(f"{search.folder}: the search stopped: {reason_of(str(error))}") from error
    if role.kind == "worker":
        return tuner.told
    return [result_of(search, trial) for trial in sorted(oracle.trials.values(), key=lambda trial: int(trial.trial_id))]


def _check_same(search: Search, *, may_begin: bool) -> None:
    path = search.folder / SEARCH_FILE
    fingerprints = [load_dataset(folder).fingerprint for folder in search.records.values()]
    asked = {**search.description(), "records": fingerprints}
    if not path.exists():
        if not may_begin:
            raise RunError(f"{path}: is missing. Start the chief first, with the same --out on a shared file system.")
        search.folder.mkdir(parents=True, exist_ok=True)
        write_sealed(path, asked)
        return
    try:
        begun = read_sealed(path)
        different = [name for name in asked if begun[name] != asked[name]]
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{path}: is damaged ({error}). Give another folder with --out.") from error
    if different:
        raise RunError(
            f"{search.folder}: holds a search with other {', '.join(different)}. Give another folder with --out."
        )


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
    write_checksums(search.folder, checksums_of(search.folder, (TRIALS_FILE, BEST_FILE)))
