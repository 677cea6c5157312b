import pytest

from can_tf.alignment.pronunciation import Pronouncer, arpabet
from can_tf.errors import AlignmentError


@pytest.fixture(scope="module")
def pronouncer():
    return Pronouncer()


@pytest.mark.parametrize(
    "phonetic, phones",
    [
        ("h\u0259l\u02c8o\u028a", "HH AH L OW"),  # The diphthong, not its two parts.
        ("t\u0283\u02c8\u025c\u02d0t\u0283", "CH ER CH"),
        ("", ""),
        ("\u02c8", ""),
    ],
)
def test_the_longest_sign_counts(phonetic, phones):
    assert arpabet(phonetic) == phones


@pytest.mark.parametrize(
    "word, phones", [("cat", "K AE T"), ("zoomer", "Z UW M ER"), ("think", "TH IH NG K"), ("boy", "B OY")]
)
def test_words_are_guessed_in_phones(pronouncer, word, phones):
    assert pronouncer.guess(word) == phones


def test_what_cannot_be_said_is_an_error(pronouncer):
    with pytest.raises(AlignmentError, match='the word "\'" is not in the dictionary, and how it is said'):
        pronouncer.guess("'")
