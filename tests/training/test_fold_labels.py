"""Which labels the sets of folds have, worked out by hand, and what is refused or told before a training."""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from can_tf.errors import ConfigError
from can_tf.training.fold_labels import (
    FoldLabels,
    check_folds,
    faults_in_words,
    labels_of_folds,
    lacking_in_words,
)
from can_tf.training.folds import make_fold, number_of_folds
from can_tf.training.options import TrainOptions

BOTH = {"calm": 4, "loud": 4}


class Row(NamedTuple):
    id: str
    label: str
    speaker: str
    session: str = ""
    scenario: str = ""
    corpus: str = ""


def rows_of(*said):
    """Returns rows of (speaker, label, how many)."""
    pairs = [(speaker, label) for speaker, label, count in said for _ in range(count)]
    return [Row(f"u{index:03d}", label, speaker) for index, (speaker, label) in enumerate(pairs)]


def test_labels_by_hand():
    rows = rows_of(("anna", "calm", 4), ("ben", "calm", 3), ("ben", "loud", 1), ("eve", "loud", 5))
    # The next speaker is a tenth of thirteen, and validates.
    assert labels_of_folds(rows, "speaker") == [
        FoldLabels({"loud": 5}, {"calm": 3, "loud": 1}, {"calm": 4}),
        FoldLabels({"calm": 4}, {"loud": 5}, {"calm": 3, "loud": 1}),
        FoldLabels({"calm": 3, "loud": 1}, {"calm": 4}, {"loud": 5}),
    ]


corpora = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.integers(1, 4)), min_size=3, max_size=20
)


@settings(max_examples=60, deadline=None)
@given(corpora, st.sampled_from(["paper", "speaker"]), st.integers(0, 9))
def test_labels_are_those_of_the_folds_and_no_seed_changes_them(said, protocol, seed):
    rows = rows_of(*said)
    try:
        count = number_of_folds(rows, protocol)
    except ConfigError:
        return
    label_of = {row.id: row.label for row in rows}
    found = labels_of_folds(rows, protocol, seed=0)
    assert len(found) == count
    for number, of_fold in enumerate(found):
        fold = make_fold(rows, protocol, number, seed)
        for name, counts in of_fold.sets.items():
            assert Counter(label_of[id_] for id_ in getattr(fold, name)) == counts


def test_speakers_that_are_put_together_have_their_labels_together():
    rows = rows_of(*((f"s{number}", "calm" if number % 2 else "loud", 2) for number in range(6)))
    for of_fold in labels_of_folds(rows, "speaker", folds=3):
        assert [*of_fold.sets.values()] == [{"calm": 2, "loud": 2}] * 3


@pytest.mark.parametrize(
    "sets, fault",
    [
        ((BOTH, BOTH, BOTH), ""),
        ((BOTH, {"calm": 1}, {"loud": 1}), ""),
        (({}, BOTH, BOTH), "has an empty train set: 16 utterances cannot fill three sets"),
        ((BOTH, {}, {"calm": 1}), "has an empty validation set: 9 utterances cannot fill three sets"),
        (({"calm": 1}, {}, {}), "has an empty validation set: 1 utterance cannot fill three sets"),
        ((BOTH, BOTH, {}), "has an empty test set"),
        (({"calm": 9}, BOTH, BOTH), "has the label 'calm' alone in its train set: there is nothing to tell apart"),
        (
            (BOTH, BOTH, {"sad": 2, "glad": 1}),
            "has no utterance to train on with a label of its test set ('glad', 'sad'): none can be right",
        ),
        ((BOTH, {"sad": 2}, BOTH), "has no utterance to train on with a label of its validation set ('sad')"),
        ((BOTH, {"sad": 2, "calm": 1}, {"sad": 2, "loud": 1}), ""),
    ],
)
def test_a_fold_in_which_nothing_can_be_learned_or_measured_is_at_fault(sets, fault):
    found = FoldLabels(*sets).fault
    assert found.startswith(fault) if fault else found == ""


def test_what_sets_lack_is_told_by_label():
    of_fold = FoldLabels({"calm": 4, "loud": 4}, {"calm": 1, "sad": 1}, {"sad": 3, "calm": 1, "glad": 2})
    assert of_fold.notes() == [
        "No utterance to train on: glad (2 to test), sad (3 to test). Those that test count as wrong.",
        "No utterance to validate: glad, loud. Early stopping goes by other labels.",
        "No utterance to test: loud. UA is the mean over the other labels.",
    ]
    assert FoldLabels(BOTH, BOTH, BOTH).notes() == []


def test_how_many_folds_lack_a_label_is_told_the_most_first():
    sad, without = {**BOTH, "sad": 1}, {"calm": 4}
    folds = [FoldLabels(BOTH, sad, without), FoldLabels(sad, sad, without), FoldLabels(sad, sad, BOTH)]
    assert lacking_in_words(folds) == "of 3 folds, 1 trains without sad; 3 test without sad, 2 without loud"
    assert lacking_in_words(folds[:1]) == "of 1 fold, 1 trains without sad; 1 tests without loud, 1 without sad"
    many = {f"l{number}": 1 for number in range(6)}
    assert lacking_in_words([FoldLabels(many, many, {"l0": 1})]).endswith(
        "1 tests without l1, 1 without l2, 1 without l3 and 2 more"
    )
    assert lacking_in_words([FoldLabels(BOTH, BOTH, BOTH)] * 10) == ""


def test_folds_that_cannot_be_trained_are_numbered():
    assert faults_in_words({4: "is broken"}, 10) == "fold 4 is broken"
    faults = dict.fromkeys((0, 2, 3, 7, 9), "is broken")
    assert faults_in_words(faults, 10) == "5 of 10 folds cannot be trained (0, 2, 3 and 2 more): fold 0 is broken"


def check(rows, protocol="speaker", folds=range(3), **options):
    told = []
    check_folds(rows, TrainOptions(protocol=protocol, **options), folds, lambda event: told.append(event.line()))
    return told


def test_a_fold_that_cannot_be_trained_is_refused_and_others_are_not_looked_at():
    rows = rows_of(("anna", "calm", 4), ("ben", "calm", 3), ("ben", "loud", 1), ("eve", "loud", 5))
    message = (
        r"^--protocol speaker: 2 of 3 folds cannot be trained \(0, 1\): fold 0 has the label 'loud' alone in its train "
        r"set: there is nothing to tell apart. Take another --protocol, or build records from more utterances or with"
    )
    with pytest.raises(ConfigError, match=message):
        check(rows)
    with pytest.raises(ConfigError, match="^--protocol speaker: fold 2 has no utterance to train on with a label of"):
        check(rows_of(("anna", "calm", 4), ("ben", "loud", 4), ("cid", "calm", 4), ("eve", "sad", 4)), folds=[2])
    assert check(rows, folds=[2]) == [
        "--protocol speaker: of 1 fold, 1 validates without loud; 1 tests without calm.",
    ]


def test_what_folds_lack_and_what_tells_labels_is_told_before_they_are_trained():
    even = rows_of(*((speaker, label, 10) for speaker in ("anna", "ben", "eve") for label in ("calm", "loud")))
    assert check(even) == check(even, "paper", range(10)) == []
    apart = rows_of(*((f"{label}{number}", label, 10) for label in ("calm", "loud") for number in range(3)))
    [line] = check(apart, "paper", range(10))
    assert line == (
        "The training and test sets share speakers, and to know the speaker is nearly to know the label (60 of 60 "
        "utterances; a constant guess is right for 30): scores may flatter. --protocol speaker keeps them apart."
    )
    assert check(apart, folds=range(6)) == [
        "--protocol speaker: of 6 folds, 3 validate without calm, 3 without loud; 3 test without calm, 3 without loud."
    ]
