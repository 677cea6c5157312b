"""`can-tf export`, `predict` and `serve` as they are typed."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import can_tf
from can_tf.alignment.word import Word
from can_tf.audio.resampling import resample
from can_tf.cli.main import main
from can_tf.features.mfcc import Mfcc
from can_tf.features.recordings import SegmentedAudio, frames_of_recordings
from tests.conftest import write_tone
from tests.trained import OPTIONS

pytestmark = pytest.mark.long

SPEECH = Path(__file__).parents[1] / "alignment" / "data" / "austen-0880.flac"
ALIGNMENT = [{"word": "good", "start": 0.0, "end": 0.5}, {"word": "day", "start": 0.5, "end": 1.0}]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def recordings(tmp_path):
    for name, rate in (("a", 16_000), ("b", 44_100)):
        write_tone(tmp_path / "audio" / f"{name}.wav", 1.0, rate=rate, channels=1 + (name == "b"))
        (tmp_path / "audio" / f"{name}.json").write_text(json.dumps(ALIGNMENT))
    return tmp_path / "audio"


def test_frames_are_written_for_use_elsewhere(exported, recordings, tmp_path):
    (recordings / "c.wav").write_bytes(b"RIFF")
    done = run("predict", recordings, "--model", exported.folder.parent, "--frames", tmp_path / "frames.npz")
    assert done.exit_code == 1
    assert "c.wav" in done.stderr
    assert "frames of 2 recordings" in done.stdout
    with np.load(tmp_path / "frames.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert arrays["recordings"].tolist() == [str(recordings / "a.wav"), str(recordings / "b.wav")]
    assert arrays["recording_words"].tolist() == [2, 2]
    assert arrays["words"].tolist() == ["good", "day"] * 2
    assert (arrays["start"].tolist(), arrays["end"].tolist()) == ([0.0, 0.5] * 2, [0.5, 1.0] * 2)
    samples = can_tf.read_audio(recordings / "a.wav")
    [(expected, counts)] = frames_of_recordings([SegmentedAudio(samples, [(0.0, 0.5), (0.5, 1.0)])], Mfcc(), 0.1)
    most = OPTIONS.max_segment_frames
    cut = np.concatenate([segment[:most] for segment in np.split(expected, np.cumsum(counts)[:-1])])
    np.testing.assert_allclose(arrays["frames"][: len(cut)], cut, atol=1e-3)
    assert arrays["segment_frames"][:2].tolist() == np.minimum(counts, most).tolist()
    refused = run("predict", recordings, "--frames", tmp_path / "x.npz", "--json")
    assert refused.exit_code == 1
    assert "--frames predicts nothing" in refused.stderr


def test_predict_reads_a_folder_and_finds_the_alignments_beside(exported, recordings):
    done = run("predict", recordings, "--model", exported.folder.parent, "--json")
    assert done.exit_code == 0, done.output
    answers = json.loads(done.stdout)
    assert [answer["path"] for answer in answers] == [str(recordings / "a.wav"), str(recordings / "b.wav")]
    for answer in answers:
        assert set(answer) == {
            "path",
            "label",
            "confidence",
            "most_probable",
            "probabilities",
            "calibrated_probabilities",
            "fused_probabilities",
            "text_probabilities",
            "audio_probabilities",
            "words",
            "words_from",
        }
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert answer["label"] == answer["most_probable"]
        assert answer["confidence"] == max(answer["probabilities"].values())
        assert answer["calibrated_probabilities"] is None
        assert [word["word"] for word in answer["words"]] == ["good", "day"]
        for side in ("text_attention", "audio_attention"):
            assert sum(word[side] for word in answer["words"]) == pytest.approx(1.0, abs=1e-5)


def test_a_table_shows_words_and_attention_of_a_single_recording(exported, recordings):
    done = run("predict", recordings / "a.wav", "--model", exported.folder, "--alignment", recordings)
    assert done.exit_code == 0, done.output
    for text in ("confidence", "text alone", "audio attention", "good", "#"):
        assert text in done.stdout


def test_one_bad_recording_does_not_stop_the_others(exported, recordings):
    (recordings / "c.wav").write_bytes(b"RIFF")
    (recordings / "c.json").write_text(json.dumps(ALIGNMENT))
    soundfile.write(recordings / "d.wav", np.zeros(16_000), 16_000)
    write_tone(recordings / "e.wav", 0.3)
    (recordings / "e.json").write_text(json.dumps(ALIGNMENT))
    done = run("predict", recordings, "--model", exported.folder, "--json", "--batch-size", 2)
    assert done.exit_code == 1
    answers = {answer["path"][-5:]: answer for answer in json.loads(done.stdout)}
    assert {name for name, answer in answers.items() if "label" in answer} == {"a.wav", "b.wav"}
    assert "d.wav: is silent: each of its samples is 0" in answers["d.wav"]["error"]
    assert "alignment ends at 1.00 s and the audio at 0.30 s" in answers["e.wav"]["error"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 3
    assert all(any(name in line for name in ("c.wav", "d.wav", "e.wav")) for line in errors)


@pytest.fixture
def speech(tmp_path):
    """A recording with nothing beside it, and its transcript elsewhere."""
    (tmp_path / "words").mkdir()
    shutil.copy(SPEECH.with_suffix(".txt"), tmp_path / "words" / "talk.txt")
    (tmp_path / "speech").mkdir()
    return Path(shutil.copy(SPEECH, tmp_path / "speech" / "talk.flac"))


def test_audio_alone_is_enough(exported, speech):
    done = run("predict", speech, "--model", exported.folder, "--json")
    assert done.exit_code == 0, done.output
    [answer] = json.loads(done.stdout)
    assert answer["words_from"] == "recognition"
    assert answer["label"] in answer["probabilities"]
    assert "young" in [word["word"] for word in answer["words"]]
    assert answer["words"][-1]["end"] == pytest.approx(soundfile.info(speech).duration, abs=1e-3)
    assert "1 of 1 recordings had neither an alignment nor a transcript: their words were recognized" in done.stderr
    assert "by pocketsphinx, which knows English alone and gets many words wrong (en 1)." in done.stderr
    assert "Not at hand is Whisper" in done.stderr


def test_a_transcript_is_enough(exported, speech, tmp_path):
    said = "He was not an ill-disposed young man"
    given = [said, tmp_path / "words" / "talk.txt", tmp_path / "words"]
    answers = [run("predict", speech, "--model", exported.folder, "--json", "--transcript", each) for each in given]
    shutil.copy(tmp_path / "words" / "talk.txt", speech.with_suffix(".txt"))
    answers.append(run("predict", speech, "--model", exported.folder, "--json"))
    first, *others = [json.loads(done.stdout) for done in answers]
    assert first[0]["words_from"] == "transcript"
    assert [word["word"] for word in first[0]["words"]] == said.lower().replace("-", " ").split()
    assert all(other == first for other in others)
    assert all("recognized" not in done.stderr for done in answers)


def test_words_given_go_before_those_beside(exported, speech):
    speech.with_suffix(".txt").write_text("quite other words")
    speech.with_suffix(".json").write_text(json.dumps(ALIGNMENT))
    sources = []
    for more in ([], ["--transcript", "He was not an ill disposed young man"]):
        done = run("predict", speech, "--model", exported.folder, "--json", *more)
        sources.append(json.loads(done.stdout)[0]["words_from"])
    assert sources == ["alignment", "transcript"]


def test_another_recognizer_can_be_given(exported, speech):
    class Oracle:
        def recognize(self, samples):
            assert samples.dtype == np.float32
            return (Word("he", 0.2, 0.4), Word("was", 0.4, len(samples) / 16_000))

    prediction = can_tf.load(exported.folder, recognizer=Oracle()).predict(speech)
    assert [word.text for word in prediction.words] == ["he", "was"]
    assert prediction.words_from == "recognition"


def test_speech_of_another_rate_is_understood_too(exported, speech):
    samples, _ = soundfile.read(speech, dtype="float32")
    soundfile.write(speech.with_suffix(".mp3"), np.repeat(resample(samples, 16_000, 44_100)[:, None], 2, 1), 44_100)
    done = run("predict", speech.with_suffix(".mp3"), "--model", exported.folder, "--json")
    assert "young" in [word["word"] for word in json.loads(done.stdout)[0]["words"]]


@pytest.mark.parametrize("command", ["predict", "explain", "align", "build-records", "serve"])
def test_a_recognizer_that_cannot_be_made_is_told_before_any_work(speech, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    what = [] if command in ("build-records", "serve") else [speech]
    done = run(command, *what, "--recognizer", "whisper")
    assert (done.exit_code, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "pip install 'can_tf[asr]'" in line
    [line] = run(command, *what, "--recognizer", "sphinx", "--language", "de").stderr.splitlines()
    assert "pocketsphinx knows English (en) alone" in line


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("predict", "{audio}", "--alignment", "{audio}", "--transcript", "yes"), "leave the transcript out"),
        (("predict", "{audio}", "--transcript", "one text"), "one text for 2 recordings"),
        (("predict", "{audio}", "--transcript", "{none}/none.txt"), "no such transcript"),
        (("predict", "{audio}", "--model", "{none}"), "Give another folder, or make one with: can-tf export"),
        (("predict", "{none}", "--model", "{model}"), "holds no recordings"),
        (("predict", "{audio}", "--alignment", "{none}/x", "--model", "{model}"), "no such alignment"),
        (
            ("predict", "{audio}", "--alignment", "{audio}/a.json", "--model", "{model}"),
            "one alignment for 2 recordings",
        ),
        (("predict", "{audio}", "--server", "localhost:8500"), "expected http://HOST:PORT"),
        (
            ("predict", "{audio}/a.wav", "--model", "{model}", "--max-seconds", "0.5"),
            "a.wav: is 1 s long at 16000 Hz; expected at most 0.5 s. Cut it at its pauses, or raise --max-seconds",
        ),
        (
            ("predict", "{audio}/a.wav", "--model", "{model}", "--timeline", "--max-seconds", "0.5"),
            "a.wav: is 1 s long at 16000 Hz; expected at most 0.5 s",
        ),
        (
            ("predict", "{audio}/a.wav", "--model", "{model}", "--max-words", "1"),
            "a.wav: the recording has 2 words; expected at most 1 for one utterance",
        ),
        (
            ("predict", "{audio}/a.wav", "--model", "{model}", "--transcript", "so very good", "--max-words", "2"),
            "a.wav: the transcript has 3 words; expected at most 2 for one utterance",
        ),
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
    assert set(report["differences"]) == {"serving_default", "waveform", "features", "frames"}
    assert max(report["differences"].values()) < 1e-5
    assert report["temperature"] is None
