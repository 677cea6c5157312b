"""One odd word costs itself alone; what is odd throughout is refused."""

import math

import pytest

from can_tf.alignment.mending import UNKNOWN, mended, within
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

WELL, GO, AWAY = ("well", 0.2, 0.7), ("go", 0.7, 1.1), ("away", 1.3, 1.8)


def words(*rows):
    return [Word(*row) for row in rows]


def rounded(tokens):
    return [(token.text, round(token.start, 3), round(token.end, 3)) for token in tokens]


@pytest.mark.parametrize(
    "rows, expected",
    [
        ([WELL, ("a", 0.7, 0.7), ("way", 0.7, 1.8)], [("well", 0.2, 0.65), ("a", 0.65, 0.75), ("way", 0.75, 1.8)]),
        ([WELL, ("2014", UNKNOWN, UNKNOWN), AWAY], [WELL, ("2014", 0.7, 1.3), AWAY]),
        ([("so", UNKNOWN, 0.1), WELL, AWAY], [("so", 0.0, 0.2), WELL, AWAY]),
        ([WELL, AWAY, ("now", 1.8, UNKNOWN)], [WELL, ("away", 1.3, 1.7), ("now", 1.7, 1.8)]),
        ([WELL, ("so", 29.0, 29.5), GO, AWAY], [("well", 0.2, 0.65), ("so", 0.65, 0.75), ("go", 0.75, 1.1), AWAY]),
        ([("well", 0.2, 29.7), GO, AWAY], [WELL, GO, AWAY]),
        ([WELL, ("go", 1.1, 0.7), AWAY], [WELL, ("go", 0.7, 1.3), AWAY]),
        ([WELL, ("go", -3.0, math.inf), AWAY], [WELL, ("go", 0.7, 1.3), AWAY]),
        ([WELL, ("a", 0.7, 0.7), ("b", 0.7, 0.7), GO, AWAY], [("well", 0.2, 0.6), ("a", 0.6, 0.7), ("b", 0.7, 0.8)]),
        ([("a", 0.0, 0.04), ("b", 0.04, 0.04)], [("a", 0.0, 0.02), ("b", 0.02, 0.04)]),
        ([WELL, ("well", 0.2, 0.7), AWAY], [("well", 0.2, 0.7), ("well", 0.7, 1.3), AWAY]),
    ],
)
def test_an_odd_word_is_timed_by_its_neighbors(caplog, rows, expected):
    tokens = mended(words(*rows), "talk.json")
    assert rounded(tokens)[: len(expected)] == expected
    assert len(tokens) == len(rows)
    assert [message[:17] for message in caplog.messages] == [
        "talk.json: 2 word" if len(rows) == 5 else "talk.json: 1 word"
    ]


@pytest.mark.parametrize("mark", [",", ".", "<eps>", "sp", ""])
def test_a_mark_without_times_is_left_out_in_silence(caplog, mark):
    assert mended(words(WELL, (mark, 0.7, 0.7), GO, (mark, UNKNOWN, UNKNOWN)), "a.json") == tuple(words(WELL, GO))
    assert not caplog.messages


def test_words_in_order_are_left_as_they_are():
    tokens = words(WELL, ("go", 0.68, 1.1), ("<sil>", 1.1, 1.3), AWAY)
    assert mended(tokens, "a.json") == tuple(tokens)
    assert mended([], "a.json") == ()


@pytest.mark.parametrize(
    "rows, message",
    [
        ([("a", UNKNOWN, UNKNOWN)], "a.json: the word 'a' has no start or no end; expected finite times from 0 on"),
        ([("a", 0.5, 0.5)], "token 1, 'a', 0.500 to 0.500 s: expected an end after the start"),
        ([("a", -1.0, 0.5)], "token 1, 'a', -1.000 to 0.500 s: expected finite times from 0 on"),
        ([WELL, ("a", UNKNOWN, 1), ("b", UNKNOWN, 1)], "the word 'a' has no start .*, for most of the words"),
        ([AWAY, WELL], "token 2, 'well', 0.200 to 0.700 s: begins before the token before it ends, at 1.800 s"),
        ([AWAY, GO, WELL], "token 2, 'go', 0.700 to 1.100 s: begins before the token before it ends, at 1.800 s"),
        ([("a", 0, 0.5), ("b", 0.4, 0.6)], "token 2, 'b', 0.400 to 0.600 s: begins before"),
    ],
)
def test_what_is_odd_throughout_is_refused_by_its_first_word(rows, message):
    with pytest.raises(AlignmentError, match=message):
        mended(words(*rows), "a.json")


@pytest.mark.parametrize(
    "rows, expected, told",
    [
        ([WELL, ("away", 1.3, 2.05)], [WELL, ("away", 1.3, 2.05)], None),  # As aligners round.
        (
            [WELL, ("away", 1.3, 2.4)],
            [WELL, ("away", 1.3, 2.0)],
            "ends at 2.40 s and the audio at 2.00 s; what is behind",
        ),
        ([WELL, GO, ("you", 29.0, 29.5)], [WELL, GO], "1 word behind it left out, from 'you' on"),
        (
            [WELL, GO, AWAY, ("thank", 29, 30), ("you", 30, 31)],
            [WELL, GO, AWAY],
            "2 words behind it left out, from 'th",
        ),
        ([WELL, ("</s>", 0.7, 3.0)], [WELL, ("</s>", 0.7, 2.0)], "what is behind it is cut"),
        ([WELL, ("go", 2.0, 2.05), GO], [WELL, GO], "1 word behind it left out, from 'go' on"),
    ],
)
def test_what_is_behind_the_audios_end_is_cut_or_left_out(caplog, rows, expected, told):
    assert within(words(*rows), 2.0, "talk.wav") == tuple(words(*expected))
    assert (told in caplog.text) if told else not caplog.messages


@pytest.mark.parametrize(
    "rows, message",
    [
        (
            [WELL, ("thank", 29, 30)],
            "ends at 30.00 s and the audio at 2.00 s, behind which are 1 of 2 words, from 'thank' at 29",
        ),
        ([("late", 0.0, 9.0)], "ends at 9.00 s .* 1 of 1 word, from 'late' at 0.00 s on; expected it to end with"),
    ],
)
def test_an_alignment_of_another_recording_is_refused(rows, message):
    with pytest.raises(AlignmentError, match=message):
        within(words(*rows), 2.0, "talk.wav")
