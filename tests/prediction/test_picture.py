"""Predictions as notebooks show them."""

import dataclasses
import re

import numpy as np
import pytest

from can_tf.alignment.word import Word
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors
from can_tf.prediction.picture import picture_of
from tests.moments import answered


def prediction(said="not again", happy=0.75, **changes):
    return dataclasses.replace(answered(0.0, 1.0, said, happy).answer, **changes)


def texts(picture):
    """Returns what is read of a picture, in order."""
    return [text.strip() for text in re.sub("<[^>]*>", "\n", picture).splitlines() if text.strip()]


def test_it_tells_label_confidence_probabilities_and_words():
    assert texts(prediction()._repr_html_()) == [
        "happy",
        "&nbsp;confidence 0.750 (not calibrated)",
        *("happy", "0.750", "sad", "0.250"),
        *("text attention:", "not", "again", "audio attention:", "not", "again"),
    ]
    calibrated = prediction(calibrated_probabilities={"happy": 0.4, "sad": 0.6})
    assert texts(picture_of(calibrated))[1:6] == [
        "&nbsp;confidence 0.600 (calibrated)",
        *("sad", "0.600", "happy", "0.400"),
    ]


def test_a_label_has_the_color_that_it_has_everywhere_and_uncertain_has_its_own():
    colors = label_colors(["happy", "sad"])
    picture = picture_of(prediction())
    assert f'border-bottom: 0.15em solid {colors["happy"]}">happy<' in picture
    for width, label in (("75.0", "happy"), ("25.0", "sad")):
        assert f"width: {width}%; height: 0.8em; background: {colors[label]}" in picture
    uncertain = picture_of(prediction(label="uncertain"))
    assert f'border-bottom: 0.15em solid {UNCERTAIN_COLOR}">uncertain<' in uncertain
    assert "most probable: happy, confidence 0.750" in uncertain


def test_words_are_shaded_by_the_mean_of_the_heads():
    text = np.array([[0.5, 0.5], [0.1, 0.9]], np.float32)  # The means are 0.3 and 0.7.
    picture = picture_of(prediction(text_attention=text))
    shades = [float(shade) for shade in re.findall(r"rgba\(31, 119, 180, ([\d.]+)\)", picture)]
    assert shades == [pytest.approx(0.6 * 0.3 / 0.7, abs=0.005), 0.6]
    assert 'title="0.00 to 0.50 s, text attention 0.300"' in picture
    nothing = picture_of(prediction(text_attention=np.zeros((2, 2), np.float32)))
    assert re.findall(r"rgba\(31, 119, 180, ([\d.]+)\)", nothing) == ["0.00", "0.00"]


def test_what_comes_from_recordings_and_models_is_text_and_never_markup():
    evil = '<img src=x onerror="alert(1)">&amp;'
    shares = {evil: 0.75, "sad": 0.25}
    words = (Word(evil, 0.0, 0.5), Word("\udce9", 0.5, 1.0))
    picture = picture_of(prediction(probabilities=shares, label=evil, most_probable="</div>", words=words))
    assert "<img" not in picture
    assert "</div>," not in picture
    assert picture.count("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp;") == 4
    assert set(re.findall(r"<(\w+)", picture)) == {"div", "span"}
    assert picture.encode("utf-8")


def test_it_stays_small_for_many_words_and_labels():
    labels = {f"label{index}": 1 / 500 for index in range(500)}
    words = tuple(Word("word", index, index + 1.0) for index in range(5_000))
    attention = np.full((4, 5_000), 1 / 5_000, np.float32)
    many = prediction(probabilities=labels, words=words, text_attention=attention, audio_attention=attention)
    picture = picture_of(many)
    assert len(picture) < 100_000
    assert "and 488 more labels" in picture
    assert picture.count("and 4800 more") == 2


def test_a_prediction_is_told_in_a_line():
    assert repr(prediction()) == (
        "Prediction(label='happy', confidence=0.750, words='not again', words_from='recognition')"
    )
    uncertain = prediction("so " * 40, label="uncertain")
    assert repr(uncertain).startswith(
        "Prediction(label='uncertain', most_probable='happy', confidence=0.750, words='so"
    )
    assert len(repr(uncertain)) < 200
    assert repr(answered(0.5, 2.0, "no", 0.75, speaker="anna")).startswith(
        "Moment(0.50 to 2.00 s, speaker='anna': Prediction(label='happy'"
    )
