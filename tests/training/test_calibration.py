"""Temperature scaling and risk over coverage: worked out by hand, and against data whose temperature is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import optimize, special

from can_tf.errors import RunError
from can_tf.training.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    calibration_of,
    confidence_scores,
    risk_coverage,
    scaled,
    temperature_of,
)
from can_tf.training.metrics import expected_calibration_error

FOUR = np.array([[0.9, 0.1]] * 4)
THREE_OF_FOUR = np.array([0, 0, 0, 1])
HEADER = "id,label,predicted,probability_calm,probability_loud\n"


def overconfident(temperature, utterances=20_000):
    """Returns predictions too sure by a known temperature: labels are drawn from what is then made sharper."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(utterances, 5)) * 1.5
    true = (special.softmax(logits, axis=1).cumsum(axis=1) > generator.random((utterances, 1))).argmax(axis=1)
    return special.softmax(logits * temperature, axis=1), true


def test_three_of_four_right_at_confidence_0_9_is_a_temperature_of_2():
    # They should say 3/4, odds of 3 in place of 9: 9^(1/2).
    assert temperature_of(FOUR, THREE_OF_FOUR) == pytest.approx(2.0, rel=1e-12)
    np.testing.assert_allclose(scaled(FOUR, 2.0), [[0.75, 0.25]] * 4, rtol=1e-15)
    before, after = confidence_scores(FOUR, THREE_OF_FOUR), confidence_scores(scaled(FOUR, 2.0), THREE_OF_FOUR)
    assert (before["ece"], after["ece"]) == (pytest.approx(0.15), pytest.approx(0.0, abs=1e-15))
    assert before["nll"] == pytest.approx(-(3 * np.log(0.9) + np.log(0.1)) / 4)
    assert after["nll"] == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4)


def test_two_utterances_and_three_labels_by_hand():
    # One of two is right, so the first label should have 1/2: odds of 18 to each other label become odds of 2.
    probabilities = np.array([[0.9, 0.05, 0.05]] * 2)
    assert temperature_of(probabilities, np.array([0, 1])) == pytest.approx(np.log(18) / np.log(2))


def test_one_utterance_is_enough_and_ends_at_a_bound():
    assert temperature_of(FOUR[:1], np.array([0])) == LOWEST_TEMPERATURE
    assert temperature_of(FOUR[:1], np.array([1])) == HIGHEST_TEMPERATURE


def test_all_right_is_the_lowest_temperature_and_all_wrong_the_highest():
    probabilities = np.array([[0.6, 0.4], [0.2, 0.8]])
    assert temperature_of(probabilities, np.array([0, 1])) == LOWEST_TEMPERATURE
    assert temperature_of(probabilities, np.array([1, 0])) == HIGHEST_TEMPERATURE


def test_where_no_temperature_makes_a_difference_it_is_1():
    assert temperature_of(np.full((2, 3), 1 / 3), np.array([0, 2])) == 1.0


def test_nothing_to_fit_on_is_an_error():
    with pytest.raises(ValueError, match="no predictions to fit"):
        temperature_of(np.zeros((0, 2)), np.zeros(0, int))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature):
    assert temperature_of(*overconfident(temperature)) == pytest.approx(temperature, rel=0.03)


def test_the_temperature_is_that_of_a_search_for_the_smallest_likelihood():
    probabilities, true = overconfident(2.5, utterances=500)

    def likelihood(log_temperature):
        return confidence_scores(scaled(probabilities, np.exp(log_temperature)), true)["nll"]

    found = optimize.minimize_scalar(likelihood, bounds=np.log([0.05, 20]), method="bounded", options={"xatol": 1e-9})
    assert temperature_of(probabilities, true) == pytest.approx(np.exp(found.x), rel=1e-6)


def test_scaling_lowers_the_error_of_new_predictions_and_changes_none():
    probabilities, true = overconfident(2.5)
    fitted = temperature_of(probabilities[::2], true[::2])
    before, after = probabilities[1::2], scaled(probabilities[1::2], fitted)
    assert expected_calibration_error(before, true[1::2]) > 0.15
    assert expected_calibration_error(after, true[1::2]) < 0.02
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    np.testing.assert_allclose(after.sum(axis=1), 1.0, rtol=1e-12)


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.floats(0, 1)),
    st.floats(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE),
)
def test_scaling_turns_no_order_around_and_keeps_ties(probabilities, temperature):
    after = scaled(probabilities, temperature)
    assert np.isfinite(after).all()
    for row, values in zip(probabilities, after, strict=True):
        order = np.argsort(row)
        assert (np.diff(values[order]) >= 0).all()
        assert not np.diff(values[order])[np.diff(row[order]) == 0].any()


def test_a_probability_of_0_is_finite_and_counts_as_the_smallest_number():
    probabilities = np.array([[1.0, 0.0]])
    assert confidence_scores(probabilities, np.array([1]))["nll"] == pytest.approx(708.396, abs=1e-3)
    np.testing.assert_allclose(scaled(probabilities, 2.0), [[1.0, 0.0]], atol=1e-150)
    assert scaled(probabilities, 20.0)[0, 1] == pytest.approx(np.exp(-708.396 / 20), rel=1e-3)
    with np.errstate(all="raise"):
        assert np.isfinite(confidence_scores(probabilities.astype(np.float32), np.array([1]))["nll"])


def test_risk_over_coverage_worked_out_by_hand():
    # Confidences .9 right, .8 wrong and right (a tie), .6 wrong: kept 1, 3, 4 with 0, 1, 2 wrong.
    probabilities = np.array([[0.8, 0.2], [0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    curve = risk_coverage(probabilities, np.array([1, 0, 0, 1]))
    np.testing.assert_allclose(curve.confidence, [0.9, 0.8, 0.6])
    np.testing.assert_allclose(curve.coverage, [1 / 4, 3 / 4, 1])
    np.testing.assert_allclose(curve.risk, [0, 1 / 3, 2 / 4])
    assert curve.area == pytest.approx(1 / 4 * 0 + 1 / 2 * 1 / 3 + 1 / 4 * 1 / 2)
    assert curve.at(0.5) == {"coverage": 0.75, "risk": pytest.approx(1 / 3), "confidence": 0.8}
    assert curve.at(0.75)["coverage"] == 0.75
    assert curve.at(0.76)["coverage"] == 1.0


def test_equal_confidence_everywhere_leaves_nothing_to_choose():
    curve = risk_coverage(FOUR, THREE_OF_FOUR)
    assert (curve.confidence.tolist(), curve.coverage.tolist(), curve.risk.tolist()) == ([0.9], [1.0], [0.25])
    assert curve.at(0.5) == {"coverage": 1.0, "risk": 0.25, "confidence": 0.9}
    assert curve.area == 0.25


def test_the_area_without_ties_is_the_mean_risk():
    generator = np.random.default_rng(1)
    probabilities, true = generator.dirichlet(np.ones(3), 50), generator.integers(0, 3, 50)
    order = np.argsort(-probabilities.max(axis=1))
    wrong = (probabilities.argmax(axis=1) != true)[order]
    assert risk_coverage(probabilities, true).area == pytest.approx(np.mean(np.cumsum(wrong) / np.arange(1, 51)))


def write_run(folder, validation):
    (folder / "predictions.csv").write_text(HEADER + "t1,calm,calm,0.9,0.1\nt2,loud,calm,0.75,0.25\n")
    (folder / "validation_predictions.csv").write_text(validation)


def test_a_runs_calibration_is_fitted_on_validation_and_measured_on_test(tmp_path):
    rows = [f"v{index},{('calm', 'loud')[wrong]},calm,0.9,0.1" for index, wrong in enumerate(THREE_OF_FOUR)]
    write_run(tmp_path, HEADER + "\n".join(rows))
    found = calibration_of(tmp_path, ("calm", "loud"))
    assert (found.temperature, found.validation_count) == (pytest.approx(2.0), 4)
    test, true = np.array([[0.9, 0.1], [0.75, 0.25]]), np.array([0, 1])
    assert found.unscaled == confidence_scores(test, true)
    # Odds of 9 and 3 become 3 and sqrt(3).
    odds = np.array([3, np.sqrt(3)])
    after = np.stack([odds / (1 + odds), 1 / (1 + odds)], axis=1)
    assert found.scaled["nll"] == pytest.approx(-(np.log(after[0, 0]) + np.log(after[1, 1])) / 2)
    assert set(found.to_json()) == {"temperature", "validation_count", "unscaled", "scaled"}


@pytest.mark.parametrize(
    "validation, message",
    [
        (HEADER, "is damaged; expected rows of probabilities for calm, loud"),
        (HEADER + "v1,calm,calm,nan,0.5\n", "is damaged; expected rows of probabilities"),
        (HEADER + "v1,odd,calm,0.5,0.5\n", "cannot be read"),
        (HEADER + "v1,calm,calm,0.5\n", "is damaged .row 1"),
        ("id,label\nv1,calm\n", "is damaged .row 1: expected label, probability_calm, probability_loud"),
    ],
)
def test_damaged_validation_predictions_are_refused(tmp_path, validation, message):
    write_run(tmp_path, validation)
    with pytest.raises(RunError, match=f"validation_predictions.csv: {message}"):
        calibration_of(tmp_path, ("calm", "loud"))


def test_a_run_without_validation_predictions_is_refused(tmp_path):
    write_run(tmp_path, HEADER)
    (tmp_path / "validation_predictions.csv").unlink()
    with pytest.raises(RunError, match="validation_predictions.csv: cannot be read .*No such file"):
        calibration_of(tmp_path, ("calm", "loud"))
