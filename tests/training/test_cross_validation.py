"""All folds, resumable at the fold, and what is summed up of them."""

import csv
import dataclasses
import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.errors import BusyError, ConfigError, RunError
from can_tf.report.scores import summary_table
from can_tf.training import run_folder
from can_tf.training.cross_validation import cross_validate, summarize, write_results
from can_tf.training.fold_runs import Failure, check_done, plan, train_all
from can_tf.training.options import TrainOptions
from tests.conftest import trainings_in, wait_until
from tests.holding import alone_in_another_process

SMALL = ["--units", "2", "--heads", "1", "--epochs", "1", "--protocol", "session"]


def type_command(records: Path, runs: Path, *arguments: object):
    command = ["cross-validate", "--records", records, "--runs", runs, *SMALL, *arguments]
    return CliRunner().invoke(main, [str(argument) for argument in command])


def finished(folder: Path, wa: float, recall: dict[str, float | None], **more: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    scores = {"wa": wa, "ua": wa / 2, "macro_f1": wa / 4, "ece": 0.1, "recall": recall}
    metrics = {**scores, **more, "text": {**scores, "wa": 0.5}, "synthetic": True}
    (folder / run_folder.METRICS_FILE).write_text(json.dumps(metrics))


@pytest.fixture
def instant(monkeypatch):
    """Trainings that are done at once, but for fold 1, which fails."""

    def train(run, jobs, base):
        if run.options.fold == 1:
            return Failure("it broke", of_machine=False)
        finished(run.folder, 0.1 * run.options.fold, {"calm": 0.5})
        row = f"u00{run.options.fold},calm,{'loud' if run.options.fold else 'calm'}\n"
        (run.folder / run_folder.PREDICTIONS_FILE).write_text(f"id,label,predicted\n{row}")
        return None

    monkeypatch.setattr("can_tf.training.fold_runs.train_apart", train)


def test_from_python_what_is_missing_is_trained_and_failures_cost_themselves_alone(tone_records, tmp_path, instant):
    events = []
    options = TrainOptions(protocol="session")
    result = cross_validate(tone_records, options, folds=3, jobs=2, runs=tmp_path, progress=events.append)
    assert {run.options.fold: reason for run, reason in result.failures.items()} == {1: "it broke"}
    assert (result.summary["done"], result.summary["runs"], result.summary["folds"]) == (2, 3, [0, 2])
    assert result.summary["scores"]["final"]["wa"]["values"] == [0.0, 0.2]
    assert json.loads((result.folder / "summary.json").read_text()) == result.summary
    assert (result.folder / "predictions.csv").read_text().splitlines() == [
        "seed,fold,corpus,speaker,id,label,predicted",
        "0,0,,s0,u000,calm,calm",
        "0,2,,s2,u002,calm,loud",
    ]
    [interval] = result.summary["intervals"]
    assert (interval["utterances"], interval["speakers"], interval["wa"]["value"]) == (2, 2, 0.5)
    assert result.summary["options"]["protocol"] == "session"
    assert not {"fold", "seed"} & set(result.summary["options"])
    assert result.summary["records"]["fingerprint"] == tone_records.fingerprint
    assert [(event.done, event.total) for event in events] == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("row", ["u999,calm,calm", "u000,calm,odd"])
def test_predictions_of_other_records_are_no_part_of_a_summary(tone_records, tmp_path, row):
    [run] = plan(TrainOptions(protocol="session"), [0], [0], tmp_path, tone_records.folder)
    finished(run.folder, 0.5, {"calm": 0.5})
    (run.folder / run_folder.PREDICTIONS_FILE).write_text(f"id,label,predicted\n{row}\n")
    with pytest.raises(RunError, match="predictions.csv: is damaged .u.*: expected an utterance and labels of the"):
        write_results([run], tmp_path / "cv", tone_records)


def test_two_in_one_folder_keep_out_of_each_others_way(tone_records, tmp_path, instant):
    options = TrainOptions(protocol="session")
    with alone_in_another_process(tmp_path / "cv-can-session"), pytest.raises(BusyError):
        cross_validate(tone_records, options, folds=3, runs=tmp_path)
    assert not list(tmp_path.glob("can-*"))


def test_logs_that_a_kill_left_beside_a_training_that_is_done_go(tmp_path):
    [run] = plan(TrainOptions(), [0], [0], tmp_path, tmp_path)
    finished(run.folder, 0.5, {"calm": 0.5})
    left = [run.folder.with_name(f"{run.folder.name}{suffix}") for suffix in (".log", ".options.json")]
    for path in left:
        path.touch()
    assert train_all([run]) == {}
    assert not any(path.exists() for path in left)


def test_where_every_training_fails_the_first_reason_is_told(tone_records, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "can_tf.training.fold_runs.train_apart", lambda run, jobs, base: Failure("it broke", of_machine=False)
    )
    with pytest.raises(RunError, match="every training failed. The first: it broke"):
        cross_validate(tone_records, TrainOptions(protocol="session"), folds=2, runs=tmp_path)


def test_runs_are_seeds_by_folds_with_names_of_their_own(tmp_path):
    planned = plan(TrainOptions(model="mha", protocol="speaker"), range(3), range(2), tmp_path, tmp_path)
    assert [run.folder.name for run in planned][:4] == [
        "mha-speaker-fold0-seed0",
        "mha-speaker-fold1-seed0",
        "mha-speaker-fold2-seed0",
        "mha-speaker-fold0-seed1",
    ]
    assert len({run.folder for run in planned}) == 6


def test_the_summary_by_hand(tmp_path):
    planned = plan(TrainOptions(), range(3), range(1), tmp_path, tmp_path)
    with pytest.raises(RunError, match="no fold is done"):
        summarize(planned)
    finished(planned[0].folder, 0.4, {"calm": 0.2, "loud": None})
    only = summarize(planned)["scores"]["final"]
    assert only["wa"] == {"mean": 0.4, "std": None, "values": [0.4]}
    assert only["recall"]["loud"] == {"mean": None, "std": None, "values": []}
    finished(planned[2].folder, 0.6, {"calm": 0.6, "loud": 1.0})
    summary = summarize(planned)
    assert (summary["done"], summary["runs"], summary["folds"], summary["synthetic"]) == (2, 3, [0, 2], True)
    assert summary["scores"]["final"]["wa"]["mean"] == pytest.approx(0.5)
    assert summary["scores"]["final"]["wa"]["std"] == pytest.approx(statistics.stdev([0.4, 0.6]))
    assert summary["scores"]["final"]["recall"]["calm"]["mean"] == pytest.approx(0.4)
    assert summary["scores"]["final"]["recall"]["loud"]["values"] == [1.0]
    assert summary["scores"]["text"]["wa"]["mean"] == 0.5
    assert "audio" not in summary["scores"]


def test_test_sets_of_a_seed_are_scored_together(tmp_path):
    planned = plan(TrainOptions(), range(2), range(2), tmp_path, tmp_path)
    matrices = [[[2, 0], [0, 0]], [[1, 1], [1, 3]], [[2, 0], [0, 0]], [[2, 0], [0, 4]]]
    for one, confusion in zip(planned, matrices, strict=True):
        finished(one.folder, 0.5, {"calm": 0.5, "loud": None}, confusion=confusion)
    pooled = summarize(planned)["pooled"]
    assert set(pooled) == {"final"}
    # Of the first seed, 3 of 4 calm ones and 3 of 4 loud ones are right; of the second, all.
    assert pooled["final"]["ua"]["values"] == [0.75, 1.0]
    assert pooled["final"]["wa"] == {"mean": 0.875, "std": pytest.approx(0.125 * 2**0.5), "values": [0.75, 1.0]}
    table = summary_table(summarize(planned)).split("all test sets together")[1]
    assert "0.875 ± 0.177  0.875 ± 0.177" in table.splitlines()[2]
    finished(planned[0].folder, 0.5, {"calm": 0.5, "loud": None}, confusion=[[1, 2], [3]])
    with pytest.raises(RunError, match="metrics.json: is damaged .confusion: expected 2 rows of 2"):
        summarize(planned)


@pytest.mark.long
def test_a_failed_training_is_told_by_its_last_words_and_costs_itself_alone(tone_records, tmp_path):
    planned = plan(
        TrainOptions(units=2, heads=1, epochs=1, protocol="session"),
        (0,),
        range(2),
        tmp_path / "runs",
        tone_records.folder,
    )
    (tmp_path / "runs" / planned[1].folder.name).mkdir(parents=True)
    (planned[1].folder / "other.txt").write_text("somebody's")
    events = []
    failures = train_all(planned, jobs=2, progress=events.append)
    assert set(failures) == {planned[1]}
    assert "is not empty and not a run" in failures[planned[1]].reason
    assert "exit code 1" in failures[planned[1]].reason
    assert not failures[planned[1]].of_machine
    assert [event.done for event in events] == [0, 1, 2]
    outcomes = {f"{planned[0].folder.name} is done", f"{planned[1].folder.name} failed"}
    assert {event.note for event in events[1:]} == outcomes
    assert planned[0].done
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {
        planned[0].folder.name,
        planned[1].folder.name,
        f"{planned[1].folder.name}.log",
        f"{planned[1].folder.name}.options.json",
    }


@pytest.mark.long
def test_what_is_done_is_not_done_again_and_every_utterance_is_predicted_once(tone_records, tmp_path):
    first = type_command(tone_records.folder, tmp_path, "--folds", 2, "--jobs", 2, "--json")
    assert first.exit_code == 0, first.stderr
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("can-*/metrics.json")}
    assert len(kept) == 2
    done = type_command(tone_records.folder, tmp_path, "--jobs", 2)
    assert done.exit_code == 0, done.stderr
    assert "2 of 5 trainings are done already." in done.stderr
    assert "5 of 5 trainings: " in done.stderr
    assert "over 5 of 5 trainings, synthetic speech" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    folder = tmp_path / "cv-can-session"
    rows = list(csv.DictReader((folder / "predictions.csv").read_text(encoding="utf-8").splitlines()))
    assert sorted(row["id"] for row in rows) == sorted(utterance.id for utterance in tone_records.utterances)
    accuracy = statistics.fmean(row["label"] == row["predicted"] for row in rows)
    summary = json.loads((folder / "summary.json").read_text())
    assert "95 % intervals over resampled speakers" in done.stdout
    assert summary["intervals"][0]["wa"]["value"] == pytest.approx(accuracy)
    values = summary["scores"]["final"]["wa"]["values"]
    assert statistics.fmean(values) == pytest.approx(accuracy)  # Folds of one size.
    for fold, value in enumerate(values):
        metrics = json.loads((tmp_path / f"can-session-fold{fold}-seed0" / "metrics.json").read_text())
        assert metrics["wa"] == value


@pytest.mark.long
def test_a_killed_cross_validation_leaves_no_training_behind_and_goes_on_when_typed_again(tone_records, tmp_path):
    command = ["cross-validate", "--records", tone_records.folder, "--runs", tmp_path, *SMALL, "--folds", 1]
    with subprocess.Popen([sys.executable, "-m", "can_tf", *map(str, command)], stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: list(tmp_path.glob("can-*/config.json")))
        assert len(trainings_in(tmp_path)) == 1
        process.kill()  # It alone, not its process group.
    wait_until(lambda: not trainings_in(tmp_path), seconds=5)
    done = type_command(tone_records.folder, tmp_path, "--folds", 1)
    assert done.exit_code == 0, done.stderr
    assert "over 1 of 1 trainings" in done.stdout


def test_what_other_options_or_records_gave_is_refused(tone_records, tmp_path):
    options = TrainOptions(units=2, heads=1, epochs=1, protocol="session")
    [run] = plan(options, (0,), (0,), tmp_path, tone_records.folder)
    finished(run.folder, 0.5, {})
    config = {"options": dataclasses.asdict(options), "records": dict(tone_records.description)}
    (run.folder / run_folder.CONFIG_FILE).write_text(json.dumps(config))
    check_done([run], tone_records)
    done = type_command(tone_records.folder, tmp_path, "--units", 3)
    assert done.exit_code == 1
    assert "belongs to a training with units 2 (now 3)" in done.stderr
    (run.folder / run_folder.CONFIG_FILE).write_text(json.dumps({**config, "records": {"fingerprint": "other"}}))
    with pytest.raises(RunError, match="other records"):
        check_done([run], tone_records)


def test_more_folds_than_there_are_is_an_error(tone_records, tmp_path):
    done = type_command(tone_records.folder, tmp_path, "--folds", 9)
    assert done.exit_code == 1
    assert "the session protocol has 5 folds here" in done.stderr


def test_folds_that_cannot_be_trained_are_refused_before_anything_is_made(tone_records, tmp_path, instant):
    rows = tuple(
        dataclasses.replace(row, label=("loud", "calm")[row.session == "s4"]) for row in tone_records.utterances
    )
    records = dataclasses.replace(tone_records, utterances=rows)
    events = []
    with pytest.raises(ConfigError, match=r"--protocol session: 2 of 5 folds cannot be trained \(3, 4\): fold 3 has"):
        cross_validate(records, TrainOptions(protocol="session"), runs=tmp_path / "runs", progress=events.append)
    assert not events
    assert not (tmp_path / "runs").exists()
    result = cross_validate(
        records, TrainOptions(protocol="session"), folds=3, runs=tmp_path / "runs", progress=events.append
    )
    assert result.summary["done"] == 2
    assert events[0].line() == ("--protocol session: of 3 folds, 3 validate without calm; 3 test without calm.")
