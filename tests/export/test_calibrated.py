"""Exports with calibrated probabilities: what NumPy computes, through every signature."""

import json

import numpy as np
import pytest
import tensorflow as tf

from can_tf.errors import ExportError, RunError
from can_tf.export import write as export_module
from can_tf.export.warm_up import warm_up_requests
from can_tf.export.write import export_run
from can_tf.features.mfcc import Mfcc
from can_tf.models.losses import final_log_probabilities
from can_tf.training.calibration import calibration_of
from tests.trained import OPTIONS

pytestmark = pytest.mark.long


@pytest.mark.parametrize("signature", ["serving_default", "waveform", "features"])
def test_every_signature_gives_what_numpy_computes(calibrated, trained, signature):
    vocabulary = json.loads((trained.run / "model.json").read_text())["vocabulary"]
    requests = dict(warm_up_requests(vocabulary, Mfcc(), 0.1))
    loaded = tf.saved_model.load(str(calibrated.folder))
    outputs = loaded.signatures[signature](
        **{name: tf.constant(values) for name, values in requests[signature].items()}
    )
    features, most = requests["features"], OPTIONS.max_segment_frames
    cut = {
        "words": tf.constant(features["words"]),
        "frames": tf.constant(features["frames"][:, :, :most]),
        "segment_frames": tf.constant(np.minimum(features["segment_frames"], most)),
    }
    logits = trained.model(cut, training=False)
    powers = np.exp(np.asarray(final_log_probabilities(logits, OPTIONS.alpha), np.float64)) ** (
        1 / calibrated.temperature
    )
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs["calibrated_probabilities"], expected, atol=1e-6)
    assert np.abs(outputs["calibrated_probabilities"] - outputs["probabilities"]).max() > 1e-3


def test_description_and_card_tell_the_temperature(calibrated, trained):
    found = calibration_of(trained.run, trained.records.labels)
    description = json.loads((calibrated.folder / "assets.extra" / "can_tf.json").read_text())
    assert description["calibration"] == found.to_json()
    card = (calibrated.folder / "model_card.md").read_text()
    assert f"have the temperature {calibrated.temperature:.3f}, fitted on the {found.validation_count} utt" in card
    assert f"from {found.unscaled['ece']:.3f} to {found.scaled['ece']:.3f}" in card


def test_description_and_card_tell_of_a_cross_validation_and_not_where_it_was(calibrated, trained):
    summary = json.loads((calibrated.folder.parents[1] / "cv" / "summary.json").read_text())
    text = (calibrated.folder / "assets.extra" / "can_tf.json").read_text()
    assert json.loads(text)["cross_validations"] == [summary]
    assert str(trained.records.folder) not in text
    score = summary["intervals"][0]["ua"]
    assert score["value"] == json.loads((trained.run / "metrics.json").read_text())["ua"]
    shown = f"| {score['value']:.3f} ({score['low']:.2f} to {score['high']:.2f}) |"
    assert shown in (calibrated.folder / "model_card.md").read_text()


def test_without_being_asked_for_they_are_left_out(exported):
    assert "calibrated_probabilities" not in tf.saved_model.load(str(exported.folder)).signatures["features"](
        **{name: tf.constant(values) for name, values in warm_up_requests(("a",), Mfcc(), 0.1)[2][1].items()}
    )
    assert json.loads((exported.folder / "assets.extra" / "can_tf.json").read_text())["calibration"] is None
    assert "Probabilities are not calibrated" in (exported.folder / "model_card.md").read_text()


def test_the_check_notices_a_wrong_temperature(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "scaled", lambda probabilities, temperature: probabilities)
    with pytest.raises(ExportError, match="differs from the Keras model"):
        export_run(trained.run, tmp_path / "can", calibrated=True)
    assert not list((tmp_path / "can").glob("[0-9]*"))


def test_a_run_without_validation_predictions_cannot_be_calibrated(trained, tmp_path):
    for name in ("config.json", "metrics.json", "model.json", "model.keras", "predictions.csv"):
        (tmp_path / name).write_bytes((trained.run / name).read_bytes())
    with pytest.raises(RunError, match="validation_predictions.csv: cannot be read"):
        export_run(tmp_path, tmp_path / "out", calibrated=True)
