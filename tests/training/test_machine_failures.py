"""What a search does where the machine fails a training: no trial is lost to it."""

import errno
import os
import sys

import pytest

from can_tf.checksums import write_sealed
from can_tf.errors import RunError
from can_tf.files import write_json
from can_tf.training import fold_runs, trials
from can_tf.training.child import MACHINE_FAILED
from can_tf.training.fold_runs import Failure
from can_tf.training.options import TrainOptions
from can_tf.training.search import Role
from can_tf.training.tuning import run_search
from tests.training.conftest import search_of

KILLED = Failure("killed by signal 9", of_machine=True)


@pytest.fixture
def undisturbed(tone_records, tmp_path, instant):
    search = search_of(tmp_path / "undisturbed", tone_records.folder)
    return values_of(run_search(search, Role()))


def values_of(results):
    return [(trial["trial"], trial["alpha"], trial["heads"], trial["validation_wa"]) for trial in results]


def failing(monkeypatch, fail_at, fail):
    """Makes trainings fail at these calls, counted from 0; returns the numbers of those called."""
    train_all, calls = trials.train_all, []

    def train(runs, *, jobs):
        calls.append(len(calls))
        return fail(runs) if calls[-1] in fail_at else train_all(runs, jobs=jobs)

    monkeypatch.setattr(trials, "train_all", train)
    return calls


def killed(runs):
    return {runs[0]: KILLED}


def no_room(runs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "trial.json")


def test_a_training_that_was_killed_is_tried_once_more(tone_records, tmp_path, undisturbed, monkeypatch):
    calls = failing(monkeypatch, {1}, killed)
    search = search_of(tmp_path / "search", tone_records.folder)
    assert values_of(run_search(search, Role())) == undisturbed
    assert len(calls) == 5


@pytest.mark.parametrize(
    "fail_at, fail, message",
    [({1, 2}, killed, "the search stopped: killed by signal 9. Run"), ({2}, no_room, "trial.json: No space left")],
)
def test_a_search_that_the_machine_stopped_goes_on_as_undisturbed(
    tone_records, tmp_path, undisturbed, monkeypatch, fail_at, fail, message
):
    failing(monkeypatch, fail_at, fail)
    search = search_of(tmp_path / "search", tone_records.folder)
    with pytest.raises(RunError, match=message):
        run_search(search, Role())
    assert values_of(run_search(search, Role())) == undisturbed


def test_values_that_cannot_be_trained_cost_their_trial_alone(tone_records, tmp_path, instant, monkeypatch):
    failing(monkeypatch, {1}, lambda runs: {runs[0]: Failure("the loss is nan", of_machine=False)})
    results = run_search(search_of(tmp_path / "search", tone_records.folder), Role())
    assert [bool(trial["reason"]) for trial in results] == [False, True, False, False]


@pytest.mark.parametrize("fail_at", range(19))
def test_a_disk_that_is_full_at_any_file_of_the_search_costs_nothing(
    tone_records, tmp_path, undisturbed, monkeypatch, fail_at
):
    search, writes = search_of(tmp_path / "search", tone_records.folder), []

    def full_at_times(really_write):
        def write(path, values):
            writes.append(path)
            if len(writes) - 1 == fail_at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            really_write(path, values)

        return write

    monkeypatch.setattr("can_tf.training.oracles.write_sealed", full_at_times(write_sealed))
    monkeypatch.setattr("can_tf.training.trials.write_json", full_at_times(write_json))
    with pytest.raises(RunError, match="No space left on device. Run the same command to go on"):
        run_search(search, Role())
    assert values_of(run_search(search, Role())) == undisturbed


@pytest.mark.parametrize(
    "program, of_machine",
    [
        ("import os; os.kill(os.getpid(), 9)", True),
        (f"import sys; sys.exit({MACHINE_FAILED})", True),
        ("import sys; sys.exit('the loss is nan')", False),
    ],
)
def test_what_ends_a_training_tells_whether_it_was_the_machine(
    tone_records, tmp_path, monkeypatch, program, of_machine
):
    monkeypatch.setattr(fold_runs, "python_command", lambda *_: [sys.executable, "-c", program])
    [run] = fold_runs.plan(TrainOptions(), [0], [0], tmp_path, tone_records.folder)
    [failure] = fold_runs.train_all([run], jobs=1).values()
    assert failure.of_machine == of_machine
