import dataclasses
import hashlib
import json
from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from can_tf.errors import ConfigError
from can_tf.training.folds import PAPER_FOLDS, PROTOCOLS, make_fold, number_of_folds, speaker_folds


class Utterance(NamedTuple):
    id: str
    label: str
    speaker: str
    session: str
    scenario: str
    corpus: str = ""


def rows_of(count, *, labels=3, sessions=5, scenarios=4):
    return [
        Utterance(
            f"u{index:04d}",
            f"label{index % labels}",
            f"s{index % sessions}-{'FM'[index // sessions % 2]}",
            f"s{index % sessions}",
            f"topic{index % scenarios}",
        )
        for index in range(count)
    ]


corpora = st.builds(
    rows_of, st.integers(60, 200), labels=st.integers(1, 7), sessions=st.integers(3, 6), scenarios=st.integers(3, 9)
)


@settings(max_examples=40, deadline=None)
@given(corpora, st.sampled_from(sorted(PROTOCOLS.keys() - {"corpus"})), st.integers(0, 99), st.data())
def test_every_utterance_is_in_one_part_and_groups_are_kept_apart(rows, protocol, seed, data):
    fold_number = data.draw(st.integers(0, number_of_folds(rows, protocol) - 1))
    fold = make_fold(rows, protocol, fold_number, seed)
    parts = [set(fold.train), set(fold.validation), set(fold.test)]
    assert all(parts)
    assert sorted(id_ for part in parts for id_ in part) == [row.id for row in rows]
    if protocol != "paper":
        names = {row.id: getattr(row, protocol) for row in rows}
        groups = [{names[id_] for id_ in part} for part in parts]
        assert not groups[0] & groups[1]
        assert not groups[0] & groups[2]
        assert not groups[1] & groups[2]
        assert len(groups[2]) == 1


def names(letters):
    return st.sampled_from([f"{letters}{number}" for number in range(6)])


any_corpora = st.lists(
    st.builds(Utterance, st.integers(0, 9999).map(str), names("l"), names("p"), names("s"), names("t")),
    min_size=1,
    max_size=80,
    unique_by=lambda row: row.id,
)


@settings(max_examples=200, deadline=None)
@given(any_corpora, st.sampled_from(sorted(PROTOCOLS.keys() - {"corpus"})), st.integers(0, 9), st.integers(0, 9))
def test_a_corpus_of_any_kind_is_split_or_refused(rows, protocol, fold_number, seed):
    try:
        fold = make_fold(rows, protocol, fold_number, seed)
    except ConfigError:
        assert protocol != "paper"
        return
    parts = (fold.train, fold.validation, fold.test)
    assert sorted(id_ for part in parts for id_ in part) == sorted(row.id for row in rows)
    if protocol != "paper":
        by_id = {row.id: getattr(row, protocol) for row in rows}
        train, validation, test = ({by_id[id_] for id_ in part} for part in parts)
        assert len(test) == 1
        assert not test & (train | validation)
        assert not validation & train


@settings(max_examples=30, deadline=None)
@given(corpora, st.integers(0, 99), st.randoms(use_true_random=False))
def test_folds_do_not_depend_on_the_order_of_rows(rows, seed, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert make_fold(rows, "paper", 3, seed) == make_fold(shuffled, "paper", 3, seed)


@settings(max_examples=30, deadline=None)
@given(corpora, st.integers(0, 99))
def test_the_papers_folds_are_even_stratified_and_test_each_utterance_once(rows, seed):
    tests = [make_fold(rows, "paper", fold, seed).test for fold in range(PAPER_FOLDS)]
    assert sorted(id_ for test in tests for id_ in test) == [row.id for row in rows]
    assert max(map(len, tests)) - min(map(len, tests)) <= 1
    label = {row.id: row.label for row in rows}
    for name in set(label.values()):
        counts = [Counter(label[id_] for id_ in test)[name] for test in tests]
        assert max(counts) - min(counts) <= 1


def test_the_next_fold_validates():
    rows = rows_of(100)
    for fold in range(10):
        assert make_fold(rows, "paper", fold).validation == make_fold(rows, "paper", (fold + 1) % 10).test


def test_the_seed_draws_other_folds():
    rows = rows_of(100)
    assert make_fold(rows, "paper", 0, 0) != make_fold(rows, "paper", 0, 1)


def test_folds_are_the_same_on_every_machine():
    # Written down once: a change here would make published folds irreproducible.
    assert make_fold(rows_of(30), "paper", 0, 0).test == ("u0002", "u0010", "u0012")
    rows = rows_of(120, labels=7)
    folds = [
        dataclasses.astuple(make_fold(rows, protocol, fold, seed))
        for protocol in ("paper", "session", "speaker", "scenario")
        for seed in range(3)
        for fold in range(number_of_folds(rows, protocol))
    ]
    digest = hashlib.sha256(json.dumps(folds).encode()).hexdigest()
    assert digest == "7ffe073f4e8f876adfc1ab9b4a97b7dba0401701543ca2e468879ef00f1f181d"


def test_the_session_partner_validates_for_a_speaker():
    fold = make_fold(rows_of(60), "speaker", 0)
    rows = {row.id: row for row in rows_of(60)}
    assert {rows[id_].speaker for id_ in fold.test} == {"s0-F"}
    assert {rows[id_].speaker for id_ in fold.validation} == {"s0-M"}
    assert "s0" not in {rows[id_].session for id_ in fold.train}


@pytest.mark.parametrize("session", ["", "the only one", None], ids=["no session", "one session", "a session each"])
def test_without_session_partners_the_next_speakers_validate_until_they_are_a_tenth(session):
    rows = [
        Utterance(f"{speaker}{number:02d}", "x", speaker, speaker if session is None else session, "")
        for speaker, count in {"a": 10, "b": 1, "c": 3, "d": 26}.items()
        for number in range(count)
    ]
    speakers = [
        [sorted({id_[0] for id_ in ids}) for ids in dataclasses.astuple(make_fold(rows, "speaker", fold))]
        for fold in range(4)
    ]
    # Of 40 utterances, 4 have to validate: b and c together, or a, or d.
    assert speakers == [
        [["d"], ["b", "c"], ["a"]],
        [["a"], ["c", "d"], ["b"]],
        [["a", "b"], ["d"], ["c"]],
        [["b", "c"], ["a"], ["d"]],
    ]
    three = [row for row in rows if row.speaker != "d"]
    assert make_fold(three, "speaker", 1).train == tuple(f"a{number:02d}" for number in range(10))


@pytest.mark.parametrize(
    "rows, protocol, fold, message",
    [
        (rows_of(60), "random", 0, "there is no protocol 'random'; expected one of paper, session, speaker, scenario"),
        (rows_of(60), "paper", 10, "fold 10 does not exist: the paper protocol has folds 0 to 9 here"),
        (rows_of(60), "session", -1, "fold -1 does not exist"),
        (rows_of(60, sessions=2), "session", 0, "needs 3 different values of session at least.*here are 2: s0, s1"),
        ([Utterance("a", "x", "p", "", "")] * 3, "session", 0, "needs a session for each utterance, and a has none"),
    ],
)
def test_what_cannot_be_split_is_refused(rows, protocol, fold, message):
    with pytest.raises(ConfigError, match=message):
        make_fold(rows, protocol, fold)


def crema_like(speakers=24, labels=6, each=3):
    """Speakers of different sizes; one of the labels is rare."""
    return [
        Utterance(f"s{speaker:02d}-{label}-{number}", f"l{label}", f"s{speaker:02d}", "", "")
        for speaker in range(speakers)
        for label in range(labels if speaker % 4 == 0 else labels - 1)
        for number in range(each + speaker % 3)
    ]


def test_speakers_are_put_together_in_folds_that_are_even_and_stratified():
    rows = crema_like()
    folds = [make_fold(rows, "speaker", fold, folds=5) for fold in range(5)]
    assert sorted(id_ for fold in folds for id_ in fold.test) == sorted(row.id for row in rows)
    speaker, label = {row.id: row.speaker for row in rows}, {row.id: row.label for row in rows}
    for number, fold in enumerate(folds):
        train, validation, test = ({speaker[id_] for id_ in part} for part in dataclasses.astuple(fold))
        assert not test & (train | validation)
        assert not validation & train
        assert fold.validation == folds[(number + 1) % 5].test
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 0.2 * max(sizes)
    for name in sorted(set(label.values())):  # Six speakers have the rare label, so each fold has it.
        counts = [Counter(label[id_] for id_ in fold.test)[name] for fold in folds]
        assert min(counts) > 0
        assert max(counts) <= 2 * max(min(counts), 4)
    shuffled = rows[::-1]
    assert [make_fold(shuffled, "speaker", fold, folds=5) for fold in range(5)] == folds


@pytest.mark.parametrize(
    "speakers, asked, folds",
    [(24, 5, 5), (24, None, 0), (24, 24, 0), (24, 2, 0), (4, 3, 3), (3, 3, 0), (10, 9, 9)],
)
def test_as_many_folds_of_speakers_as_are_asked_for_where_there_are_more_speakers(speakers, asked, folds):
    rows = crema_like(speakers, labels=2, each=1)
    assert speaker_folds(rows, "speaker", asked) == folds
    assert speaker_folds(rows, "paper", asked) == 0
    for fold in range(folds):
        assert all(dataclasses.astuple(make_fold(rows, "speaker", fold, folds=folds)))


@pytest.mark.parametrize(
    "protocol, folds, message",
    [
        ("speaker", 2, "folds 2 does not fit the speaker protocol here; expected 3 to 24"),
        ("speaker", 25, "folds 25 does not fit"),
        ("paper", 5, "does not fit the paper protocol here"),
    ],
)
def test_folds_that_speakers_cannot_be_put_together_in_are_refused(protocol, folds, message):
    with pytest.raises(ConfigError, match=message):
        make_fold(crema_like(), protocol, 0, folds=folds)


@pytest.mark.parametrize("speakers", [3, 4, 5, 7, 11])
@pytest.mark.parametrize("session_of", [lambda speaker: "", lambda speaker: "one", lambda speaker: f"s{speaker}"])
def test_any_corpus_of_three_speakers_leaves_one_speaker_out(speakers, session_of):
    rows = [
        Utterance(f"u{speaker}-{number}", f"l{number % 2}", f"p{speaker:02d}", session_of(speaker), "")
        for speaker in range(speakers)
        for number in range(4)
    ]
    for fold in range(speakers):
        parts = dataclasses.astuple(make_fold(rows, "speaker", fold))
        assert all(parts)
        assert {row.speaker for row in rows if row.id in parts[2]} == {f"p{fold:02d}"}


def of_corpora(**speakers):
    """Returns two utterances of each speaker of each corpus."""
    return [
        Utterance(f"{corpus}-{speaker}-{take}", f"l{take}", f"{corpus}-{speaker}", "", "", corpus)
        for corpus, number in speakers.items()
        for speaker in range(number)
        for take in range(2)
    ]


def test_one_corpus_tests_and_some_speakers_of_each_other_validate():
    rows = of_corpora(a=20, b=4, c=3)
    speaker = {row.id: (row.corpus, row.speaker) for row in rows}
    assert number_of_folds(rows, "corpus") == 3
    fold = make_fold(rows, "corpus", 0)
    assert set(fold.test) == {row.id for row in rows if row.corpus == "a"}
    held_back = {speaker[id_] for id_ in fold.validation}
    assert Counter(corpus for corpus, _ in held_back) == {"b": 1, "c": 1}
    assert not held_back & {speaker[id_] for id_ in fold.train}
    assert sorted(fold.train + fold.validation + fold.test) == sorted(speaker)
    # A tenth of 40 utterances is two speakers.
    assert Counter(speaker[id_][0] for id_ in make_fold(rows, "corpus", 1).validation) == {"a": 4, "c": 2}


def test_of_a_corpus_of_one_speaker_utterances_validate():
    rows = [*of_corpora(a=2), *(Utterance(f"b{number:02d}", "l", "b", "", "", "b") for number in range(20))]
    fold = make_fold(rows, "corpus", 0)
    assert len(fold.validation) == 2
    assert len(fold.train) == 18
    # One of two speakers trains.
    assert len(make_fold(rows, "corpus", 1).train) == len(make_fold(rows, "corpus", 1).validation) == 2


def test_folds_by_corpus_do_not_depend_on_the_order_of_rows():
    rows = of_corpora(a=5, b=4)
    assert make_fold(rows, "corpus", 1) == make_fold(rows[::-1], "corpus", 1)


@pytest.mark.parametrize(
    "rows, message",
    [
        (rows_of(9), "the corpus protocol needs a corpus for each utterance, and u0000 has none; build records from a"),
        (of_corpora(a=9), "the corpus protocol needs 2 different values of corpus at least"),
    ],
)
def test_one_corpus_cannot_be_left_out(rows, message):
    with pytest.raises(ConfigError, match=message):
        make_fold(rows, "corpus", 0)
