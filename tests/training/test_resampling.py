"""The bootstrap, against normal approximations and the cases where nothing differs."""

import math

import numpy as np
import pytest

from can_tf.report.statistics import ua, wa
from can_tf.training.resampling import bootstrap_interval, score_intervals


def test_the_bootstrap_covers_what_a_normal_approximation_says():
    generator = np.random.default_rng(1)
    true = generator.integers(0, 3, 400)
    first = np.where(generator.random((1, 400)) < 0.8, true, (true + 1) % 3)
    second = np.where(generator.random((1, 400)) < 0.7, true, (true + 1) % 3)
    low, high = bootstrap_interval(true, first, second, wa, samples=1000)
    differences = (first[0] == true).astype(float) - (second[0] == true)
    half = 1.96 * differences.std() / math.sqrt(400)
    assert low == pytest.approx(differences.mean() - half, abs=0.01)
    assert high == pytest.approx(differences.mean() + half, abs=0.01)
    assert bootstrap_interval(true, first, second, wa, samples=100) == bootstrap_interval(
        true, first, second, wa, samples=100
    )


def test_equal_predictions_have_an_interval_of_nothing():
    true = np.array([0, 1, 2, 1])
    rows = np.array([[0, 1, 1, 1], [0, 0, 2, 1]])
    assert bootstrap_interval(true, rows, rows, ua, samples=50) == (0.0, 0.0)


def test_seeds_are_averaged():
    true = np.array([0, 1])
    first, second = np.array([[0, 1], [1, 0]]), np.array([[0, 1], [0, 1]])
    low, high = bootstrap_interval(true, first, second, wa, samples=50)
    assert low == high == -0.5


def test_the_interval_of_a_score_is_that_of_a_normal_approximation():
    right = np.arange(400) % 4 != 0
    low, high = score_intervals(lambda drawn: {"wa": right[drawn].mean()}, 400, samples=1000)["wa"]
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == (pytest.approx(0.75 - half, abs=0.01), pytest.approx(0.75 + half, abs=0.01))


def test_a_score_that_resampling_makes_larger_lies_in_its_interval():
    values = np.random.default_rng(0).normal(size=100)
    values -= values.mean()
    distance = score_intervals(lambda drawn: {"distance": abs(values[drawn].mean())}, 100, samples=500)["distance"]
    assert distance[0] == 0.0
    assert 0.05 < distance[1] < 0.25
