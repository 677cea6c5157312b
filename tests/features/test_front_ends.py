"""A new front end is one file and one line, and goes the whole way."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from can_tf.alignment.word import Word
from can_tf.audio import read_audio
from can_tf.cli.main import main
from can_tf.errors import ConfigError
from can_tf.features.mfcc import Mfcc
from can_tf.features.registry import FRONT_ENDS, front_end, front_end_from_json, front_end_to_json
from can_tf.prediction.requests import Request, inputs_of
from can_tf.prediction.servers import RestServer
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import load_dataset
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.conftest import write_tone
from tests.export.c_program import probabilities_by_c
from tests.features.log_mel import LogMel
from tests.running import running


@pytest.fixture
def log_mel(monkeypatch):
    monkeypatch.setitem(FRONT_ENDS, LogMel.name, LogMel)  # The line.


def test_a_front_end_is_known_by_name_and_settings(log_mel):
    assert front_end("log-mel").width == 23
    assert front_end("log-mel:mel_bins=7,hop_seconds=0.01") == LogMel(mel_bins=7, hop_seconds=0.01)
    with pytest.raises(ConfigError, match="log-mel: mel_bins: expected another value"):
        front_end("log-mel:mel_bins=many")
    assert front_end_from_json(front_end_to_json(LogMel(mel_bins=7))) == LogMel(mel_bins=7)


@pytest.mark.parametrize(
    "values, message",
    [
        ({}, "it lacks name"),
        ({"name": "plp"}, "there is no front end 'plp'; expected one of mfcc, whisper-base"),
        ({"name": "mfcc", "mel": 3}, "mfcc has no setting 'mel'; expected window_seconds, hop_seconds"),
        ({**front_end_to_json(Mfcc()), "mel_bins": 2.5}, "mfcc: mel_bins: expected another value"),
        ({**front_end_to_json(Mfcc()), "log_floor": 0}, "mfcc: log_floor: expected a number above 0"),
        ({**front_end_to_json(Mfcc()), "mel_max_hz": 9_000.0}, "mfcc: mel_min_hz, mel_max_hz: expected a band up to 8"),
        ({**front_end_to_json(Mfcc()), "hop_seconds": 0.5}, "mfcc: hop_seconds, window_seconds, fft_length: expected"),
    ],
)
def test_settings_that_cannot_be_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        front_end_from_json(values)


def test_the_registry_does_not_import_tensorflow():
    program = "import sys, can_tf.features.registry; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_records_are_built_with_it_and_say_so(log_mel, tone_corpus, tmp_path):
    records = build_records(tone_corpus, tmp_path / "records", BuildOptions(front_end=LogMel()))
    assert json.loads((records.folder / "dataset.json").read_text())["features"] == front_end_to_json(LogMel())
    assert load_dataset(records.folder).front_end == LogMel()
    first = records.utterances[0]
    assert (first.segments, first.frames) == (1, 1 + (3_360 - 400) // 320)  # 0.2 s, a tenth more at its end.


@pytest.mark.long
@pytest.mark.parametrize("name", ["log-mel", "whisper-base"])
def test_it_goes_from_recordings_to_the_answer_of_an_export(name, log_mel, tmp_path, monkeypatch):
    write_manifest(tmp_path)
    monkeypatch.chdir(tmp_path)
    run("build-records", "--corpus", "manifest", "--root", "corpus.csv", "--features", name, "--workers", 1)
    run("train", "--fold", 0, "--units", 4, "--heads", 2, "--epochs", 1, "--run", "run")
    exported = run("export", "run", "--out", "can")
    notice = tmp_path / "can" / "1" / "NOTICE.txt"
    if name == "whisper-base":
        assert "NOTICE.txt goes with every copy of it." in exported.stdout
        assert "Copyright (c) 2022 OpenAI" in notice.read_text()
    else:
        assert not notice.exists()
    answers = {
        answer["path"]: answer["probabilities"]
        for answer in json.loads(run("predict", *sorted(tmp_path.glob("*.wav")), "--model", "can", "--json").stdout)
    }
    tested = list(csv.DictReader((tmp_path / "run" / "predictions.csv").read_text().splitlines()))
    assert tested
    for row in tested:
        expected = [float(row[f"probability_{label}"]) for label in ("high", "low")]
        np.testing.assert_allclose(list(answers[str(tmp_path / f"{row['id']}.wav")].values()), expected, atol=1e-5)
    words = [Word("good", 0.0, 0.25), Word("day", 0.25, 0.6)]
    recording = tmp_path / f"{tested[-1]['id']}.wav"
    by_c = probabilities_by_c(tmp_path / "can" / "1", recording, words, tmp_path)
    np.testing.assert_allclose(by_c, expected, atol=1e-5)
    with running(create_app(Versions(tmp_path / "can"))) as address:
        served = RestServer(address).answer(inputs_of([Request(read_audio(recording), words)]))
    np.testing.assert_allclose(served["probabilities"], [expected], atol=1e-5)


@pytest.mark.long
def test_folds_searches_and_explanations_take_whispers_frames(tmp_path, monkeypatch):
    write_manifest(tmp_path)
    monkeypatch.chdir(tmp_path)
    run("build-records", "--corpus", "manifest", "--root", "corpus.csv", "--features", "whisper-base", "--workers", 1)
    [longest] = [line for line in run("inspect", "data/records").stdout.splitlines() if "longest segment" in line]
    assert longest.split() == ["longest", "segment", "(frames)", "1.00", "1.00", "1.00", "1.00", "1.00", "60.00"]
    small = ("--units", 4, "--epochs", 1)
    folds = json.loads(run("cross-validate", "--protocol", "speaker", *small, "--heads", 2, "--json").stdout)
    assert (folds["done"], {"final", "audio_reference"} - set(folds["scores"])) == (3, set())
    run("tune", "--over", "alpha,heads", "--trials", 1, *small)
    run("export", "runs/can-speaker-fold0-seed0", "--out", "can")
    run("explain", "u0.wav", "--model", "can", "--out", "page.html")
    assert "good" in (tmp_path / "page.html").read_text()


def write_manifest(folder):
    """Sixty tones of three speakers, high and low, of two words each."""
    rows = ["id,audio,label,speaker,alignment"]
    for index in range(60):
        write_tone(folder / f"u{index}.wav", 0.6, hertz=150 + 20 * index)
        words = [{"word": "good", "start": 0.0, "end": 0.25}, {"word": "day", "start": 0.25, "end": 0.6}]
        (folder / f"u{index}.json").write_text(json.dumps(words))
        rows.append(f"u{index},u{index}.wav,{('high', 'low')[index < 30]},{'abc'[index % 3]},u{index}.json")
    (folder / "corpus.csv").write_text("\n".join(rows))


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result
