"""Trainings as MLflow has them, in its store in a folder."""

import dataclasses
import json
import shutil
import sys

import pytest

from can_tf.errors import MissingExtraError, RunError
from can_tf.training.fit import train_fold
from can_tf.training.run_folder import read_history
from can_tf.training.tracking.mlflow import MLFLOW, MlflowRun, read_state
from can_tf.training.tracking.registry import check_trackers
from can_tf.training.tracking.tracker import tracked_run
from can_tf.training.tracking.trackers import send_finished
from tests.training.tracking.conftest import OPTIONS

pytestmark = pytest.mark.long


@pytest.fixture
def finished(tracked, tmp_path):
    """A copy of a run that is done and of which MLflow has not been told."""
    shutil.copytree(tracked.folder, tmp_path / "run")
    (tmp_path / "run" / "mlflow.json").unlink()
    return tmp_path / "run"


def test_a_training_that_goes_on_is_the_same_run_there(tracked):
    run = tracked.client.get_run(tracked.run_id)
    assert (tracked.status, run.info.status) == ("FAILED", "FINISHED")
    assert run.info.run_name == "interrupted"
    history = read_history(tracked.folder)
    for name in ("loss", "validation_loss", "validation_wa", "validation_ua", "seconds"):
        there = tracked.client.get_metric_history(tracked.run_id, name)
        assert [(metric.step, metric.value) for metric in there] == [(row["epoch"], row[name]) for row in history]
    assert [metric.step for metric in tracked.client.get_metric_history(tracked.run_id, "text_loss")] == [1, 2, 3]


def test_options_scores_and_files_are_there(tracked):
    run = tracked.client.get_run(tracked.run_id)
    options = {name: str(value) for name, value in dataclasses.asdict(OPTIONS).items() if value is not None}
    assert run.data.params == {**options, "glove": "none", "start": "none", "features": "mfcc"}
    assert run.data.metrics["test/wa"] == tracked.metrics["wa"]
    assert run.data.metrics["test/recall/calm"] == tracked.metrics["recall"]["calm"]
    assert run.data.metrics["text_reference/ua"] == tracked.metrics["text_reference"]["ua"]
    assert run.data.metrics["validation/wa"] == tracked.metrics["validation"]["wa"]
    assert run.data.metrics["training/seconds"] == tracked.metrics["seconds"]
    assert run.data.tags["can_tf.synthetic"] == "True"
    assert len(run.data.tags["can_tf.records"]) == 64
    names = {artifact.path for artifact in tracked.client.list_artifacts(tracked.run_id)}
    assert names == {
        "config.json",
        "history.csv",
        "metrics.json",
        "predictions.csv",
        "validation_predictions.csv",
        "model.json",
        "model.keras",
    }


def test_a_run_that_is_done_is_sent_once(tracked, finished, tone_records):
    runs = len(tracked.client.search_runs(["0", *_experiments(tracked)]))
    assert not MLFLOW.has(finished, "metrics.json")
    assert train_fold(tone_records, finished, OPTIONS, track=["mlflow"]) == tracked.metrics
    send_finished([finished], ["mlflow"], pytest.fail)
    assert len(tracked.client.search_runs(["0", *_experiments(tracked)])) == runs + 1
    sent = read_state(finished)
    assert [metric.step for metric in tracked.client.get_metric_history(sent["run"], "validation_wa")] == [1, 2, 3]
    assert tracked.client.get_run(sent["run"]).info.status == "FINISHED"


def _experiments(tracked):
    return [each.experiment_id for each in tracked.client.search_experiments()]


def test_a_run_that_was_deleted_there_is_made_anew(tracked, finished, tmp_path):
    (finished / "mlflow.json").write_text(json.dumps({**read_state(tracked.folder), "run": "0" * 32, "sent": ""}))
    send_finished([finished], ["mlflow"], pytest.fail)
    assert read_state(finished)["run"] not in ("0" * 32, tracked.run_id)


def test_the_place_is_remembered_where_nobody_names_one(tracked, finished, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "elsewhere").as_uri())
    MlflowRun(tracked_run(finished)).begin([])
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    first = read_state(finished)
    MlflowRun(tracked_run(finished)).begin([])
    assert read_state(finished) == first
    assert first["place"] == (tmp_path / "elsewhere").as_uri()


def test_experiments_are_named_as_mlflow_names_them(tracked, finished, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    MlflowRun(tracked_run(finished)).begin([])
    run = tracked.client.get_run(read_state(finished)["run"])
    assert tracked.client.get_experiment(run.info.experiment_id).name == "mine"


def test_a_library_that_is_missing_is_named_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"Telling MLflow of trainings needs .* 'can_tf\[mlflow\]'"):
        check_trackers(["mlflow"])


@pytest.mark.parametrize("content", ["{", "[]", '{"run": 3, "place": "", "sent": ""}', '{"run": ""}'])
def test_a_damaged_file_of_its_state_is_told_before_any_epoch(finished, content):
    (finished / "mlflow.json").write_text(content)
    with pytest.raises(RunError, match=r"mlflow\.json: .*Delete the file, and MLflow has the training as a new run"):
        read_state(finished)
