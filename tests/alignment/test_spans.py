import pytest

from can_tf.alignment.spans import segment_spans, share_silence
from can_tf.alignment.word import Word, normalize_word
from can_tf.errors import AlignmentError
from tests.conftest import TABLE_1


def times(words):
    return [(word.text, pytest.approx(word.start), pytest.approx(word.end)) for word in words]


def test_table_1_of_the_paper():
    assert times(share_silence(TABLE_1)) == [("i", 0.0, 0.76), ("like", 0.76, 1.15), ("apple", 1.15, 1.78)]


def test_a_run_of_silences_counts_as_one():
    tokens = [Word("a", 0, 1), Word("<sil>", 1, 1.2), Word("</s>", 1.2, 1.4), Word("<s>", 1.4, 2.0), Word("b", 2, 3)]
    assert times(share_silence(tokens)) == [("a", 0, 1.5), ("b", 1.5, 3)]


def test_a_gap_that_no_token_covers_is_shared_as_silence_is():
    assert times(share_silence([Word("a", 0.2, 1), Word("b", 2, 3)])) == [("a", 0.2, 1.5), ("b", 1.5, 3)]


def test_one_word_takes_all_the_time():
    tokens = [Word("<s>", 0, 0.5), Word("no", 0.5, 0.7), Word("</s>", 0.7, 2.0)]
    assert times(share_silence(tokens)) == [("no", 0, 2.0)]


def test_fillers_stay_words_or_give_their_time_away():
    tokens = [Word("WELL", 0, 1), Word("++LAUGHTER++", 1, 2), Word("YES", 2, 3)]
    assert times(share_silence(tokens)) == [("well", 0, 1), ("++laughter++", 1, 2), ("yes", 2, 3)]
    assert times(share_silence(tokens, fillers="drop")) == [("well", 0, 1.5), ("yes", 1.5, 3)]


def test_nothing_but_silence_is_an_error():
    with pytest.raises(AlignmentError, match="holds only silence; expected at least one word"):
        share_silence([Word("<s>", 0, 1), Word("</s>", 1, 2)])


def test_nothing_but_fillers_is_an_error_when_they_are_dropped():
    with pytest.raises(AlignmentError, match="only silence and fillers"):
        share_silence([Word("++BREATHING++", 0, 1)], fillers="drop")


def test_a_word_that_would_get_no_time_is_an_error_that_names_it():
    tokens = [Word("a", 0.0, 1.0), Word("b", 1.0, 1.0), Word("c", 1.0, 2.0)]
    with pytest.raises(AlignmentError, match=r"the word 'b' would get no time \(1.000 to 1.000 s\)"):
        share_silence(tokens)


@pytest.mark.parametrize(
    "token, word",
    [
        ("LIKE(2)", "like"),
        ("EXCUSE(8)", "excuse"),
        (" Hello,", "hello"),
        ("Don\u2019t", "don't"),
        ("\u201cquite\u201d", "quite"),
        ("New York", "new_york"),
        ("++LAUGHTER++", "++laughter++"),
        ("--", ""),
        ("cafe\u0301", "caf\u00e9"),
        ("\u00bfHola?", "hola"),
        ("\u00a1Vamos!", "vamos"),
        ("\u2018quite\u2019", "quite"),
        ("\u2018quite", "quite"),
        ("l\u2019amour", "l'amour"),
        ("don\u00b4t", "don't"),
        ("dogs\u2019", "dogs'"),
        ("\u201eso\u201c", "so"),
        ("\u00abso\u00bb", "so"),
        ("\ufeffso\u00ad\u200b", "so"),
        ("\u0130L", "i\u0307l"),
        ("\uff0c", ""),
        ("\u0562\u0561\u0580\u0587\u0589", "\u0562\u0561\u0580\u0587"),  # Armenian.
        ("\u1230\u120b\u121d\u1362", "\u1230\u120b\u121d"),  # Amharic.
        ("\u0646\u0639\u0645\u061f", "\u0646\u0639\u0645"),  # Arabic.
        ("5%", "5%"),
    ],
)
def test_words_are_normalized(token, word):
    assert normalize_word(token) == word


def test_equal_segments_are_as_many_as_the_words_and_of_one_length():
    spans = segment_spans(share_silence(TABLE_1), "equal")
    assert [pytest.approx(edge) for span in spans for edge in span] == [
        0.0,
        1.78 / 3,
        1.78 / 3,
        2 * 1.78 / 3,
        2 * 1.78 / 3,
        1.78,
    ]
    assert spans[-1][1] == 1.78


def test_whole_is_one_segment_and_aligned_one_a_word():
    words = share_silence(TABLE_1)
    assert segment_spans(words, "whole") == [(0.0, 1.78)]
    assert segment_spans(words, "aligned") == [(word.start, word.end) for word in words]
