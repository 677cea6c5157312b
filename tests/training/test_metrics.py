import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from can_tf.training.metrics import calibration_bins, evaluate_predictions, expected_calibration_error, majority
from can_tf.training.references import mean_frame_reference, tfidf_reference

LABELS = ("a", "b", "c")


def one_hot(indices):
    return np.eye(3)[indices]


def test_scores_worked_out_by_hand():
    # a: 2 of 3 right; b: 1 of 1 right; c does not occur and is predicted once.
    scores = evaluate_predictions(one_hot([0, 0, 2, 1]), np.array([0, 0, 0, 1]), LABELS)
    assert scores["wa"] == 3 / 4
    assert scores["ua"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["macro_f1"] == pytest.approx((4 / 5 + 1) / 2)  # a: precision 1, recall 2/3.
    assert scores["recall"] == {"a": pytest.approx(2 / 3), "b": 1.0, "c": None}
    assert scores["confusion"] == [[2, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert scores["count"] == 4
    assert scores["ece"] == pytest.approx(1 / 4)  # Confidence 1 everywhere, accuracy 3/4.


def test_ua_and_f1_are_scikit_learns():
    generator = np.random.default_rng(0)
    probabilities, true = generator.dirichlet(np.ones(3), 200), generator.integers(0, 3, 200)
    scores = evaluate_predictions(probabilities, true, LABELS)
    predicted = probabilities.argmax(axis=1)
    assert scores["ua"] == pytest.approx(balanced_accuracy_score(true, predicted))
    assert scores["macro_f1"] == pytest.approx(f1_score(true, predicted, average="macro"))


def test_calibration_error_worked_out_by_hand():
    # Confidences 0.61 (bin 10 of 15: 0.6 to 0.667) right and wrong; 0.9 (bin 14: 0.867 to 0.933) right.
    probabilities = np.array([[0.61, 0.39, 0.0], [0.61, 0.39, 0.0], [0.05, 0.9, 0.05]])
    true = np.array([0, 1, 1])
    bins = calibration_bins(probabilities, true)
    assert [(count, pytest.approx(confidence), accuracy) for count, confidence, accuracy in bins] == [
        (2, 0.61, 0.5),
        (1, 0.9, 1.0),
    ]
    assert expected_calibration_error(probabilities, true) == pytest.approx((2 * 0.11 + 0.1) / 3)


def test_one_class_alone_can_be_scored():
    scores = evaluate_predictions(one_hot([1, 1]), np.array([1, 1]), LABELS)
    assert (scores["wa"], scores["ua"], scores["macro_f1"]) == (1.0, 1.0, 1.0)


def test_nothing_to_score_is_an_error():
    with pytest.raises(ValueError, match="no predictions to score"):
        evaluate_predictions(np.zeros((0, 3)), np.zeros(0, int), LABELS)


def test_the_majority_predicts_trainings_commonest_label():
    scores = majority(["b", "b", "a"], ["a", "b", "b", "b"], LABELS)
    assert scores["wa"] == 0.75
    assert scores["ua"] == 0.5
    assert scores["ece"] == pytest.approx(0.75 - 2 / 3)


def test_the_text_reference_learns_words_and_orders_its_columns_by_label():
    train = ["happy day", "happy now", "sad day", "sad night", "happy night", "sad now"]
    labels = ["c", "c", "a", "a", "c", "a"]
    probabilities = tfidf_reference(train, labels, ["happy happy", "so sad"], ("a", "b", "c"))
    assert probabilities.argmax(axis=1).tolist() == [2, 0]
    np.testing.assert_array_equal(probabilities[:, 1], 0.0)  # b does not occur in training.
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_the_audio_reference_separates_mean_frames():
    means = np.array([[0.0, 5.0], [0.1, 5.2], [1.0, 5.1], [1.1, 4.9]])
    probabilities = mean_frame_reference(means, ["c", "c", "a", "a"], np.array([[0.0, 5.0], [2.0, 5.0]]), LABELS)
    assert probabilities.argmax(axis=1).tolist() == [LABELS.index("c"), LABELS.index("a")]
    assert mean_frame_reference(means, ["b"] * 4, means[:1], LABELS).tolist() == [[0, 1, 0]]


def test_the_text_reference_of_one_label_predicts_it():
    assert tfidf_reference(["x"], ["b"], ["y", "z"], LABELS).tolist() == [[0, 1, 0], [0, 1, 0]]
