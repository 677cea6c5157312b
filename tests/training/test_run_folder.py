"""What is refused of a run folder whose files are damaged: fuzzing found each of these to be taken, or a traceback."""

import dataclasses
import json
from pathlib import Path

import pytest

from can_tf.checksums import write_sealed
from can_tf.errors import ConfigError, RunError
from can_tf.models.config import ModelConfig
from can_tf.records.dataset import Dataset
from can_tf.report.comparison import read_results
from can_tf.report.run import read_evaluation
from can_tf.training.cross_validation import summarize
from can_tf.training.fold_runs import plan
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import (
    VALIDATION_FILE,
    check_same,
    give_more_epochs,
    open_run,
    read_history,
    read_run_json,
)
from can_tf.training.run_state import HISTORY_COLUMNS, RunState, read_state
from tests.test_files import HOSTILE_NAMES

OPTIONS = TrainOptions()
ROW = dict.fromkeys(HISTORY_COLUMNS, 1.0)
STATE = dataclasses.asdict(RunState([ROW], 0, "epoch-0000.npz", "epoch-0000.npz"))
MODEL = ModelConfig(labels=("calm", "loud"), vocabulary=("day",), frame_mean=(0.0,), frame_variance=(1.0,)).to_json()
SCORES = {"wa": 0.5, "ua": 0.5, "macro_f1": 0.5, "ece": 0.0, "recall": {"calm": 0.5, "loud": None}, "count": 2}
METRICS = {**SCORES, "text_reference": SCORES, "synthetic": True}
CONFIG = {"options": {"alpha": 0.1}, "records": {"labels": ["calm", "loud"]}}
PREDICTIONS = "id,label,predicted,probability_calm,probability_loud\n"


def run_with(folder: Path, **files: object) -> Path:
    """Writes a run folder as `plan` has it: JSON values and text by name, with _ for the dot."""
    run = folder / "can-paper-fold0-seed0"
    (run / "checkpoint").mkdir(parents=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (run / name.replace("_", ".")).write_text(text)
    return run


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"history": [{}]}, r"history\[0\] lacks epoch, loss"),
        ({"history": {}}, "history: expected a list"),
        ({"best_epoch": 1}, "best_epoch: expected one that is done"),
        ({"best_epoch": 0.5}, "best_epoch: expected a whole number, found 0.5"),
        ({"weights": "../model.keras"}, "weights: expected another value"),
        ({"more": 1}, "unexpected keyword argument 'more'"),
    ],
)
def test_a_damaged_state_is_refused(tmp_path, changes, message):
    run = run_with(tmp_path)
    path = run / "checkpoint" / "state.json"
    write_sealed(path, STATE)
    assert read_state(run) == RunState(**STATE)
    write_sealed(path, {**STATE, **changes})
    with pytest.raises(RunError, match=rf"state.json: is damaged \(.*{message}.*Delete .* and train again"):
        read_state(run)
    path.write_text("[" * 100_000)
    with pytest.raises(RunError, match="state.json: is damaged"):
        read_state(run)


def test_a_state_and_scores_that_were_changed_and_fit_are_refused(tmp_path):
    run = run_with(tmp_path)
    validation = {"validation_wa": 0.5, "validation_ua": 0.25}
    for path, values, old, new in (
        (run / "checkpoint" / "state.json", STATE, "1.0", "2.0"),
        (run / VALIDATION_FILE, validation, "0.5", "0.9"),
    ):
        write_sealed(path, values)
        changed = path.read_text().replace(old, new, 1)
        assert changed != path.read_text()
        path.write_text(changed)
    with pytest.raises(RunError, match="state.json: is damaged"):
        read_state(run)
    with pytest.raises(RunError, match="validation.json: is damaged"):
        read_run_json(run, VALIDATION_FILE)


def test_a_config_that_is_not_what_the_training_was_begun_with_is_refused(tmp_path, tone_records):
    run = tmp_path / "run"
    assert open_run(run, OPTIONS, tone_records).epochs == 0
    give_more_epochs(run, 7)
    state = open_run(run, dataclasses.replace(OPTIONS, epochs=7), tone_records)
    config = (run / "config.json").read_bytes()
    (run / "config.json").write_bytes(config.replace(b'"versions"', b'"wersions"'))
    with pytest.raises(RunError, match="config.json: is damaged or was changed since the training began. Delete"):
        open_run(run, dataclasses.replace(OPTIONS, epochs=7), tone_records)
    # What an earlier version had begun goes on.
    write_sealed(
        run / "checkpoint" / "state.json", {"history": [], "best_epoch": -1, "weights": "", "best_weights": ""}
    )
    assert open_run(run, dataclasses.replace(OPTIONS, epochs=7), tone_records).config != state.config


@pytest.mark.parametrize("which", ["weights", "best_weights"])
@pytest.mark.parametrize("name", [*filter(None, HOSTILE_NAMES), "../../other/checkpoint/epoch-0000.npz", "model.json"])
def test_weights_that_are_no_file_of_the_checkpoint_are_refused(tmp_path, which, name):
    run = run_with(tmp_path)
    write_sealed(run / "checkpoint" / "state.json", {**STATE, which: name})
    with pytest.raises(RunError, match=f"state.json: is damaged .{which}: expected another value"):
        read_state(run)


@pytest.mark.parametrize("config", [{}, {"options": [], "records": {"fingerprint": ""}}, {"options": {}, "records": 3}])
def test_a_damaged_config_is_nobodys(tmp_path, config):
    run = run_with(tmp_path, config_json=config)
    with pytest.raises(RunError, match="config.json: is damaged"):
        check_same(run, OPTIONS, Dataset(tmp_path, {"fingerprint": ""}, ()))


def test_a_config_that_says_other_things_of_the_same_records_is_damaged(tmp_path):
    records = {"fingerprint": "f", "labels": ["calm", "loud"], "overlap": 0.1}
    run = run_with(tmp_path, config_json={"options": {}, "records": records})
    check_same(run, OPTIONS, Dataset(tmp_path, records, ()))
    with pytest.raises(RunError, match="config.json: is damaged .records: another overlap"):
        check_same(run, OPTIONS, Dataset(tmp_path, {**records, "overlap": 0.2}, ()))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"units": 0}, "units: expected another value, found 0"),
        ({"units": "128"}, "units: expected another value, found '128'"),
        ({"labels": []}, "labels: expected one at least"),
        ({"frame_variance": [1.0, 2.0]}, "frame_variance: expected as many as frame_mean"),
        ({"frame_variance": [-1.0]}, "frame_variance: expected none below 0"),
        ({"frame_mean": [float("nan")]}, r"frame_mean\[0\]: expected a finite number, found nan"),
        ({"class_weights": [1.0]}, "class_weights: expected none, or one per label"),
        ({"dropout": 1}, "dropout: expected at least 0 and below 1"),
        ({"attention": 1}, "has 'attention'"),
    ],
)
def test_a_damaged_model_configuration_is_refused(changes, message):
    assert ModelConfig.from_json(MODEL).to_json() == MODEL
    with pytest.raises(ConfigError, match=rf"the model's configuration is damaged \({message}"):
        ModelConfig.from_json({**MODEL, **changes})


def test_a_model_configuration_of_before_an_option_has_its_default_and_a_label_of_no_training_counts_nothing():
    older = {name: MODEL[name] for name in ("labels", "vocabulary", "frame_mean", "frame_variance")}
    assert ModelConfig.from_json(older).to_json() == MODEL
    assert ModelConfig.from_json({**MODEL, "class_weights": [0.0, 1.0]}).class_weights == (0.0, 1.0)


def test_a_model_configuration_that_lacks_something_is_refused():
    with pytest.raises(ConfigError, match="it lacks vocabulary"):
        ModelConfig.from_json({name: value for name, value in MODEL.items() if name != "vocabulary"})


@pytest.mark.parametrize(
    "metrics, message",
    [
        ({**METRICS, "wa": "0.5"}, "wa: expected a finite number, found '0.5'"),
        ({**METRICS, "recall": {"calm": "much"}}, "recall.calm: expected a finite number, found 'much'"),
        ({**METRICS, "text_reference": {"wa": 1}}, "text_reference lacks ua"),
        ({}, "it lacks wa, ua"),
    ],
)
def test_damaged_metrics_are_refused_by_all_who_read_them(tmp_path, metrics, message):
    run = run_with(tmp_path, metrics_json=metrics, config_json=CONFIG, predictions_csv=PREDICTIONS)
    with pytest.raises(RunError, match=f"metrics.json: is damaged .{message}"):
        read_evaluation(run)
    with pytest.raises(RunError, match=f"metrics.json: is damaged .{message}"):
        summarize(plan(OPTIONS, [0], [0], tmp_path, tmp_path))


def test_a_report_refuses_metrics_and_predictions_that_it_cannot_use(tmp_path):
    planned = plan(OPTIONS, [0], [0], tmp_path, tmp_path)
    run = run_with(tmp_path, metrics_json={"wa": 0.5, "ua": 0.5}, predictions_csv="id,label,predicted\nu1,calm\n")
    with pytest.raises(RunError, match="metrics.json: is damaged .it lacks text_reference"):
        read_results(planned, reference="text_reference")
    with pytest.raises(RunError, match="predictions.csv: is damaged .row 1: expected id, predicted, label"):
        read_results(planned)
    (run / "predictions.csv").write_bytes(b"\xff")
    with pytest.raises(RunError, match="predictions.csv: cannot be read"):
        read_results(planned)


@pytest.mark.parametrize(
    "row, message",
    [
        ("", "is damaged; expected rows of probabilities for calm, loud"),
        ("u1,calm,calm,nan,0.5\n", "is damaged; expected rows of probabilities"),
        ("u1,calm,calm,5,0.5\n", "is damaged; expected rows of probabilities"),
        ("u1,odd,calm,0.5,0.5\n", "cannot be read"),
        ("u1,calm,calm,0.5\n", "is damaged .row 1: expected label, probability_calm, probability_loud"),
    ],
)
def test_predictions_that_are_none_are_refused(tmp_path, row, message):
    run = run_with(tmp_path, metrics_json=METRICS, config_json=CONFIG, predictions_csv=PREDICTIONS + row)
    with pytest.raises(RunError, match=f"predictions.csv: {message}"):
        read_evaluation(run)


def test_a_config_without_labels_cannot_be_evaluated(tmp_path):
    run = run_with(tmp_path, metrics_json=METRICS, config_json={"options": {}}, predictions_csv=PREDICTIONS)
    with pytest.raises(RunError, match="config.json: is damaged .it lacks records"):
        read_evaluation(run)


@pytest.mark.parametrize("content", ["", "epoch,loss\n1,2\n", ",".join(HISTORY_COLUMNS) + "\n1,2\n"])
def test_a_damaged_history_is_refused(tmp_path, content):
    run = run_with(tmp_path, history_csv=content)
    with pytest.raises(RunError, match="history.csv: (cannot be read|expected the columns epoch, loss)"):
        read_history(run)
