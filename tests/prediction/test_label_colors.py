"""Colors of labels: the same for an emotion under every name, and told apart by people with any color vision."""

import itertools

import numpy as np
import pytest

from can_tf.corpus.labels import LABEL_SETS
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors, plain_word

# Machado, Oliveira and Fernandes (2009), the whole deficiency, of linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])
LEAST_DISTANCE = 12  # Delta E of 1976; about 2 is just to be seen.


def lab(color, vision):
    """Returns a color in CIELAB as somebody sees it."""
    rgb = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = _TO_XYZ @ (np.asarray(vision) @ linear).clip(0, 1) / _WHITE
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def closest(colors, vision):
    seen = [lab(color, vision) for color in colors]
    return min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2))


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", LABEL_SETS)
def test_the_colors_of_a_corpus_are_told_apart(name, vision):
    colors = [*label_colors(LABEL_SETS[name].labels).values(), UNCERTAIN_COLOR]
    assert closest(colors, VISIONS[vision]) > LEAST_DISTANCE


def test_the_measure_sees_what_a_red_green_deficiency_confuses():
    red_and_green = ["#c43b3b", "#6b6b00"]
    assert closest(red_and_green, VISIONS["normal"]) > 40
    assert closest(red_and_green, VISIONS["deutan"]) < LEAST_DISTANCE


def test_an_emotion_has_one_color_under_all_names_and_beside_any_other():
    assert label_colors(["ang", "sad"])["ang"] == label_colors(["anger", "fear", "joy"])["anger"]
    assert label_colors(["ANG"])["ANG"] == label_colors(["Angry"])["Angry"]
    assert [plain_word(label) for label in LABEL_SETS["paper7"].labels] == [
        *("angry", "excited", "happy", "sad", "frustrated", "surprised", "neutral")
    ]


def test_labels_that_are_not_known_get_what_is_left_and_then_repeat():
    colors = label_colors(["sad", "zest", "awe", "sad"])
    assert list(colors) == ["awe", "sad", "zest"]
    assert len(set(colors.values())) == 3
    assert len(set(label_colors("abcdefghijk").values())) == 11
    assert len(label_colors(f"l{index}" for index in range(30))) == 30
