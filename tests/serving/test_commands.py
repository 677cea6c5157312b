"""`can-tf export`, `predict` and `serve` as they are typed."""

import json

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from tests.conftest import write_tone

pytestmark = pytest.mark.long

ALIGNMENT = [{"word": "good", "start": 0.0, "end": 0.5}, {"word": "day", "start": 0.5, "end": 1.0}]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def recordings(tmp_path):
    for name, rate in (("a", 16_000), ("b", 44_100)):
        write_tone(tmp_path / "audio" / f"{name}.wav", 1.0, rate=rate, channels=1 + (name == "b"))
        (tmp_path / "audio" / f"{name}.json").write_text(json.dumps(ALIGNMENT))
    return tmp_path / "audio"


def test_predict_reads_a_folder_and_finds_the_alignments_beside(exported, recordings):
    done = run("predict", recordings, "--model", exported.folder.parent, "--json")
    assert done.exit_code == 0, done.output
    answers = json.loads(done.stdout)
    assert [answer["path"] for answer in answers] == [str(recordings / "a.wav"), str(recordings / "b.wav")]
    for answer in answers:
        assert set(answer) == {
            "path",
            "label",
            "probabilities",
            "text_probabilities",
            "audio_probabilities",
            "words",
        }
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert [word["word"] for word in answer["words"]] == ["good", "day"]
        for side in ("text_attention", "audio_attention"):
            assert sum(word[side] for word in answer["words"]) == pytest.approx(1.0, abs=1e-5)


def test_a_table_shows_words_and_attention_of_a_single_recording(exported, recordings):
    done = run("predict", recordings / "a.wav", "--model", exported.folder, "--alignment", recordings)
    assert done.exit_code == 0, done.output
    for text in ("probability", "text alone", "audio attention", "good", "#"):
        assert text in done.stdout


def test_one_bad_recording_does_not_stop_the_others(exported, recordings):
    (recordings / "c.wav").write_bytes(b"RIFF")
    (recordings / "c.json").write_text(json.dumps(ALIGNMENT))
    write_tone(recordings / "d.wav", 1.0)
    write_tone(recordings / "e.wav", 0.3)
    (recordings / "e.json").write_text(json.dumps(ALIGNMENT))
    done = run("predict", recordings, "--model", exported.folder, "--json", "--batch-size", 2)
    assert done.exit_code == 1
    answers = {answer["path"][-5:]: answer for answer in json.loads(done.stdout)}
    assert {name for name, answer in answers.items() if "label" in answer} == {"a.wav", "b.wav"}
    assert "no alignment stands beside it" in answers["d.wav"]["error"]
    assert "alignment ends at 1.00 s and the audio at 0.30 s" in answers["e.wav"]["error"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 3
    assert all(any(name in line for name in ("c.wav", "d.wav", "e.wav")) for line in errors)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("predict", "{audio}", "--model", "{none}"), "holds no exported model. Make one with: can-tf export"),
        (("predict", "{none}", "--model", "{model}"), "holds no recordings"),
        (("predict", "{audio}", "--alignment", "{none}/x", "--model", "{model}"), "no such alignment"),
        (
            ("predict", "{audio}", "--alignment", "{audio}/a.json", "--model", "{model}"),
            "one alignment for 2 recordings",
        ),
        (("predict", "{audio}", "--server", "localhost:8500"), "expected http://HOST:PORT"),
        (("serve", "--model", "{none}"), "holds no exported model"),
        (("export", "{none}"), "is not a run folder"),
    ],
)
def test_errors_take_a_line(exported, recordings, tmp_path, arguments, message):
    (tmp_path / "none").mkdir()
    places = {"audio": recordings, "none": tmp_path / "none", "model": exported.folder}
    done = run(*(argument.format(**places) for argument in arguments))
    assert done.exit_code == 1
    assert message in done.stderr
    assert len([line for line in done.stderr.splitlines() if "Error" in line]) == 1


def test_export_says_where_and_how_exact(trained, tmp_path):
    done = run("export", trained.run, "--out", tmp_path / "can", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["path"] == str(tmp_path / "can" / "1")
    assert set(report["differences"]) == {"serving_default", "waveform", "features"}
    assert max(report["differences"].values()) < 1e-5
