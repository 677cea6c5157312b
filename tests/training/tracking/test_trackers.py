"""What becomes of a training whose tracker fails."""

import dataclasses
import shutil

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.training.cross_validation import cross_validate
from can_tf.training.fit import train_fold
from can_tf.training.tracking import trackers
from can_tf.training.tracking.tracker import TrackerKind
from can_tf.training.tracking.trackers import send_finished
from tests.training.tracking.conftest import OPTIONS, StopError, stop_after

SMALL = dataclasses.replace(OPTIONS, model="text", epochs=2)


class Paper:
    """A tracker that keeps what it is told, and fails while it is not `up`."""

    def __init__(self):
        self.up, self.asked, self.told, self.results = True, 0, [], set()

    def _tell(self, what):
        self.asked += 1
        if not self.up:
            raise ConnectionError("nobody\nis there")
        self.told.append(what)

    def begin(self, history):
        self._tell(["begin", *(row["epoch"] for row in history)])

    def epoch(self, row, losses):
        self._tell(["epoch", row["epoch"]])

    def end(self, history, scores, result):
        self._tell(["end", *(row["epoch"] for row in history), result])
        self.results.add(result)

    def stop(self, error):
        self._tell(["stop", type(error).__name__])


@pytest.fixture
def paper(monkeypatch):
    paper = Paper()
    kind = TrackerKind(
        title="Paper", ready=lambda: None, make=lambda run: paper, has=lambda folder, result: result in paper.results
    )
    monkeypatch.setitem(trackers.TRACKERS, "paper", kind)
    return paper


def test_a_tracker_is_told_all_in_order(paper, tone_records, tmp_path):
    with pytest.raises(StopError):
        train_fold(tone_records, tmp_path, SMALL, stop_after(1), track=["paper"])
    train_fold(tone_records, tmp_path, SMALL, track=["paper"], validation_only=True)
    train_fold(tone_records, tmp_path, SMALL, track=["paper"])
    train_fold(tone_records, tmp_path, SMALL, track=["paper"])  # Which is done.
    assert paper.told == [
        ["begin"],
        ["epoch", 1],
        ["stop", "StopError"],
        ["begin", 1],
        ["epoch", 2],
        ["end", 1, 2, "validation.json"],
        ["begin", 1, 2],
        ["end", 1, 2, "metrics.json"],
    ]


def test_a_tracker_that_fails_fails_no_training_and_is_told_once(paper, tone_records, tmp_path):
    events = []
    paper.up = False
    metrics = train_fold(tone_records, tmp_path, SMALL, events.append, track=["paper"])
    assert metrics["epochs"] == 2
    assert paper.asked == 2  # At the beginning and at the end.
    notes = [event.note for event in events if "Paper" in event.note]
    assert notes == [
        "Paper could not be told: nobody is there. No training is lost by it. To tell it what is missing, run the same "
        "command again once all is done."
    ]
    paper.up = True
    assert train_fold(tone_records, tmp_path, SMALL, track=["paper"]) == metrics
    assert paper.told == [["end", 1, 2, "metrics.json"]]


def test_a_tracker_that_is_back_at_the_end_gets_all(paper, tone_records, tmp_path):
    def progress(event):
        notes.append(event.note)
        paper.up = event.done == 2

    notes = []
    train_fold(tone_records, tmp_path, SMALL, progress, track=["paper"])
    assert paper.told[-1] == ["end", 1, 2, "metrics.json"]
    assert [note for note in notes if "Paper" in note][-1] == "Paper has been told all at the end."


def test_of_runs_that_are_done_a_tracker_that_fails_is_asked_about_one(paper, tone_records, tmp_path):
    train_fold(tone_records, tmp_path / "a", SMALL)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    events, paper.up = [], False
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "unfinished"]
    send_finished(folders, ["paper"], events.append)
    assert (paper.asked, len(events)) == (1, 1)
    paper.up = True
    send_finished(folders, ["paper"], events.append)
    assert paper.told == [["end", 1, 2, "metrics.json"]]  # The second is another's; this one keeps no folders apart.


@pytest.mark.long
def test_a_cross_validation_tells_of_each_training(store, tone_records, tmp_path):
    import mlflow

    cross_validate(tone_records, SMALL, folds=2, runs=tmp_path, track=["mlflow"])
    client = mlflow.MlflowClient(tracking_uri=store)
    [experiment] = [each for each in client.search_experiments() if each.name == "can_tf"]
    runs = client.search_runs([experiment.experiment_id])
    ours = [run for run in runs if run.data.tags["can_tf.run"].startswith(str(tmp_path))]
    assert {run.info.run_name for run in ours} == {"text-paper-fold0-seed0", "text-paper-fold1-seed0"}
    assert all(run.info.status == "FINISHED" and "test/wa" in run.data.metrics for run in ours)


@pytest.mark.parametrize("command", ["train", "cross-validate"])
def test_a_tracker_that_nobody_knows_is_refused(command):
    done = CliRunner().invoke(main, [command, "--track", "notebook"])
    assert done.exit_code == 2
    assert "'notebook' is not 'mlflow'" in done.output or "is not one of" in done.output
