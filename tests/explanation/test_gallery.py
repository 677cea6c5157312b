import math

import numpy as np
import pytest

from can_tf.explanation.gallery import Answers, jensen_shannon, worth_a_look


def _answers(final: list[float], true: list[int], text: list[float] | None, audio: list[float] | None) -> Answers:
    """Two labels: the numbers are the probabilities of the first."""

    def rows(values: list[float] | None) -> np.ndarray | None:
        return None if values is None else np.array([[value, 1 - value] for value in values])

    found = rows(final)
    assert found is not None
    return Answers([f"u{index}" for index in range(len(final))], np.array(true), found, rows(text), rows(audio))


def test_the_divergence_of_opposites_is_one_bit_and_of_equals_none():
    one = np.array([[1.0, 0.0], [0.3, 0.7], [0.5, 0.5]])
    other = np.array([[0.0, 1.0], [0.3, 0.7], [1.0, 0.0]])
    # The last by hand: the mean is (3/4, 1/4).
    last = (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25) + math.log2(1 / 0.75)) / 2
    assert jensen_shannon(one, other) == pytest.approx([1.0, 0.0, last])


def test_what_is_worth_a_look():
    answers = _answers(
        final=[0.6, 0.95, 0.1, 0.2], true=[0, 1, 1, 0], text=[0.5, 0.9, 0.1, 1.0], audio=[0.5, 0.6, 0.2, 0.0]
    )
    assert worth_a_look(answers, 2) == {
        "Most confident: the largest final probability": [1, 2],
        "Most wrong: the largest lead of a wrong label over the true one": [
            1,
            3,
        ],  # By .9 and .6; the others are right.
        "Most divided: text alone against audio alone": [3, 1],
    }


def test_right_predictions_are_never_among_the_wrong_ones():
    answers = _answers(final=[0.9, 0.8], true=[0, 0], text=None, audio=None)
    assert worth_a_look(answers, 3) == {
        "Most confident: the largest final probability": [0, 1],
        "Most wrong: the largest lead of a wrong label over the true one": [],
    }
