"""What is asked of a model, and what it says of itself."""

from pathlib import Path

import numpy as np
import pytest

import can_tf
from can_tf.errors import AudioError, ConfigError
from can_tf.prediction.many import predict_many
from tests.conftest import write_tone
from tests.prediction.stand_ins import stand_in_predictor

WORDS = [("not", 0.0, 0.5), ("again", 0.5, 1.0)]
NOISE = 0.1 * np.random.default_rng(0).normal(size=16_000)


def test_a_model_says_what_it_is():
    model = stand_in_predictor()
    assert (model.labels, model.version, repr(model)) == (("happy", "sad"), None, "<Predictor of a stand-in>")


@pytest.mark.long
def test_an_export_says_its_labels_and_version(exported, trained):
    model = can_tf.load(exported.folder.parent)
    assert model.labels == trained.records.labels
    assert (model.version, model.synthetic) == (1, True)
    assert repr(model) == f"<Predictor of {exported.folder}: labels {', '.join(trained.records.labels)}>"


@pytest.mark.parametrize(
    "several",
    [
        ["a.wav", "b.wav"],
        ("a.wav", Path("b.wav")),
        {Path("a.wav"): None},
        {"a.wav"},
        iter(["a.wav"]),
        [NOISE, NOISE],
        [(NOISE, 16_000)],
        [b"RIFF"],
    ],
    ids=lambda several: type(several).__name__,
)
def test_several_recordings_are_refused_in_a_line_that_says_who_takes_them(several):
    message = r"recordings: are several; expected one recording. For several, call can_tf.predict_many\(model, recordi"
    with pytest.raises(AudioError, match=message):
        stand_in_predictor().predict(several, WORDS)
    with pytest.raises(AudioError, match="or can_tf.timelines for long ones"):
        can_tf.timeline(stand_in_predictor(), several)


def test_a_folder_is_refused_in_a_line_that_says_who_takes_it(tmp_path):
    for folder in (tmp_path, str(tmp_path)):
        with pytest.raises(AudioError, match=rf"{tmp_path}: is a folder; expected one recording"):
            stand_in_predictor().predict(folder, WORDS)


def test_samples_come_with_their_rate():
    model = stand_in_predictor()
    expected = model.predict(NOISE, WORDS, sample_rate=16_000).probabilities
    for audio, rate in (
        ((NOISE, 16_000), None),
        (NOISE.tolist(), 16_000),
        ((NOISE.astype(np.float32), 16_000.0), None),
    ):
        assert model.predict(audio, WORDS, sample_rate=rate).probabilities == expected
    assert len(model.predict((NOISE, 16_000)).words) == 1  # Heard by the stand-in.
    for bare in (NOISE, NOISE.tolist()):
        with pytest.raises(AudioError, match="samples: came without a sample rate; expected sample_rate, in Hz"):
            model.predict(bare, WORDS)


@pytest.fixture
def folder(tmp_path):
    """Recordings, one with an alignment, one with a transcript, one with neither, and one that is none."""
    for name in ("a", "b", "c"):
        write_tone(tmp_path / "deep" / f"{name}.wav", 2.0)
    (tmp_path / "deep" / "a.json").write_text('[{"word": "yes", "start": 0.0, "end": 1.0}]')
    (tmp_path / "deep" / "b.txt").write_text("not again")
    (tmp_path / "d.wav").write_bytes(b"RIFF")
    return tmp_path


def test_a_folder_of_recordings_is_asked_about_as_the_command_does(folder):
    answers = predict_many(stand_in_predictor(), str(folder), out=folder / "answers.csv")
    assert [str(path.relative_to(folder)) for path in answers] == ["d.wav", "deep/a.wav", "deep/b.wav", "deep/c.wav"]
    failed, *good = answers.values()
    assert isinstance(failed, AudioError)
    assert [answer.words_from for answer in good] == ["alignment", "transcript", "recognition"]
    heading, first, second, *_ = (folder / "answers.csv").read_text().splitlines()
    assert heading == (
        "recording,label,most_probable,confidence,probability_happy,probability_sad,words_from,words,error"
    )
    assert first.startswith(f"{folder}/d.wav,,,,,,,,")
    assert "cannot be read as audio" in first
    assert second == f"{folder}/deep/a.wav,happy,happy,0.75,0.75,0.25,alignment,yes,"


def test_words_may_be_given_in_three_ways(folder):
    paths, model = [folder / "deep" / "a.wav", str(folder / "deep" / "b.wav")], stand_in_predictor()
    (folder / "words").mkdir()
    for name in ("a", "b"):
        (folder / "words" / f"{name}.json").write_text('[{"word": "no", "start": 0.0, "end": 1.0}]')
    for words in (folder / "words", str(folder / "words"), lambda path: (folder / "words" / "a.json", None)):
        answers = predict_many(model, paths, words)
        assert [answer.said for answer in answers.values()] == ["no", "no"]
    assert {answer.words_from for answer in predict_many(model, paths, lambda path: (None, None)).values()} == {
        "recognition"
    }
    for transcript in ("not again", folder / "deep" / "b.txt"):
        said = predict_many(model, folder / "deep" / "a.wav", transcript=transcript)
        assert [answer.words_from for answer in said.values()] == ["transcript"]


@pytest.mark.parametrize(
    "words, given, message",
    [
        (None, {"out": "answers.json"}, "answers.json: expected a name that ends in .csv"),
        (None, {"out": "nowhere/answers.csv"}, "there is no folder nowhere"),
        (None, {"transcript": "one text"}, "the transcript is one text for 4 recordings; give a folder"),
        ("deep", {"transcript": "one"}, "the alignment has the words already; leave the transcript out"),
        (lambda path: (None, None), {"transcript": "one"}, "given by a function; leave the transcript out"),
        ("nowhere", {}, "nowhere: there is no such alignment"),
    ],
)
def test_what_does_not_go_together_is_told_before_any_work(folder, monkeypatch, words, given, message):
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError, match=message):
        predict_many(stand_in_predictor(), folder, words, **given)


def test_one_call_writes_a_timeline(folder):
    recording, page = folder / "deep" / "c.wav", folder / "c.html"
    answers = can_tf.timelines(
        stand_in_predictor(), [recording, folder / "d.wav"], lambda path: (folder / "deep" / "a.json", None), out=page
    )
    assert list(answers) == [recording, folder / "d.wav"]
    assert [moment.answer.said for moment in answers[recording].moments] == ["yes"]
    assert isinstance(answers[folder / "d.wav"], AudioError)
    assert page.read_text().startswith("<!doctype html>")
    assert repr(answers[recording]) == f"<RecordingTimeline of {recording}: 1 stretch, happy 1>"


@pytest.mark.parametrize(
    "out, message",
    [
        (["c.csv", "c.srt"], "c.srt: holds one recording; 4 were given"),
        ("c.doc", "c.doc: expected a name that ends in .html"),
        ("nowhere/c.csv", "there is no folder nowhere"),
    ],
)
def test_a_timeline_that_cannot_be_written_is_refused_before_any_work(folder, monkeypatch, out, message):
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError, match=message):
        can_tf.timelines(stand_in_predictor(), folder, out=out)


def test_one_call_writes_a_page_that_explains(folder):
    answers = can_tf.explain_recordings(stand_in_predictor(), folder / "deep", out=folder / "deep.html")
    assert [answer.prediction.words_from for answer in answers.values()] == ["alignment", "transcript", "recognition"]
    assert "3 recordings" in (folder / "deep.html").read_text()
    with pytest.raises(ConfigError, match="deep.png: expected a name that ends in .html, .json for 3 recordings"):
        can_tf.explain_recordings(stand_in_predictor(), folder / "deep", out=folder / "deep.png")
