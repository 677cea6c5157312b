"""What an export refuses: requests that no training could have used, and runs that cannot be exported."""

import json
import resource
import shutil
import zipfile

import numpy as np
import pytest
import soundfile

from can_tf.audio import wav_bytes
from can_tf.errors import ExportError, PredictionError, RunError
from can_tf.export.trained import load_run
from can_tf.export.write import export_run
from tests.conftest import without_checksums

pytestmark = pytest.mark.long

BAD = {
    "no words": ({"num_words": [0]}, "num_words"),
    "more words than there are": ({"num_words": [9]}, "num_words"),
    "NaN": ({"start": [[np.nan, 0.5]]}, "finite"),
    "an empty word": ({"words": [["", "b"]]}, "empty word"),
    "a word outside the audio": ({"start": [[0.0, 50.0]], "end": [[0.5, 51.0]]}, "inside its audio"),
    "an end before its start": ({"end": [[0.5, 0.2]]}, "end behind its start"),
    "words that overlap without end": (
        {"words": [["a"] * 5], "start": [[0.0] * 5], "end": [[1.0] * 5], "num_words": [5]},
        "at most 3 times as long",
    ),
    "not a wav": ({"audio": [b"hello"]}, "RIFF"),
    "another sample rate": ({"audio": "8 kHz"}, "8000"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_training_would_refuse_is_refused_with_a_reason(local_model, tmp_path, name):
    change, reason = BAD[name]
    samples = np.random.default_rng(0).normal(size=16_000) * 0.1
    inputs = {
        "audio": np.array([wav_bytes(samples)], object),
        "words": np.array([["a", "b"]], object),
        "start": np.array([[0.0, 0.5]], np.float32),
        "end": np.array([[0.5, 1.0]], np.float32),
        "num_words": np.array([2], np.int32),
    }
    for key, value in change.items():
        if value == "8 kHz":
            soundfile.write(tmp_path / "slow.wav", samples, 8_000)
            value = [(tmp_path / "slow.wav").read_bytes()]
        inputs[key] = np.array(value, inputs[key].dtype)
    with pytest.raises(PredictionError, match=reason) as error:
        local_model.answer(inputs)
    assert "\n" not in str(error.value)
    assert "{{node" not in str(error.value)


def test_a_run_that_is_not_finished_cannot_be_exported(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        export_run(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    "where, name, value, message",
    [
        ("options", "model", [], "options.model"),
        ("options", "model", "x", "options.model"),
        ("records", "fillers", "some", "records.fillers"),
        ("records", "features", {}, "records.features lacks name"),
    ],
)
def test_a_run_with_a_damaged_config_is_refused(trained, tmp_path, where, name, value, message):
    config = json.loads((trained.run / "config.json").read_text())
    config[where][name] = value
    shutil.copytree(trained.run, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    without_checksums(tmp_path / "run")
    with pytest.raises(RunError, match=message):
        load_run(tmp_path / "run")


def with_other_layers(trained, tmp_path, change):
    """A copy of a run whose model's layers are changed, and nothing else."""
    shutil.copytree(trained.run, tmp_path / "run")
    path = tmp_path / "run" / "model.keras"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(config["config"])
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    without_checksums(tmp_path / "run")
    return tmp_path / "run"


def rename_cross_attention(config):
    text = json.dumps(config).replace('"cross_attention"', '"attention"')
    config.clear()
    config.update(json.loads(text))


def without_layers(config):
    config["layers"] = config["layers"][:2]


def of_a_million_units(config):
    for layer in config["layers"]:
        if layer["config"]["name"].endswith("_blstm"):
            layer["config"]["units"] = 10**6


@pytest.mark.parametrize(
    "change, message",
    [
        (rename_cross_attention, "is no Cross Attention Network"),
        (without_layers, "cannot be loaded"),
        (of_a_million_units, "cannot be loaded"),
    ],
)
def test_a_model_of_other_layers_is_refused_before_they_are_made(trained, tmp_path, change, message):
    run = with_other_layers(trained, tmp_path, change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RunError, match=message) as error:
        load_run(run)
    assert str(error.value).startswith(str(run / "model.keras"))
    assert "\n" not in str(error.value)
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 2**30


@pytest.mark.parametrize("name, value", [("labels", ["ang", "hap"]), ("frame_mean", [0.0]), ("frame_mean", [0.0] * 80)])
def test_a_model_that_is_not_what_its_description_says_is_refused(trained, tmp_path, name, value):
    shutil.copytree(trained.run, tmp_path / "run")
    path = tmp_path / "run" / "model.json"
    config = json.loads(path.read_text())
    config[name] = value
    config["frame_variance"] = [1.0] * len(config["frame_mean"])
    path.write_text(json.dumps(config))
    without_checksums(tmp_path / "run")
    with pytest.raises(RunError, match=f"expected {len(config['frame_mean'])} and {len(config['labels'])}, as model"):
        load_run(tmp_path / "run")


def test_features_that_nobody_knows_are_refused(trained, tmp_path):
    config = json.loads((trained.run / "config.json").read_text())
    config["records"]["features"]["new"] = 1
    shutil.copytree(trained.run, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    without_checksums(tmp_path / "run")
    with pytest.raises(ExportError, match="unknown features .mfcc has no setting 'new'"):
        load_run(tmp_path / "run")
