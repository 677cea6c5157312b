import pytest

from can_tf.alignment.silence import is_filler, is_silence, silence_at_edges
from can_tf.alignment.spans import share_silence
from can_tf.alignment.word import Word
from tests.alignment.formats.conftest import as_tuples


def test_silences_are_the_papers_three_and_tokens_without_a_word():
    assert [is_silence(token) for token in ("<S>", "<sil>", "</s>", "...", "yes", "++LAUGHTER++")] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


def test_silence_at_the_edges_goes_to_the_first_and_the_last_word():
    words = silence_at_edges([Word("say", 0.5, 1.0), Word("hi", 1.2, 1.5)], 2.0)
    assert as_tuples(share_silence(words)) == [("say", 0.0, 1.1), ("hi", 1.1, 2.0)]
    assert silence_at_edges([Word("say", 0.0, 1.0)], 1.0) == (Word("say", 0.0, 1.0),)


@pytest.mark.parametrize(
    "token",
    ["<eps>", "SIL", "!SIL", "[SIL]", "<p:>", "sp", "#", "(.)", "(0.5)", "{SL}", "silB", "silE", "h#", "<SILENCE>"]
    + ["[silence]", "[pause]", "<PAU>", "[BLANK_AUDIO]", "!ENTER", "SENT-END", "", " ", "-", "\u266a", "</S>"],
)
def test_what_aligners_and_recognizers_write_for_silence(token):
    assert is_silence(token)
    assert not is_filler(token)


@pytest.mark.parametrize(
    "token",
    ["++LAUGHTER++", "[laughter]", "[NOISE]", "<SPOKEN_NOISE>", "{LG}", "{BR}", "spn", "NSN", "<nib>", "<usb>"]
    + ["[cough]", "(laughs)", "*sighs*", "[vocalized-noise]", "<VOCNOISE>", "[Music]"],
)
def test_what_aligners_and_recognizers_write_for_noise(token):
    assert is_filler(token)
    assert not is_silence(token)


@pytest.mark.parametrize(
    "token", ["(yes)", "silence", "laughter", "<unk>", "[unk]", "noise", "(2)", "*star*", "pause", "s"]
)
def test_words_are_neither(token):
    assert not is_filler(token)
    assert not is_silence(token)


def test_noises_are_dropped_whatever_their_marks():
    tokens = [Word("well", 0, 1), Word("[laughter]", 1, 2), Word("spn", 2, 3), Word("away", 3, 4)]
    assert as_tuples(share_silence(tokens, fillers="drop")) == [("well", 0, 2), ("away", 2, 4)]
