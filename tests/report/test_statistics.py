"""The statistics, against SciPy, hand-worked numbers and the cases where nothing can be said."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import recall_score

from can_tf.report.statistics import (
    corrected_t_test,
    f1_interval,
    ua,
    wa,
    wilson_interval,
)

FIRST = [0.60, 0.58, 0.63, 0.55, 0.61]
SECOND = [0.57, 0.58, 0.60, 0.56, 0.57]


def test_without_a_share_to_speak_of_it_is_the_ordinary_paired_t_test():
    test = corrected_t_test(FIRST, SECOND, 1e-12)
    ordinary = stats.ttest_rel(FIRST, SECOND)
    assert test.p == pytest.approx(ordinary.pvalue, rel=1e-6)
    assert test.difference == pytest.approx(0.018)
    assert test.pairs == 5


def test_the_correction_by_hand():
    # Differences .03 0 .03 -.01 .04: mean .018, variance .00047; t = .018 / sqrt((1/5 + 1/8) * .00047) = 1.4564.
    test = corrected_t_test(FIRST, SECOND, 1 / 8)
    t = 0.018 / math.sqrt(0.325 * 0.00047)
    assert t == pytest.approx(1.4564, abs=1e-4)
    # Four degrees of freedom have the closed form of Student's distribution.
    x = t / math.sqrt(t * t + 4)
    assert test.p == pytest.approx(1 - 1.5 * (x - x**3 / 3), rel=1e-9)
    assert test.p > stats.ttest_rel(FIRST, SECOND).pvalue


def test_the_sign_changes_with_the_order_and_p_does_not():
    one, other = corrected_t_test(FIRST, SECOND, 0.125), corrected_t_test(SECOND, FIRST, 0.125)
    assert one.difference == -other.difference
    assert one.p == pytest.approx(other.p)


@pytest.mark.parametrize(
    "first, second, p",
    [
        ([0.5, 0.6, 0.7], [0.5, 0.6, 0.7], 1.0),
        ([0.5], [0.5], None),
        ([0.5], [0.7], None),
        ([0.5, 0.6], [0.4, 0.5], None),
    ],
)
def test_where_nothing_can_be_said(first, second, p):
    assert corrected_t_test(first, second, 0.125).p == p


@pytest.mark.parametrize("arguments", [([], [], 0.1), ([1.0], [1.0, 2.0], 0.1), ([1.0], [1.0], 0.0)])
def test_what_is_no_pair_is_refused(arguments):
    with pytest.raises(ValueError, match="as many scores"):
        corrected_t_test(*arguments)


def test_scores_are_scikit_learns_and_leave_out_labels_that_do_not_occur():
    generator = np.random.default_rng(0)
    true, predicted = generator.integers(0, 4, 50), generator.integers(0, 6, 50)
    assert wa(true, predicted) == pytest.approx(np.mean(true == predicted))
    expected = recall_score(true, predicted, average="macro", labels=[0, 1, 2, 3])
    assert ua(true, predicted) == pytest.approx(expected)
    assert ua(np.array([0, 0, 5]), np.array([0, 1, 5])) == pytest.approx(0.75)


def test_wilsons_interval_by_hand_and_scipys():
    # z = 1.96: (3/4 + z^2/8 -+ z sqrt(3/64 + z^2/64)) / (1 + z^2/4).
    z2 = 1.959963984540054**2
    half = math.sqrt(z2 * (3 / 64 + z2 / 64))
    expected = [(0.75 + z2 / 8 + sign * half) / (1 + z2 / 4) for sign in (-1, 1)]
    assert wilson_interval(3, 4) == pytest.approx(expected)
    for successes, count in ((0, 7), (7, 7), (41, 100)):
        scipys = stats.binomtest(successes, count).proportion_ci(method="wilson")
        assert wilson_interval(successes, count) == pytest.approx((scipys.low, scipys.high))


def test_a_share_of_nothing_has_no_interval():
    with pytest.raises(ValueError, match="share of nothing"):
        wilson_interval(0, 0)
    with pytest.raises(ValueError, match="share of nothing"):
        f1_interval(0, 0, 0)


def test_the_interval_of_f1_is_wilsons_of_the_share_it_is_a_function_of():
    # Right 6, missed 2, wrongly given 4: F1 = 12 / 18; the share is 6 / 12, and 2 s / (1 + s) = 2 / 3.
    low, high = f1_interval(6, 2, 4)
    share_low, share_high = wilson_interval(6, 12)
    assert (low, high) == pytest.approx((2 / (1 / share_low + 1), 2 / (1 / share_high + 1)))
    assert low < 2 / 3 < high
