"""`can-tf predict --reject-below`: what is not sure enough is uncertain, here and at a server."""

import json

import pytest
import soundfile
from click.testing import CliRunner

import can_tf
from can_tf.cli.main import main
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.conftest import write_tone
from tests.running import running

pytestmark = pytest.mark.long

ALIGNMENT = [{"word": "good", "start": 0.0, "end": 0.5}, {"word": "day", "start": 0.5, "end": 1.0}]


def predict(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


@pytest.fixture
def recording(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(ALIGNMENT))
    return write_tone(tmp_path / "a.wav", 1.0)


def test_a_server_gives_calibrated_probabilities_too(calibrated, recording):
    here = json.loads(predict(recording, "--model", calibrated.folder, "--json").stdout)
    with running(create_app(Versions(calibrated.folder.parent))) as address:
        there = json.loads(predict(recording, "--server", address, "--json").stdout)
    assert here[0]["confidence"] == max(here[0]["calibrated_probabilities"].values())
    assert there[0]["calibrated_probabilities"] == pytest.approx(here[0]["calibrated_probabilities"], abs=1e-6)


def test_what_is_too_uncertain_is_called_so(calibrated, recording):
    sure = json.loads(predict(recording, "--model", calibrated.folder, "--json").stdout)[0]
    above = min(sure["confidence"] + 1e-4, 1.0)
    done = predict(recording, "--model", calibrated.folder, "--reject-below", above, "--json")
    assert done.exit_code == 0, done.output
    assert "not calibrated" not in done.stderr
    [answer] = json.loads(done.stdout)
    assert answer == {**sure, "label": "uncertain"}
    table = predict(recording, "--model", calibrated.folder, "--reject-below", above).stdout.splitlines()
    assert table[2].split()[1:4] == ["uncertain", f"({sure['most_probable']})", f"{sure['confidence']:.3f}"]
    at_it = predict(recording, "--model", calibrated.folder, "--reject-below", sure["confidence"], "--json")
    assert json.loads(at_it.stdout) == [sure]


def test_a_timeline_is_uncertain_stretch_by_stretch(calibrated, recording, tmp_path):
    asked = (recording, "--model", calibrated.folder, "--timeline", "--reject-below", 1, "--rttm", tmp_path / "a.rttm")
    assert predict(*asked).stdout.splitlines()[3].split()[0] == "uncertain"
    [told] = json.loads(predict(*asked, "--json").stdout)
    assert [each["label"] for each in told["stretches"]] == ["uncertain"]
    assert told["stretches"][0]["most_probable"] in told["stretches"][0]["calibrated_probabilities"]
    fields = (tmp_path / "a.rttm").read_text().split()
    assert (fields[7], fields[8]) == ("uncertain", f"{told['stretches'][0]['confidence']:.3f}")


@pytest.mark.parametrize("more", [[], ["--timeline"]])
def test_an_export_without_them_says_how_to_have_them(exported, recording, more):
    asked = (recording, "--model", exported.folder, "--json", *more)
    done = predict(*asked, "--reject-below", 1)
    assert done.exit_code == 0, done.output
    [line] = [line for line in done.stderr.splitlines() if "not calibrated" in line]
    assert "can-tf export RUN --calibrated" in line
    assert "not calibrated" not in predict(*asked).stderr


def test_python_rejects_too(calibrated, recording):
    samples, _ = soundfile.read(recording, dtype="float32")
    words = [tuple(each.values()) for each in ALIGNMENT]
    prediction = can_tf.load(calibrated.folder, reject_below=1.0).predict(samples, words, sample_rate=16_000)
    assert prediction.label == "uncertain"
    assert prediction.confidence == prediction.calibrated_probabilities[prediction.most_probable]
    assert can_tf.load(calibrated.folder).predict(samples, words, sample_rate=16_000).label == prediction.most_probable


def test_a_confidence_above_1_is_wrong_usage(recording):
    assert predict(recording, "--reject-below", 1.5).exit_code == 2
