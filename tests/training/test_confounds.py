"""What else than the speech tells a label, worked out by hand."""

import pytest

from can_tf.training.confounds import (
    Guess,
    counts_by_group,
    groups_by_confound,
    guess_by_group,
    labels_of_one_group,
    shared_confounds,
)
from tests.training.test_fold_labels import Row, rows_of


@pytest.mark.parametrize(
    "groups, guess",
    [
        ({}, Guess(0, 0, 0)),
        ({"anna": {"calm": 1}, "ben": {"loud": 1}}, Guess(0, 0, 0)),  # Nobody has another utterance.
        ({"anna": {"calm": 2}}, Guess(2, 2, 2)),
        ({"anna": {"calm": 1, "loud": 1}}, Guess(0, 1, 2)),  # Each by the other's label.
        ({"anna": {"calm": 2, "loud": 1}}, Guess(0, 2, 3)),  # Without a calm one, the two are even.
        ({"anna": {"calm": 3, "loud": 1}, "ben": {"loud": 4}}, Guess(7, 5, 8)),
    ],
)
def test_a_label_is_guessed_from_the_others_of_the_group(groups, guess):
    assert guess_by_group(groups) == guess


@pytest.mark.parametrize(
    "right, constant, count, tells",
    [
        (40, 10, 40, True),
        (36, 10, 40, True),
        (35, 10, 40, False),  # 35 of 40 are less than nine in ten.
        (38, 36, 40, True),  # Two wrong, where the constant guess has four.
        (38, 37, 40, False),
        (40, 40, 40, False),  # One label.
        (0, 0, 0, False),
    ],
)
def test_what_tells_labels_beats_a_constant_guess_by_far(right, constant, count, tells):
    assert Guess(right, constant, count).tells is tells


def test_labels_of_one_group_have_two_utterances_at_least():
    groups = {"anna": {"calm": 5, "sad": 2, "glad": 1}, "ben": {"calm": 2, "loud": 3}}
    assert labels_of_one_group(groups) == {"loud": "ben", "sad": "anna"}


def test_utterances_without_a_group_leave_none():
    rows = [Row("u0", "calm", "anna"), Row("u1", "loud", "")]
    assert counts_by_group(rows, "speaker") == {}
    assert counts_by_group(rows[:1], "speaker") == {"anna": {"calm": 1}}
    assert groups_by_confound(rows) == {}


def test_the_same_groups_count_under_their_first_name():
    said = [("anna", "s1"), ("anna", "s1"), ("ben", "s2"), ("cid", "s2")]
    rows = [Row(f"u{index}", "calm", speaker, session, "talk") for index, (speaker, session) in enumerate(said)]
    assert list(groups_by_confound(rows)) == ["speaker", "session"]
    assert list(groups_by_confound(rows[:3])) == ["speaker"]


def test_only_what_sets_share_may_flatter():
    rows = rows_of(("anna", "calm", 10), ("ben", "loud", 10), ("eve", "calm", 10))
    ids = [row.id for row in rows]
    [line] = shared_confounds(rows, ids[1:], ids[:1])
    assert "(30 of 30 utterances; a constant guess is right for 20)" in line
    assert shared_confounds(rows, ids[10:], ids[:10]) == []  # Anna tests alone.
