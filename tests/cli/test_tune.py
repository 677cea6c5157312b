"""`can-tf tune`, killed and on several processes."""

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

SMALL = ["--units", "2", "--epochs", "1", "--protocol", "session"]


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
    done = tune("--records", tone_records.folder, "--out", tmp_path, *SMALL)
    assert done.exit_code == 1
    assert "pip install 'can_tf[tune]'" in done.stderr


def test_folds_that_cannot_be_trained_are_refused_before_the_search(tone_records, tmp_path, monkeypatch):
    rows = tuple(dataclasses.replace(row, label=f"of-{row.session}") for row in tone_records.utterances)
    labeled = dataclasses.replace(tone_records, utterances=rows)
    monkeypatch.setattr("can_tf.report.tuning.load_dataset", lambda folder: labeled)
    done = tune("--records", tone_records.folder, "--out", tmp_path / "t", *SMALL)
    assert done.exit_code == 1
    assert "--protocol session: fold 0 has no utterance to train on with a label of its validation set" in done.stderr
    assert not (tmp_path / "t").exists()


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "can_tf", "tune", *map(str, arguments)],
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
    assert not list(out.glob("trial_*/*/predictions.csv"))  # Nobody predicted a test set.
    assert (out / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert "Synthetic speech" in (out / "report.md").read_text()
    command = ["train", "--records", tone_records.folder, "--config", out / "best.json", "--run", tmp_path / "run"]
    trained = CliRunner().invoke(main, list(map(str, command)))
    assert trained.exit_code == 0, trained.output
    best = max(trials, key=lambda trial: trial["validation_wa"])
    options = json.loads((tmp_path / "run" / "config.json").read_text())["options"]
    assert (options["alpha"], options["heads"]) == (best["alpha"], best["heads"])
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["validation"]["wa"] == pytest.approx(best["validation_wa"])
    again = CliRunner().invoke(main, list(map(str, [*command, "--validation-only", "--json"])))
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
