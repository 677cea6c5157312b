"""Which search a folder holds, who may go on with it, and what a kill leaves of it."""

import dataclasses

import pytest

from can_tf.checksums import read_sealed, write_sealed
from can_tf.errors import BusyError, ConfigError, RunError
from can_tf.locks import alone_in
from can_tf.training.search import Role, Search
from can_tf.training.trials import runs_of, scores_of
from can_tf.training.tuning import run_search
from tests.training.conftest import search_of


def test_a_search_has_one_process_at_its_head_and_one_worker_of_a_name(tone_records, tmp_path, instant):
    search = search_of(tmp_path / "search", tone_records.folder, trials=1)
    run_search(search, Role())
    head, worker = Role("chief", "localhost:1"), Role("worker", "localhost:1", "one")
    for first, second in ((head, Role()), (Role(), head), (worker, worker)):
        with alone_in(search.folder, name=first.lock_file), pytest.raises(BusyError, match="another can_tf process"):
            run_search(search, second)
    assert worker.lock_file not in (head.lock_file, Role("worker", "localhost:1", "two").lock_file)


def test_another_search_in_the_folder_is_refused_and_more_trials_are_not(tone_records, tmp_path, instant):
    search = search_of(tmp_path / "search", tone_records.folder, trials=2)
    two = run_search(search, Role())
    events = []
    four = run_search(dataclasses.replace(search, trials=4), Role(), events.append)
    assert four[:2] == two
    assert [event.done for event in events] == [3, 4]
    with pytest.raises(RunError, match="holds a search with other over, folds"):
        run_search(dataclasses.replace(search, over=("alpha",), folds=1), Role(), events.append)


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "{}", "3"])
def test_a_damaged_description_of_a_search_is_refused(tone_records, tmp_path, content):
    search = search_of(tmp_path, tone_records.folder)
    (tmp_path / "search.json").write_text(content)
    with pytest.raises(RunError, match="search.json: is damaged"):
        run_search(search, Role())
    write_sealed(tmp_path / "search.json", {"method": "random"})
    with pytest.raises(RunError, match="search.json: is damaged .'options'"):
        run_search(search, Role())


@pytest.mark.parametrize("name", ["oracle.json", "trial_0/trial.json"])
def test_a_state_that_was_changed_is_not_gone_on_from(tone_records, tmp_path, instant, name):
    search = search_of(tmp_path / "search", tone_records.folder, trials=1)
    run_search(search, Role())
    path = search.folder / name
    path.write_text(path.read_text().replace('"0"', '"1"', 1))
    with pytest.raises(RunError, match=rf"{name}: is damaged \(its SHA-256 is not .*Search again with another --out"):
        run_search(dataclasses.replace(search, trials=2), Role())
    assert len(instant) == 2  # Trainings of the first trial: there were no others.


def test_a_damaged_score_is_refused(tone_records, tmp_path):
    [run] = runs_of(search_of(tmp_path, tone_records.folder, folds=1), "0", {"alpha": 0.1})
    run.folder.mkdir(parents=True)
    write_sealed(run.folder / "validation.json", {"validation_wa": "0.5", "validation_ua": 0.5, "seconds": 1})
    with pytest.raises(RunError, match="validation.json: is damaged .validation_wa: expected a finite number"):
        scores_of(run)


@pytest.mark.parametrize("when", ["trial only", "scored but still given out"])
def test_a_kill_between_two_files_of_the_state_does_no_trial_twice_and_loses_none(
    tone_records, tmp_path, instant, when
):
    search = search_of(tmp_path / "search", tone_records.folder, trials=3)
    run_search(search, Role())
    path = search.folder / "oracle.json"
    state = read_sealed(path)
    if when == "trial only":  # Trial 3 was written, and the oracle was not.
        trial = read_sealed(search.folder / "trial_2" / "trial.json")
        (search.folder / "trial_3").mkdir()
        trial |= {"trial_id": "3", "status": "RUNNING", "score": None}
        write_sealed(search.folder / "trial_3" / "trial.json", trial)
    else:  # KerasTuner takes a trial back after it has written its end.
        write_sealed(path, {**state, "ongoing_trials": {"tuner0": "2"}})
    before = len(instant)
    trials = run_search(dataclasses.replace(search, trials=4), Role())
    assert [trial["trial"] for trial in trials] == [0, 1, 2, 3]
    assert all(trial["validation_wa"] is not None for trial in trials)
    assert {run.folder.parent.name for run in instant[before:]} == {"trial_3"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("chief",), "needs --chief HOST:PORT"),
        (("worker", "host"), "needs --chief HOST:PORT, got 'host'"),
        (("worker", "host:1", "chiefly"), "without slashes and the word chief"),
        (("worker", "host:1", "../one"), "without slashes and the word chief"),
        (("worker", "host:1", ""), "needs --worker-name"),
    ],
)
def test_roles_that_cannot_be(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Role(*arguments)


@pytest.mark.parametrize("before", ["../../elsewhere", "0/../../elsewhere", "0\0"])
def test_a_trial_that_goes_on_from_outside_the_search_is_refused(tone_records, tmp_path, before):
    search = search_of(tmp_path / "search", tone_records.folder)
    with pytest.raises(RunError, match="search: a trial has the id .*; expected a number"):
        runs_of(search, before, {"alpha": 0.1, "heads": 1})


@pytest.mark.parametrize(
    "values, message",
    [
        ({"over": ("alpha", "epochs")}, "epochs cannot be searched over; expected some of alpha, heads, units"),
        ({"method": "grid"}, "there is no method 'grid' of search; expected one of bayesian, random, hyperband"),
    ],
)
def test_a_search_that_cannot_be(tmp_path, values, message):
    with pytest.raises(ConfigError, match=message):
        Search(records={0.0: tmp_path}, **values)


def test_a_search_in_a_folder_with_brackets_goes_on(tone_records, tmp_path, instant):
    search = search_of(tmp_path / "run [1]*", tone_records.folder, trials=2)
    first = run_search(search, Role())
    assert run_search(dataclasses.replace(search, trials=3), Role())[:2] == first
    assert len(instant) == 6
