"""Labels matched by name, and predictions among the shared ones, against numbers worked out by hand."""

import numpy as np
import pytest

from can_tf.errors import ConfigError
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.shared_labels import LabelMatch, among, match_labels

LABELS = ("calm", "loud", "sad")


def test_labels_are_matched_by_name_in_the_models_order():
    found = ["sad", "bored", "calm", "sad", "bored", "Calm"]
    assert match_labels(LABELS, found) == LabelMatch(("calm", "sad"), ("loud",), {"Calm": 1, "bored": 2})


def test_all_labels_may_be_shared():
    assert match_labels(LABELS, ["loud", "sad", "calm"]) == LabelMatch(LABELS, (), {})


@pytest.mark.parametrize(
    "found, there", [(["sad", "bored"], "bored, sad"), ([], "none"), (["Sad", "Calm"], "Calm, Sad")]
)
def test_fewer_than_two_shared_labels_are_refused_with_both_sets_and_what_to_do(found, there):
    with pytest.raises(ConfigError) as caught:
        match_labels(LABELS, found, "a on b")
    assert str(caught.value) == (
        f"a on b: the model knows the labels calm, loud, sad, and the records have {there}; expected at least "
        "2 labels of the same names. Build the records with --labels FILE, which maps labels to others; "
        "docs/own-corpus.md tells how."
    )


def test_what_is_set_aside_becomes_0_and_rows_sum_to_1():
    probabilities = np.array([[0.25, 0.5, 0.25], [0.1, 0.6, 0.3], [0.8, 0.0, 0.2]])
    expected = [[0.5, 0.0, 0.5], [0.25, 0.0, 0.75], [0.8, 0.0, 0.2]]
    np.testing.assert_allclose(among(probabilities, LABELS, ("calm", "sad")), expected, rtol=1e-12)


def test_a_row_that_has_nothing_for_the_shared_labels_is_even_among_them():
    found = among(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), LABELS, ("calm", "sad"))
    np.testing.assert_array_equal(found, [[0.5, 0.0, 0.5], [1.0, 0.0, 0.0]])


def test_an_utterance_taken_for_a_label_that_is_lacking_is_wrong_and_may_be_right_among_the_shared_ones():
    probabilities = np.array([[0.2, 0.7, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    true = np.array([0, 2, 0, 2])  # Taken for loud, sad, loud, calm; without loud for calm, sad, sad, calm.
    final = evaluate_predictions(probabilities, true, LABELS)
    assert (final["wa"], final["recall"]) == (0.25, {"calm": 0.0, "loud": None, "sad": 0.5})
    shared = evaluate_predictions(among(probabilities, LABELS, ("calm", "sad")), true, LABELS)
    assert (shared["wa"], shared["ua"]) == (0.5, 0.5)
    assert shared["recall"] == {"calm": 0.5, "loud": None, "sad": 0.5}
    assert np.sum(shared["confusion"], axis=0)[1] == 0
