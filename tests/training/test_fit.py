import dataclasses
import functools
import json
import math
import shutil

import keras
import numpy as np
import pytest

from can_tf.checksums import changes, read_checksums
from can_tf.errors import BusyError, ConfigError, RunError
from can_tf.locks import alone_in
from can_tf.models.losses import final_log_probabilities
from can_tf.provenance import git_commit, processor, versions
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.pipeline import EpochOrder, batches
from can_tf.report.run import read_evaluation
from can_tf.training import run_folder
from can_tf.training.data import split_of
from can_tf.training.fit import train_fold, validation_score
from can_tf.training.options import TrainOptions, read_config
from can_tf.training.run_folder import default_run_folder, read_history
from can_tf.training.run_state import RunState

OPTIONS = TrainOptions(units=4, heads=2, epochs=4, patience=2, batch_size=32, learning_rate=0.02)


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory, tone_records):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, train_fold(tone_records, folder, OPTIONS)


def test_the_run_folder_holds_what_was_asked_and_what_came_out(finished_run, tone_records):
    folder, metrics = finished_run
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "metrics.json",
        "model.json",
        "model.keras",
        "history.csv",
        "predictions.csv",
        "validation_predictions.csv",
        "tensorboard",
        "SHA256SUMS",
        ".lock",
    }
    assert changes(folder) == []
    assert set(read_checksums(folder)) == {path.name for path in folder.iterdir()} - {
        "tensorboard",
        "SHA256SUMS",
        ".lock",
    }
    config = json.loads((folder / "config.json").read_text())
    assert config["options"] == dataclasses.asdict(OPTIONS)
    assert config["records"]["fingerprint"] == tone_records.fingerprint
    assert config["versions"]["keras"] == keras.__version__
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    for part in (metrics, metrics["text"], metrics["audio"], metrics["majority"], metrics["validation"]):
        assert {"wa", "ua", "macro_f1", "ece", "recall"} <= set(part)
    assert metrics["epochs"] == len(read_history(folder))
    assert metrics["synthetic"] is True


def test_training_learns(finished_run):
    folder, _ = finished_run
    losses = [row["loss"] for row in read_history(folder)]
    assert losses[-1] < losses[0]


def test_the_saved_model_gives_the_predictions_of_the_best_epoch(finished_run, tone_records):
    folder, metrics = finished_run
    model = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    test = split_of(tone_records, OPTIONS).test
    inputs = batches(tone_records, EpochOrder(test, 8)).map(lambda inputs, _: inputs)
    probabilities = np.exp(final_log_probabilities(model.predict(inputs, verbose=0), OPTIONS.alpha))
    evaluation = read_evaluation(folder)
    by_id = dict(
        zip(
            [row.split(",")[0] for row in (folder / "predictions.csv").read_text().split()[1:]],
            evaluation.probabilities,
            strict=True,
        )
    )
    np.testing.assert_allclose(probabilities, [by_id[utterance.id] for utterance in test], atol=1e-5)
    history = read_history(folder)
    assert metrics["validation"]["wa"] == max(row["validation_wa"] for row in history)
    assert metrics["best_epoch"] == 1 + int(np.argmax([row["validation_wa"] for row in history]))


def test_the_best_epoch_can_be_that_of_the_lowest_loss(tone_records, tmp_path):
    options = dataclasses.replace(OPTIONS, epochs=3, monitor="loss")
    metrics = train_fold(tone_records, tmp_path / "run", options)
    losses = [row["validation_loss"] for row in read_history(tmp_path / "run")]
    assert metrics["best_epoch"] == 1 + int(np.argmin(losses))
    epochs = [{"validation_wa": 1.0, "validation_loss": loss} for loss in (0.5, 0.25)]
    assert [max(epochs, key=functools.partial(validation_score, monitor=name)) for name in ("wa", "loss")] == epochs


def test_a_finished_run_says_so_and_is_not_trained_again(finished_run, tone_records):
    folder, metrics = finished_run
    events = []
    assert train_fold(tone_records, folder, OPTIONS, events.append) == metrics
    assert [event.line() for event in events] == [f"{folder} is done already."]


def test_an_interrupted_run_ends_with_the_same_weights(finished_run, tone_records, tmp_path):
    class StopError(Exception):
        pass

    def stop_in_the_second_epoch(event):
        if event.work == "Epoch 2":
            raise StopError

    _, undisturbed = finished_run
    with pytest.raises(StopError):
        train_fold(tone_records, tmp_path / "run", OPTIONS, stop_in_the_second_epoch)
    events = []
    metrics = train_fold(tone_records, tmp_path / "run", OPTIONS, events.append)
    assert "Going on after epoch 1." in [event.line() for event in events]
    assert metrics["weights_sha256"] == undisturbed["weights_sha256"]
    assert metrics["wa"] == undisturbed["wa"]


@pytest.mark.long
def test_records_of_two_workers_give_the_same_weights_as_those_of_one(finished_run, tone_corpus, tmp_path):
    _, metrics = finished_run
    records = build_records(tone_corpus, tmp_path / "records", BuildOptions(), workers=2)
    assert train_fold(records, tmp_path / "run", OPTIONS)["weights_sha256"] == metrics["weights_sha256"]


def test_a_kill_between_state_and_history_costs_no_line_of_the_history(tone_records, tmp_path):
    options = dataclasses.replace(OPTIONS, epochs=2)
    train_fold(tone_records, tmp_path, options, validation_only=True)
    expected = (tmp_path / "history.csv").read_text()
    (tmp_path / "history.csv").write_text("".join(expected.splitlines(keepends=True)[:-1]))
    train_fold(tone_records, tmp_path, options)
    assert (tmp_path / "history.csv").read_text() == expected


def test_a_kill_after_the_metrics_leaves_nothing_in_the_end(finished_run, tone_records, tmp_path):
    folder, metrics = finished_run
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    (copy / "checkpoint").mkdir()
    (copy / "checkpoint" / "epoch-0000.npz").touch()
    assert train_fold(tone_records, copy, OPTIONS) == metrics
    assert not (copy / "checkpoint").exists()


def test_two_trainings_in_one_folder_do_not_meet(tone_records, tmp_path):
    with alone_in(tmp_path), pytest.raises(BusyError, match="another can_tf process is at work here"):
        train_fold(tone_records, tmp_path, OPTIONS)


def test_a_run_of_other_versions_goes_on_and_says_so(tone_records, tmp_path, monkeypatch):
    options = dataclasses.replace(OPTIONS, epochs=1)
    with monkeypatch.context() as earlier:
        earlier.setattr(run_folder, "versions", lambda: {**versions(), "keras": f"0.{keras.__version__}"})
        earlier.setattr(run_folder, "git_commit", lambda: "1b2c3d")
        earlier.setattr(run_folder, "processor", lambda: "abacus")
        train_fold(tone_records, tmp_path, options, validation_only=True)
    events = []
    train_fold(tone_records, tmp_path, options, events.append)
    begun = (
        f"keras 0.{keras.__version__} (now {keras.__version__}), commit 1b2c3d (now {git_commit()}), "
        f"processor abacus (now {processor()})"
    )
    warning = f"It was begun with {begun}: the result may differ from that of one go."
    assert warning in [event.line() for event in events]


def test_other_options_or_records_need_another_run_folder(finished_run, tone_records):
    folder, _ = finished_run
    with pytest.raises(RunError, match=r"belongs to a training with alpha 0.1 \(now 0.2\), seed 0 \(now 1\)"):
        train_fold(tone_records, folder, dataclasses.replace(OPTIONS, alpha=0.2, seed=1))
    description = {**tone_records.description, "fingerprint": "other"}
    with pytest.raises(RunError, match="belongs to a training with other records. Give another folder with --run"):
        train_fold(dataclasses.replace(tone_records, description=description), folder, OPTIONS)
    description["overlap"] = 0.2
    with pytest.raises(RunError, match="belongs to a training with other records of other overlap. Give"):
        train_fold(dataclasses.replace(tone_records, description=description), folder, OPTIONS)


def test_a_folder_of_something_else_is_not_written_to(tone_records, tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(RunError, match="is not empty and not a run"):
        train_fold(tone_records, tmp_path, OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_model_is_refused(tone_records, tmp_path):
    with pytest.raises(ConfigError, match="there is no model 'cannot'; expected one of audio, can, can-no"):
        train_fold(tone_records, tmp_path / "run", dataclasses.replace(OPTIONS, model="cannot"))


@pytest.mark.parametrize(
    "values, message",
    [
        ({"heads": 0}, "heads must be at least 1, got 0"),
        ({"alpha": -0.1}, "alpha must not be negative"),
        ({"alpha": float("nan")}, "alpha must not be negative, got nan"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({"heads": "four"}, "heads must be a whole number, got 'four'"),
        ({"heads": 2.0}, "heads must be a whole number, got 2.0"),
        ({"epochs": True}, "epochs must be a whole number, got True"),
        ({"glove": 3}, "glove must be a path, got 3"),
        ({"model": "../can"}, "model must be a bare name, got '../can'"),
        ({"seed": 2**31}, "seed must be at most 2147483647"),
        ({"units": 10**400}, "units must be at most 2147483647"),
        ({"learning_rate": math.inf}, "learning_rate must be a finite number"),
        ({"alpha": 10**400}, "alpha must be a finite number"),
    ],
)
def test_impossible_options_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        TrainOptions(**values)


def test_a_config_file_with_an_unknown_option_is_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"alhpa": 0.2}')
    with pytest.raises(ConfigError, match="no such option: alhpa. The options are fold, protocol, folds, model, alpha"):
        read_config(path)
    path.write_text("[1]")
    with pytest.raises(ConfigError, match="expected an object of options, found list"):
        read_config(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        read_config(path)


def test_a_run_ends_when_patience_is_lost_or_epochs_are_done():
    options = TrainOptions(epochs=5, patience=2)
    assert not RunState().ends(options)
    assert not RunState(history=[{}] * 2, best_epoch=0).ends(options)
    assert RunState(history=[{}] * 3, best_epoch=0).ends(options)
    assert RunState(history=[{}] * 5, best_epoch=4).ends(options)


def test_the_run_folder_is_named_after_model_protocol_fold_and_seed():
    assert str(default_run_folder(TrainOptions(fold=3, seed=7))) == "runs/can-paper-fold3-seed7"


def test_predictions_that_do_not_give_the_metrics_are_noticed(finished_run, tmp_path):
    folder, _ = finished_run
    for name in ("metrics.json", "config.json", "predictions.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    rows = (tmp_path / "predictions.csv").read_text().replace(",calm,", ",loud,", 1)
    (tmp_path / "predictions.csv").write_text(rows)
    with pytest.raises(RunError, match="does not give the figures of metrics.json"):
        read_evaluation(tmp_path)


@pytest.mark.parametrize("name", ["metrics.json", "config.json"])
def test_an_unfinished_or_damaged_run_cannot_be_evaluated(tmp_path, name):
    with pytest.raises(RunError, match="is not a run folder"):
        read_evaluation(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match="the training is not finished"):
        read_evaluation(tmp_path)
    (tmp_path / "metrics.json").write_text("{}")
    (tmp_path / name).write_text("{")
    with pytest.raises(RunError, match=f"{name}: is damaged"):
        read_evaluation(tmp_path)


def test_balanced_classes_weigh_by_the_training_set(tone_records, tmp_path):
    options = dataclasses.replace(OPTIONS, epochs=1, class_weight="balanced", protocol="session")
    train_fold(tone_records, tmp_path / "run", options)
    weights = json.loads((tmp_path / "run" / "model.json").read_text())["class_weights"]
    labels = [utterance.label for utterance in split_of(tone_records, options).train]
    expected = [len(labels) / (2 * labels.count(label)) for label in tone_records.labels]
    assert weights == pytest.approx(expected)
    with pytest.raises(ConfigError, match="class_weight must be one of none, balanced"):
        dataclasses.replace(OPTIONS, class_weight="heavy")


@pytest.mark.parametrize("name, message", [("mha", "--segmentation whole"), ("audio", "--segmentation whole")])
def test_a_model_of_frames_refuses_word_segments(tone_records, tmp_path, name, message):
    with pytest.raises(ConfigError, match=message):
        train_fold(tone_records, tmp_path / "run", dataclasses.replace(OPTIONS, model=name))
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_models_of_frames_train_on_whole_utterances_and_the_can_does_not(tone_corpus, tmp_path):
    whole = build_records(tone_corpus, tmp_path / "records", BuildOptions(segmentation="whole"))
    for name in ("text", "audio", "mha", "learned-alignment"):
        metrics = train_fold(whole, tmp_path / name, dataclasses.replace(OPTIONS, model=name, epochs=2))
        assert metrics["count"] == 15
        assert "text" not in metrics
        losses = [row["loss"] for row in read_history(tmp_path / name)]
        assert losses[1] < losses[0]
    with pytest.raises(ConfigError, match="--segmentation aligned or equal"):
        train_fold(whole, tmp_path / "can", OPTIONS)
