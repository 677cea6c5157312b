"""Requests whose words are odd, and words that stand in one file for several recordings."""

import json

import pytest

from can_tf.alignment.formats import Reading
from can_tf.errors import AlignmentError
from can_tf.prediction.options import PredictionOptions
from can_tf.prediction.predictor import Predictor
from tests.conftest import write_tone

PREDICTOR = Predictor(backend=None)


@pytest.fixture
def talk(tmp_path):
    return write_tone(tmp_path / "talk.wav", 2.0)


def spans(request):
    return [(word.text, round(word.start, 3), round(word.end, 3)) for word in request.words]


@pytest.mark.parametrize(
    "words, expected",
    [
        ([("well", 0.2, 0.7), ("away", 1.3, 2.4)], [("well", 0.0, 1.0), ("away", 1.0, 2.0)]),
        (
            [("well", 0.2, 0.7), ("a", 0.7, 0.7), ("way", 0.7, 1.8)],
            [("well", 0.0, 0.65), ("a", 0.65, 0.75), ("way", 0.75, 2.0)],
        ),
        ([("well", 0.2, 0.7), ("go", 0.7, 1.1), ("thank", 29.0, 29.5)], [("well", 0.0, 0.7), ("go", 0.7, 2.0)]),
        (
            [("well", 0.2, 0.7), (",", 0.7, 0.7), ("away", 0.7, 1.8), (".", 1.8, 1.8)],
            [("well", 0, 0.7), ("away", 0.7, 2)],
        ),
    ],
)
def test_an_odd_word_does_not_refuse_a_recording(talk, tmp_path, caplog, words, expected):
    (tmp_path / "a.json").write_text(json.dumps([{"word": w, "start": s, "end": e} for w, s, e in words]))
    (tmp_path / "a.ctm").write_text("".join(f"talk 1 {s} {e - s} {w}\n" for w, s, e in words))
    for given in (words, tmp_path / "a.json", tmp_path / "a.ctm"):
        caplog.clear()
        assert spans(PREDICTOR.request(talk, given)) == expected
        assert len(caplog.messages) == ("," not in [word for word, _, _ in words])


def test_words_of_another_recording_are_refused_by_the_first_that_is_behind_the_end(talk):
    with pytest.raises(AlignmentError, match="ends at 9.00 s and the audio at 2.00 s, .* from 'go' at 8.00 s on"):
        PREDICTOR.request(talk, [("well", 0.2, 0.7), ("go", 8.0, 9.0)])


def test_of_a_file_about_several_recordings_each_has_its_own_rows(talk, tmp_path):
    other = write_tone(tmp_path / "other.wav", 2.0)
    (tmp_path / "all.ctm").write_text("talk 1 0.2 0.5 well\ntalk 1 1.3 0.5 away\nother 1 0.2 0.5 stop\n")
    assert [text for text, _, _ in spans(PREDICTOR.request(talk, tmp_path / "all.ctm"))] == ["well", "away"]
    assert [text for text, _, _ in spans(PREDICTOR.request(other, tmp_path / "all.ctm"))] == ["stop"]
    (tmp_path / "one.ctm").write_text("somebody_else 1 0.2 0.5 stop\n")
    assert [text for text, _, _ in spans(PREDICTOR.request(talk, tmp_path / "one.ctm"))] == ["stop"]


def test_the_tier_and_further_marks_of_silence_are_options(talk, tmp_path):
    (tmp_path / "a.ctm").write_text("talk A 0.2 0.5 well\ntalk B 0.8 0.3 yes\ntalk A 1.3 0.5 uhm\n")
    asking = Predictor(backend=None, options=PredictionOptions(reading=Reading(tier="A", silence=("UHM",))))
    assert spans(asking.request(talk, tmp_path / "a.ctm")) == [("well", 0.0, 2.0)]
