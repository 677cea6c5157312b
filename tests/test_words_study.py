"""The conditions of `tools/words_study.py`, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
import words_study as study

from can_tf.alignment.word import Word
from can_tf.corpus.utterance import Utterance

WORDS = (Word("i", 0.0, 0.4), Word("like", 0.4, 0.45), Word("apple", 0.45, 1.0))


@pytest.fixture
def spoken():
    utterance = Utterance("u1", Path("u1.wav"), WORDS, "hap", "ann")
    return study.Spoken(utterance, np.zeros(16_000, np.float32), WORDS)


def edges(words):
    return [word.end for word in words[:-1]]


def test_late_words_end_later_and_keep_what_they_need(spoken):
    assert edges(study.late(spoken, 0.1)) == pytest.approx([0.5, 0.55])
    # The last word keeps 20 ms, and so does the one before it.
    assert edges(study.late(spoken, 0.9)) == pytest.approx([0.96, 0.98])


def test_shaken_edges_move_by_as_much_either_way(spoken):
    moved = np.array(edges(study.shaken(spoken, 0.01)))
    np.testing.assert_allclose(np.abs(moved - [0.4, 0.45]), 0.01)
    assert study.shaken(spoken, 0.01) == study.shaken(spoken, 0.01)


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.2, 2.0])
def test_no_word_is_left_without_time(spoken, seconds):
    for words in (study.late(spoken, seconds), study.shaken(spoken, seconds), study.equal(spoken)):
        assert [word.text for word in words] == ["i", "like", "apple"]
        assert all(word.end - word.start > 0.0199 for word in words)
        assert (words[0].start, words[-1].end) == (0.0, 1.0)


def test_equal_words_have_a_third_each(spoken):
    assert edges(study.equal(spoken)) == pytest.approx([1 / 3, 2 / 3])


def test_a_word_is_left_whatever_is_dropped(spoken):
    assert study.dropped(spoken, 0.0) == WORDS
    assert study.dropped(spoken, 1.0) == WORDS[:1]


@pytest.mark.parametrize(
    "said, heard, errors",
    [("a b c", "a b c", 0), ("a b c", "a c", 1), ("a b c", "a x c d", 2), ("a b", "", 2), ("", "a", 1)],
)
def test_word_errors(said, heard, errors):
    assert study.word_errors(said.split(), heard.split()) == errors


def test_no_answer_is_a_wrong_one():
    wa, ua = study._scores(["hap", "hap", "hap", "sad"], ["hap", None, "hap", "sad"])
    assert (wa, ua) == (0.75, pytest.approx((2 / 3 + 1) / 2))
