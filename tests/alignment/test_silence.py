from can_tf.alignment.silence import is_silence, silence_at_edges
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
