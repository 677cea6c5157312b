"""TensorBoard's log, as its own reader reads it."""

import dataclasses
import shutil

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams import plugin_data_pb2

from can_tf.training.run_folder import read_history
from can_tf.training.tracking.tensorboard import TensorBoardLog, last_steps
from can_tf.training.tracking.tracker import tracked_run


def events_in(folder):
    """Returns name, step and value of what stands in the logs of a folder, in order."""
    return [
        (value.tag, event.step, value)
        for path in sorted(folder.glob("events.*"))
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]


def scalars(folder, name):
    return [
        (step, pytest.approx(float(np.frombuffer(value.tensor.tensor_content, np.float32)[0]), rel=1e-6))
        for tag, step, value in events_in(folder)
        if tag == name
    ]


def test_each_epoch_stands_in_the_log_once_and_is_counted_from_1(tracked):
    history = read_history(tracked.folder)
    log = tracked.folder / "tensorboard"
    assert [(row["epoch"], row["loss"]) for row in history] == scalars(log / "train", "epoch_loss")
    for name in ("loss", "wa", "ua"):
        of_validation = [(row["epoch"], row[f"validation_{name}"]) for row in history]
        assert of_validation == scalars(log / "validation", f"epoch_{name}")
    assert [step for step, _ in scalars(log / "train", "epoch_text_loss")] == [1, 2, 3]


def test_hyperparameters_and_the_end_of_the_session_stand_in_it_once(tracked):
    told = [
        (tag, plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content))
        for tag, _, value in events_in(tracked.folder / "tensorboard")
        if tag.startswith("_hparams_")
    ]
    assert [tag for tag, _ in told] == ["_hparams_/session_start_info", "_hparams_/session_end_info"]
    parameters = told[0][1].session_start_info.hparams
    assert parameters["learning_rate"].number_value == pytest.approx(0.02)
    assert parameters["model"].string_value == "can"
    assert parameters["glove"].string_value == "none"
    assert parameters["features"].string_value == "mfcc"


def test_what_came_out_stands_in_it(tracked):
    log = tracked.folder / "tensorboard"
    assert scalars(log, "test/wa") == [(3, tracked.metrics["wa"])]
    [(step, value)] = [(step, value) for tag, step, value in events_in(log) if tag == "test/confusion"]
    (calm, _), (_, loud) = tracked.metrics["confusion"]
    table = value.tensor.string_val[0].decode()
    assert step == 3
    assert table.startswith("| true \\ predicted | calm | loud |\n| --- | --- | --- |\n| calm |")
    assert f"| calm | {calm} |" in table
    assert table.endswith(f"| {loud} |")


def test_an_epoch_that_a_kill_has_kept_from_the_log_is_written_when_it_goes_on(tracked, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(tracked.folder, folder)
    shutil.rmtree(folder / "tensorboard")
    history = [{**row, "epoch": int(row["epoch"])} for row in read_history(folder)]
    for count in (1, 3, 3):  # As if the training had been killed after the first, and after the last.
        log = TensorBoardLog(tracked_run(folder))
        log.begin(history[:count])
        log.stop(KeyboardInterrupt())
    assert [step for step, _ in scalars(folder / "tensorboard" / "validation", "epoch_wa")] == [1, 2, 3]


def test_a_log_that_is_cut_short_is_read_up_to_there(tracked, tmp_path):
    shutil.copytree(tracked.folder / "tensorboard" / "train", tmp_path / "train")
    last = max((tmp_path / "train").glob("events.*"))
    last.write_bytes(last.read_bytes()[:-5])
    assert last_steps(tmp_path / "train")["epoch_loss"] == 3
    assert last_steps(tmp_path / "nowhere") == {}


def test_labels_are_no_markup_in_the_table(tracked, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(tracked.folder, folder)
    shutil.rmtree(folder / "tensorboard")
    scores = {**tracked.metrics, "recall": {"a|b": 1.0, "<b>": 0.0}}
    run = dataclasses.replace(tracked_run(folder))
    TensorBoardLog(run).end([{}], scores, "metrics.json")
    [text] = [value.tensor.string_val[0] for tag, _, value in events_in(folder / "tensorboard") if "confusion" in tag]
    assert text.startswith(rb"| true \ predicted | a&#124;b | &lt;b> |")
