"""What to watch out for in records: each kind with its numbers worked out by hand, and silence where there is none."""

import dataclasses
from pathlib import Path

import pytest

from can_tf.records.dataset import Dataset
from can_tf.records.specification import StoredUtterance
from can_tf.report.expected import Expected, expected, expected_of_records
from can_tf.report.pitfall import Pitfall
from can_tf.report.pitfalls import find_pitfalls


def utterances(count, label, speaker="", *, session="", scenario="", corpus="", words=""):
    """Returns utterances without ids; each has words of its own where none are given."""
    about = {"label": label, "speaker": speaker, "session": session, "scenario": scenario, "corpus": corpus}
    place = {"seconds": 1.0, "shard": "s", "segments": 1, "frames": 1, "longest_segment": 1, "offset": 0, "bytes": 1}
    return [StoredUtterance(id="", words=words, **about, **place) for _ in range(count)]


def records(*parts, labels=(), same_sound=None):
    rows = [
        dataclasses.replace(row, id=f"u{index}", words=row.words or f"word{index}")
        for index, row in enumerate(row for part in parts for row in part)
    ]
    names = labels or sorted({row.label for row in rows})
    description = {"labels": names, "same_sound": same_sound, "corpus": {"name": "manifest", "synthetic": True}}
    return Dataset(Path("records"), description, tuple(rows))


def balanced(each=50, speakers=4, labels=("calm", "loud")):
    """Returns as many utterances of each label by each speaker."""
    return [utterances(each, label, f"s{speaker}") for speaker in range(speakers) for label in labels]


def found(dataset, kind) -> Pitfall:
    [pitfall] = [pitfall for pitfall in find_pitfalls(dataset) if pitfall.kind == kind]
    return pitfall


def kinds(dataset):
    return [pitfall.kind for pitfall in find_pitfalls(dataset)]


def test_nothing_is_found_where_there_is_nothing():
    # A fold tests 100 utterances of 1,000: a WA of .7 is known to 1.96 sqrt(.21 / 100) = .09.
    assert find_pitfalls(records(*balanced(each=125))) == []


def test_one_label_and_no_utterance():
    dataset = records(utterances(4, "calm", "anna"), labels=("calm", "sad"))
    assert [pitfall.line() for pitfall in find_pitfalls(dataset)] == [
        "No utterance has the label sad. A model gets an output for it that nothing trains and nothing tests. Leave it "
        "out with --labels FILE.",
        "The only label is calm (4 utterances). There is nothing to tell apart, and training refuses. Build records "
        "from more, or with other labels (--labels FILE).",
    ]
    assert kinds(records(labels=("calm",))) == ["unused-label"]


def test_rare_labels_by_whether_they_fit_three_sets_and_ten_folds():
    parts = [
        utterances(count, label, "anna") for label, count in {"a": 20, "b": 10, "c": 9, "d": 3, "e": 2, "f": 1}.items()
    ]
    few, some = [pitfall for pitfall in find_pitfalls(records(*parts)) if pitfall.kind == "rare-label"]
    assert (few.labels, some.labels) == (("f", "e"), ("d", "c"))
    assert few.what == "Labels of fewer than 3 utterances: f (1), e (2)"
    assert some.what == "Labels of fewer than 10 utterances: d (3), c (9)"
    assert "--labels FILE" in few.advice
    assert "cross-validate" in some.advice


def test_unbalanced_labels_and_what_a_constant_guess_gets():
    pitfall = found(records(utterances(60, "a"), utterances(25, "b"), utterances(12, "c")), "unbalanced")
    assert pitfall.what == "Of 97 utterances, 60 are a and 12 c (5 to 1)"
    assert pitfall.effect == "A constant guess of a gets WA 0.619 and UA 0.333"
    assert "--class-weight balanced" in pitfall.advice
    assert "unbalanced" not in kinds(records(utterances(59, "a"), utterances(12, "c")))


def test_labels_that_look_alike():
    pitfall = found(records(utterances(60, "happy"), utterances(40, "Happy")), "similar-labels")
    assert pitfall.what == "Labels that look alike: 'Happy' (40) and 'happy' (60)"


@pytest.mark.parametrize("name, plural", [("speaker", "speakers"), ("corpus", "corpora"), ("session", "sessions")])
def test_a_label_that_one_group_alone_has(name, plural):
    parts = [utterances(20, label, **{name: group}) for group in "xyz" for label in ("calm", "loud")]
    pitfall = found(records(*parts, utterances(12, "sad", **{name: "y"})), f"label-of-one-{name}")
    assert pitfall.what == f"Labels that one {name} alone has: sad (y, 12)"
    assert pitfall.labels == ("sad",)
    assert pitfall.advice.startswith(f"Take them from more {plural}")


def test_a_label_of_one_speaker_is_told_once():
    parts = [
        utterances(20, label, f"p{group}", session=group, corpus=corpus)
        for group, corpus in {"x": "old", "y": "old", "z": "new"}.items()
        for label in ("calm", "loud")
    ]
    sad = utterances(12, "sad", "pz", session="z", corpus="new")
    rare = utterances(2, "glad", "px", session="x", corpus="old")
    kinds_of_one = [kind for kind in kinds(records(*parts, sad, rare)) if kind.startswith("label-of-one")]
    assert kinds_of_one == ["label-of-one-speaker"]
    assert found(records(*parts, sad, rare), "label-of-one-speaker").labels == ("sad",)


def test_a_speaker_who_has_one_label():
    parts = [utterances(10, "calm", "anna"), utterances(1, "loud", "anna"), utterances(9, "loud", "ben")]
    pitfall = found(records(*parts, utterances(10, "sad", "eve")), "speaker-tells-label")
    # All are guessed right by the others of their speaker, but the loud one of Anna's.
    assert pitfall.what == (
        "To know the speaker is nearly to know the label (29 of 30 utterances; a constant guess is right for 10): anna "
        "calm (10 of 11), eve sad (10 of 10), ben loud (9 of 9)"
    )
    assert "--protocol speaker" in pitfall.advice
    assert not [kind for kind in kinds(records(*parts)) if kind.startswith("label-of-one")]


def test_words_that_others_have():
    fifty = [utterances(10, label, speaker) for label in ("calm", "loud") for speaker in ("anna", "ben")]
    same = [utterances(4, "calm", "anna", words="yes"), utterances(2, "loud", "ben", words="no")]
    pitfall = found(records(*fifty, *same), "same-sentence")
    assert pitfall.what == "6 of 46 utterances have the very words of another"
    assert "their words tell 6 labels, a constant guess 4" in pitfall.effect
    both = [utterances(3, label, "anna", words="yes") for label in ("calm", "loud")]
    assert "do not tell the label" in found(records(*fifty, *both), "same-sentence").effect
    assert "--leakage" in pitfall.advice
    assert "same-sentence" not in kinds(records(*fifty, utterances(4, "calm", "anna", words="yes")))


def test_sound_that_others_have():
    parts = [utterances(2, "calm", "anna"), utterances(2, "loud", "anna")]
    pitfall = found(records(*parts, same_sound={"u1": "u0", "u2": "u0"}), "same-sound")
    assert pitfall.what == (
        "2 of 4 utterances have the very sound of another, 1 of them under another label: u1 that of u0, u2 that of u0"
    )
    assert "under another label" not in found(records(*parts, same_sound={"u1": "u0"}), "same-sound").what
    assert "same-sound" not in kinds(records(*parts))


@pytest.mark.parametrize(
    "speakers, told",
    [
        (1, "at least, to train, validate and test; here are 1: s0"),
        (2, "at least, to train, validate and test; here are 2: s0, s1"),
    ],
)
def test_fewer_speakers_than_a_protocol_needs(speakers, told):
    pitfall = found(records(*balanced(speakers=speakers)), "protocol-impossible")
    assert pitfall.what == f"The speaker protocol needs 3 different values of speaker {told}"
    assert pitfall.effect == "No score tells how a model does with a speaker that it was not trained on"


def test_a_session_that_some_lack_and_a_session_that_all_share():
    one = [utterances(60, label, f"s{index}", session="1") for index in range(3) for label in ("calm", "loud")]
    assert found(records(*one), "protocol-impossible").what.endswith("here are 1: 1")
    lacking = found(records(*one, utterances(9, "calm", "s0")), "protocol-impossible")
    assert "needs a session for each utterance, and u360 has none" in lacking.what
    assert "protocol-impossible" not in kinds(records(*balanced()))  # Without sessions, nobody asked for them.


def test_protocols_that_cannot_be_trained():
    parts = [utterances(50, label, speaker) for label, speaker in (("calm", "anna"), ("loud", "ben"), ("sad", "eve"))]
    pitfall = found(records(*parts), "protocol-fault")
    assert pitfall.what == (
        "--protocol speaker: 3 of 3 folds cannot be trained (0, 1, 2): fold 0 has the label 'sad' alone in its train "
        "set: there is nothing to tell apart"
    )
    few = found(records(utterances(3, "calm", "anna"), utterances(2, "loud", "anna")), "protocol-fault")
    assert few.what.startswith("--protocol paper: 7 of 10 folds cannot be trained (3, 4, 5 and 4 more)")


def test_folds_that_lack_a_label_by_protocol():
    parts = balanced(speakers=3)
    pitfall = found(records(*parts, utterances(20, "sad", "s1"), utterances(20, "sad", "s2")), "protocol-lacks-label")
    # Fold 0 tests s0, which has none; fold 1 tests s1 and validates s2, so that nobody trains sad; fold 2 validates s0.
    assert pitfall.what == (
        "--protocol speaker: of 3 folds, 1 trains without sad; 1 validates without sad; 1 tests without sad"
    )
    assert pitfall.labels == ("sad",)
    assert pitfall.effect == "Test utterances of a label that was not trained count as wrong"
    assert pitfall.advice == "Read all test sets together, as cross-validate prints them"


def test_speakers_are_put_together_where_that_helps():
    sad = [utterances(10, "sad", f"s{number}") for number in range(5)]
    pitfall = found(records(*balanced(speakers=8), *sad), "protocol-lacks-label")
    assert pitfall.what == "--protocol speaker: of 8 folds, 3 validate without sad; 3 test without sad"
    assert pitfall.effect == "A fold's UA is the mean over the labels that it tests, so folds cannot be compared"
    assert pitfall.advice == "Take --folds 5, which puts speakers together so that no set lacks a label"
    four = found(records(*balanced(speakers=8), *sad[:4]), "protocol-lacks-label")
    assert "cross-validate" in four.advice


def test_protocols_of_the_same_folds_are_named_together():
    parts = [
        utterances(count, label, f"s{number}", session=f"e{number}")
        for number in range(4)
        for label, count in {"calm": 60, "loud": 60, "sad": 20 if number else 0}.items()
    ]
    pitfall = found(records(*parts), "protocol-lacks-label")
    assert pitfall.what.startswith("--protocol session, speaker: of 4 folds, ")


def test_what_a_protocol_for_rare_labels_lacks_is_not_told_twice():
    assert "protocol-lacks-label" not in kinds(records(*balanced(speakers=1), utterances(4, "sad", "s0")))


def test_how_well_a_score_will_be_known():
    pitfall = found(records(*balanced(each=25)), "wide-interval")
    assert pitfall.what == "A random fold tests about 20 utterances"
    # 1.96 sqrt(.21 / 20) = .2008; of all 200, 1.96 sqrt(.21 / 200) = .0635. Labels are even, so UA is known as well.
    assert "A WA of 0.70 is known to ± 0.20 there and a UA to ± 0.20 (95 %)" in pitfall.effect
    assert "all test sets together, to ± 0.06 and ± 0.06" in pitfall.effect


@pytest.mark.parametrize("count, half_width", [(10, 0.284), (30, 0.164), (100, 0.0898), (300, 0.0519), (1000, 0.0284)])
def test_half_widths_of_wa_by_hand(count, half_width):
    assert expected([count - 5, 5]).wa == pytest.approx(half_width, abs=5e-5)


def test_half_widths_of_ua_by_hand():
    # sqrt(.21 / 90 + .21 / 10) / 2 = .07638, times 1.96.
    assert expected([90, 10]) == Expected(100, 0.0898, 0.1497)
    # A fold tests 9 and 1: sqrt(.21 / 9 + .21) / 2 = .24152. WA has ten: sqrt(.021) = .14491.
    assert expected_of_records({"a": 90, "b": 10, "c": 0})["fold"] == Expected(10, 0.284, 0.4734)
    # Of four utterances, four of ten folds test one: sqrt(.21 / 10 + .4 * .21) / 1.4 = .23146.
    assert expected([100, 4], 0.1).ua == pytest.approx(1.96 * 0.23146, abs=1e-4)


def test_no_interval_goes_below_0():
    assert expected([1, 1], 0.1) == Expected(1, 0.7, 0.4017)


def test_a_pitfall_without_an_effect_is_a_line_too():
    assert Pitfall(kind="k", what="One", effect="", advice="Two").line() == "One. Two."
