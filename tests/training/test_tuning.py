"""The search: what it tries, how it goes on after a kill, and that the test part is left alone."""

import csv
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.corpus.utterance import Corpus
from can_tf.errors import BusyError, ConfigError, RunError
from can_tf.locks import alone_in
from can_tf.records.build import BuildOptions, build_records
from can_tf.training import tuning
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import read_history
from can_tf.training.search_options import METHODS, OVERLAPS, SEARCHABLE, Role, Search
from can_tf.training.tuning import _go_on_from, _runs, _scores, best_of, run_search, write_results

SMALL = ["--units", "2", "--epochs", "1", "--protocol", "session"]


def search_of(folder, records, **changes):
    options = TrainOptions(units=2, heads=1, epochs=2, protocol="session")
    values = {"options": options, "over": ("alpha", "heads"), "method": "random", "trials": 4, "folds": 2, "jobs": 1}
    return Search(folder=folder, records={0.0: records}, **{**values, **changes})


@pytest.fixture
def instant(monkeypatch):
    """Trainings that are done at once: WA grows with alpha, and epochs are kept apart."""
    trained = []

    def train_all(runs, *, jobs, report):
        for run in runs:
            trained.append(run)
            run.folder.mkdir(parents=True, exist_ok=True)
            wa = min(run.options.alpha, 0.9) - 0.01 * run.options.fold
            scores = {"validation_wa": wa, "validation_ua": wa / 2, "seconds": 1.0, "epochs": run.options.epochs}
            (run.folder / "validation.json").write_text(json.dumps(scores))
            (run.folder / "config.json").write_text(json.dumps({"options": {"epochs": run.options.epochs}}))
            (run.folder / "checkpoint").mkdir(exist_ok=True)
        return {}

    monkeypatch.setattr(tuning, "train_all", train_all)
    return trained


def test_a_search_has_one_process_at_its_head_and_one_worker_of_a_name(tone_records, tmp_path, instant):
    search = search_of(tmp_path / "search", tone_records.folder, trials=1)
    run_search(search, Role(), lambda trial: None)
    head, worker = Role("chief", "localhost:1"), Role("worker", "localhost:1", "one")
    for first, second in ((head, Role()), (Role(), head), (worker, worker)):
        with alone_in(search.folder, name=first.lock_file), pytest.raises(BusyError, match="another can_tf process"):
            run_search(search, second, lambda trial: None)
    assert worker.lock_file not in (head.lock_file, Role("worker", "localhost:1", "two").lock_file)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_tries_the_papers_values_first_and_as_many_as_asked(tone_records, tmp_path, instant, method):
    told = []
    search = search_of(tmp_path / "search", tone_records.folder, method=method, trials=7)
    trials = run_search(search, Role(), told.append)
    assert [trial["trial"] for trial in trials] == list(range(7))
    assert told == trials
    assert (trials[0]["alpha"], trials[0]["heads"]) == (0.1, 4)
    assert all(0.01 <= trial["alpha"] <= 1 and trial["heads"] in (1, 2, 4, 8) for trial in trials)
    assert len({trial["alpha"] for trial in trials}) > 3
    for trial in trials:
        assert trial["validation_wa"] == pytest.approx(min(trial["alpha"], 0.9) - 0.005)  # The mean of two folds.
        assert trial["seconds"] == 2.0
    assert all(run.validation_only and run.options.units == 2 for run in instant)
    assert len(instant) == 14
    write_results(search, trials)
    best = json.loads((search.folder / "best.json").read_text())
    assert best["alpha"] == max(trial["alpha"] for trial in trials)
    assert best["epochs"] == 2
    assert TrainOptions(**best).units == 2
    assert not {"fold", "seed"} & set(best)
    rows = list(csv.DictReader((search.folder / "trials.csv").read_text().splitlines()))
    assert [float(row["alpha"]) for row in rows] == [trial["alpha"] for trial in trials]


def test_hyperband_goes_on_from_shorter_trials(tone_records, tmp_path, instant):
    options = TrainOptions(units=2, epochs=9, protocol="session")
    search = search_of(tmp_path / "search", tone_records.folder, method="hyperband", trials=30, options=options)
    trials = run_search(search, Role(), lambda trial: None)
    assert trials[0]["epochs"] == 9
    first_round = [trial for trial in trials[1:] if trial["epochs"] == 1]
    longer = [trial for trial in trials[1:] if trial["epochs"] > 1]
    assert first_round
    assert any(trial["alpha"] in {each["alpha"] for each in first_round} for trial in longer)
    assert all((run.folder / "checkpoint").exists() for run in instant)


@pytest.mark.long
def test_a_trial_that_goes_on_is_as_one_that_never_stopped(tone_records, tmp_path):
    search = search_of(tmp_path / "search", tone_records.folder, method="hyperband", folds=1)
    histories = []
    for trial, epochs in (("1", 1), ("2", 2), ("3", 2)):
        [run] = _runs(search, trial, {"alpha": 0.1, "heads": 1, "tuner/epochs": epochs})
        if trial == "2":
            _go_on_from(search.folder / "trial_1" / run.folder.name, run)
        train_fold(tone_records, run.folder, run.options, validation_only=True)
        rows = read_history(run.folder)
        histories.append([{name: row[name] for name in row if name != "seconds"} for row in rows])
    assert [len(history) for history in histories] == [1, 2, 2]
    assert histories[0] == histories[2][:1]
    assert histories[1] == histories[2]


def test_what_can_be_searched_over(tone_records, tmp_path, instant):
    overlaps = dict.fromkeys(OVERLAPS, tone_records.folder)
    search = search_of(tmp_path / "search", tone_records.folder, over=SEARCHABLE, folds=1, trials=2)
    first, second = run_search(dataclasses.replace(search, records=overlaps), Role(), lambda trial: None)
    paper = {"alpha": 0.1, "heads": 4, "dropout": 0.3, "units": 128, "learning_rate": 1e-3, "overlap": 0.1}
    assert {name: first[name] for name in paper} == paper
    assert {name: second[name] for name in paper} != paper
    assert instant[1].options.learning_rate == second["learning_rate"]
    assert instant[1].records == tone_records.folder


def test_a_failed_trial_is_told_and_three_in_a_row_end_the_search(tone_records, tmp_path, monkeypatch):
    calls = []

    def train_all(runs, *, jobs, report):
        calls.append(runs)
        return {runs[0]: "Error: the loss is nan (exit code 1; some.log)"}

    monkeypatch.setattr(tuning, "train_all", train_all)
    told = []
    with pytest.raises(RunError, match="the loss is nan"):
        run_search(search_of(tmp_path / "search", tone_records.folder, trials=9), Role(), told.append)
    assert len(calls) == 3
    assert [trial["reason"] for trial in told] == ["the loss is nan (exit code 1; some.log)"] * 2
    with pytest.raises(RunError, match="not one trial"):
        best_of(told)


def test_another_search_in_the_folder_is_refused_and_more_trials_are_not(tone_records, tmp_path, instant):
    search = search_of(tmp_path / "search", tone_records.folder, trials=2)
    two = run_search(search, Role(), lambda trial: None)
    told = []
    four = run_search(dataclasses.replace(search, trials=4), Role(), told.append)
    assert four[:2] == two
    assert [trial["trial"] for trial in told] == [2, 3]
    with pytest.raises(RunError, match="holds a search with other over, folds"):
        run_search(dataclasses.replace(search, over=("alpha",), folds=1), Role(), told.append)


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "{}", "3"])
def test_a_damaged_description_of_a_search_is_refused(tone_records, tmp_path, content):
    search = search_of(tmp_path, tone_records.folder)
    (tmp_path / "search.json").write_text(content)
    with pytest.raises(RunError, match="search.json: is damaged"):
        run_search(search, Role(), lambda trial: None)


def test_a_damaged_score_is_refused(tone_records, tmp_path):
    [run] = _runs(search_of(tmp_path, tone_records.folder, folds=1), "0", {"alpha": 0.1})
    run.folder.mkdir(parents=True)
    (run.folder / "validation.json").write_text('{"validation_wa": "0.5", "validation_ua": 0.5, "seconds": 1}')
    with pytest.raises(RunError, match="validation.json: is damaged .validation_wa: expected a finite number"):
        _scores(run)


@pytest.mark.parametrize("when", ["trial only", "scored but still given out"])
def test_a_kill_between_two_files_of_the_state_does_no_trial_twice_and_loses_none(
    tone_records, tmp_path, instant, when
):
    search = search_of(tmp_path / "search", tone_records.folder, trials=3)
    run_search(search, Role(), lambda trial: None)
    path = search.folder / "oracle.json"
    state = json.loads(path.read_text())
    if when == "trial only":  # Trial 3 was written, and the oracle was not.
        trial = json.loads((search.folder / "trial_2" / "trial.json").read_text())
        (search.folder / "trial_3").mkdir()
        trial |= {"trial_id": "3", "status": "RUNNING", "score": None}
        (search.folder / "trial_3" / "trial.json").write_text(json.dumps(trial))
    else:  # KerasTuner takes a trial back after it has written its end.
        path.write_text(json.dumps({**state, "ongoing_trials": {"tuner0": "2"}}))
    before = len(instant)
    trials = run_search(dataclasses.replace(search, trials=4), Role(), lambda trial: None)
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


def tune(*arguments):
    return CliRunner().invoke(main, ["tune", *map(str, arguments)])


def test_a_worker_before_its_chief_is_told_what_to_do(tone_records, tmp_path):
    done = tune(
        *("--records", tone_records.folder, "--out", tmp_path / "t", *SMALL),
        *("--role", "worker", "--worker-name", "one", "--chief", "localhost:1"),
    )
    assert done.exit_code == 1
    assert "Start the chief first" in done.stderr


def test_without_the_library_the_extra_is_named(tone_records, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_tuner", None)
    monkeypatch.delitem(sys.modules, "can_tf.training.tuning", raising=False)
    done = tune("--records", tone_records.folder, "--out", tmp_path, *SMALL)
    assert done.exit_code == 1
    assert "pip install 'can_tf[tune]'" in done.stderr


def start(*arguments):
    program = "from can_tf.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "tune", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.long
def test_a_killed_search_ends_with_all_trials_and_its_best_one_trains(tone_records, tmp_path):
    out = tmp_path / "search"
    arguments = ["--records", tone_records.folder, "--out", out, *SMALL, "--trials", 4]
    process = start(*arguments)
    first = out / "trial_0" / "can-session-fold0-seed0" / "validation.json"
    wait_for(out / "trial_1" / "can-session-fold0-seed0" / "config.json", process)
    kill(process)
    kept = first.stat().st_mtime_ns
    done = tune(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    trials = json.loads(done.stdout)["trials"]
    assert [trial["trial"] for trial in trials] == [0, 1, 2, 3]
    assert all(trial["validation_wa"] is not None for trial in trials)
    assert first.stat().st_mtime_ns == kept
    assert done.stderr.count("trial 1 of") == 0
    assert not list(out.glob("trial_*/*/predictions.csv"))  # Nobody predicted a test part.
    assert (out / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert "Synthetic speech" in (out / "report.md").read_text()
    command = ["train", "--records", tone_records.folder, "--config", out / "best.json", "--run", tmp_path / "run"]
    trained = CliRunner().invoke(main, [str(each) for each in command])
    assert trained.exit_code == 0, trained.output
    best = max(trials, key=lambda trial: trial["validation_wa"])
    options = json.loads((tmp_path / "run" / "config.json").read_text())["options"]
    assert (options["alpha"], options["heads"]) == (best["alpha"], best["heads"])
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["validation"]["wa"] == pytest.approx(best["validation_wa"])
    again = CliRunner().invoke(main, [str(each) for each in [*command, "--validation-only", "--json"]])
    assert json.loads(again.stdout)["validation_wa"] == metrics["validation"]["wa"]


@pytest.mark.long
def test_chief_and_two_workers_finish_though_one_is_killed_and_started_again(tone_records, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    out = tmp_path / "search"
    arguments = ["--records", tone_records.folder, "--out", out, *SMALL, "--trials", 4, "--chief", address]
    chief = start(*arguments, "--role", "chief")
    wait_for(out / "search.json", chief)
    workers = [start(*arguments, "--role", "worker", "--worker-name", name) for name in ("one", "two")]
    try:
        wait_for(out / "trial_1" / "can-session-fold0-seed0" / "config.json", workers[0])
        state = json.loads((out / "oracle.json").read_text())
        kill(workers[0])
        workers[0] = start(*arguments, "--role", "worker", "--worker-name", "one")
        told = [process.communicate(timeout=240)[0] for process in (*workers, chief)]
    finally:
        for process in (chief, *workers):
            if process.poll() is None:
                kill(process)
    assert [process.returncode for process in (*workers, chief)] == [0, 0, 0], told
    assert set(state["ongoing_trials"]) == {"one", "two"}
    rows = list(csv.DictReader((out / "trials.csv").read_text().splitlines()))
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3"]
    assert all(row["validation_wa"] for row in rows)
    assert "Best: trial" in told[2]


@pytest.mark.long
def test_the_test_part_decides_nothing(tone_corpus, tone_records, tmp_path):
    """Session s0 tests in fold 0: with other labels and words there, the search comes out the same."""
    changed = tuple(
        each
        if each.session != "s0"
        else type(each)(
            each.id,
            each.audio_path,
            tuple(type(word)("other", word.start, word.end) for word in each.words),
            "calm",
            each.speaker,
            each.session,
            each.scenario,
        )
        for each in tone_corpus.utterances
    )
    corpus = Corpus(tone_corpus.name, tone_corpus.labels, changed, (), {}, synthetic=True)
    records = build_records(corpus, tmp_path / "records", BuildOptions())
    search = {"folds": 1, "trials": 1, "over": ("alpha",)}
    found = [
        run_search(search_of(tmp_path / name, folder, **search), Role(), lambda trial: None)[0]
        for name, folder in (("a", tone_records.folder), ("b", records.folder))
    ]
    for each in found:
        del each["seconds"]
    assert found[0] == found[1]


@pytest.mark.parametrize("before", ["../../elsewhere", "0/../../elsewhere", "0\0"])
def test_a_trial_that_goes_on_from_outside_the_search_is_refused(tone_records, tmp_path, before):
    search = search_of(tmp_path / "search", tone_records.folder)
    with pytest.raises(RunError, match="search: a trial has the id .*; expected a number"):
        _runs(search, before, {"alpha": 0.1, "heads": 1})
