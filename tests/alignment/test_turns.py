"""Who speaks when, from RTTM files, and how it cuts stretches and words."""

import pytest

from can_tf.alignment.pauses import Stretch
from can_tf.alignment.turns import Speakers, Turn, one_at_a_time, read_turns, recordings_with_turns
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

RTTM = """\
;; by hand
SPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER talk 1 2.00 1.00 <NA> <NA> ben <NA> <NA>

SPEAKER talk 1 0.50 1.50 <NA> <NA> anna 0.9
SPEAKER wav/other.wav 1 0.00 1.00 <NA> <NA> carl <NA> <NA>
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "turns.rttm"
    path.write_text(RTTM)
    return path


def test_turns_are_those_of_the_recording_in_order(file):
    assert read_turns(file, "talk") == [Turn(0.5, 2.0, "anna"), Turn(2.0, 3.0, "ben")]
    assert read_turns(file, "other") == [Turn(0.0, 1.0, "carl")]
    assert recordings_with_turns(file) == ["talk", "wav/other.wav"]


def test_a_file_about_one_recording_need_not_have_its_name(tmp_path):
    (tmp_path / "a.rttm").write_text("SPEAKER x 1 0 1 <NA> <NA> anna")
    assert read_turns(tmp_path / "a.rttm", "talk") == [Turn(0.0, 1.0, "anna")]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "holds no turn; expected lines as SPEAKER talk"),
        ("anna 0 1\n", "a.rttm:1: expected SPEAKER, recording, .* found 'anna 0 1'"),
        ("\nSPEAKER talk 1 0 1 <NA> <NA>\n", "a.rttm:2: expected SPEAKER"),
        ("SPEAKER talk 1 x 1 <NA> <NA> anna", "a.rttm:1: expected a time in seconds, found 'x'"),
        ("SPEAKER talk 1 -1 1 <NA> <NA> anna", "a start and a duration from 0 on, found -1 and 1"),
        ("SPEAKER talk 1 0 nan <NA> <NA> anna", "found 0 and nan"),
        ("SPEAKER talk 1 1e308 1e308 <NA> <NA> anna", "found 1e308"),
    ],
)
def test_what_is_no_rttm_is_told_with_its_line(tmp_path, text, message):
    (tmp_path / "a.rttm").write_text(text)
    with pytest.raises(AlignmentError, match=message):
        read_turns(tmp_path / "a.rttm", "talk")


def test_a_recording_that_is_not_in_the_file_is_told(file):
    with pytest.raises(AlignmentError, match="has no utterance 'third'"):
        read_turns(file, "third")


def test_of_two_who_speak_at_once_the_first_has_the_time():
    turns = [Turn(0.0, 3.0, "anna"), Turn(1.0, 1.5, "ben"), Turn(2.5, 4.0, "ben"), Turn(3.5, 5.0, "ben")]
    expected = [Turn(0.0, 3.0, "anna"), Turn(3.0, 4.0, "ben"), Turn(4.0, 5.0, "ben")]
    assert one_at_a_time(turns[::-1]) == (expected, 1.0)  # Ben's own turns take nothing from each other.
    assert one_at_a_time([Turn(1.0, 1.0, "anna")]) == ([], 0.0)


SPEAKERS = Speakers([Turn(1.0, 2.0, "anna"), Turn(2.1, 3.0, "anna"), Turn(3.0, 4.0, "ben"), Turn(6.0, 7.0, "ben")])


@pytest.mark.parametrize(
    "stretch, parts",
    [
        ((1.2, 1.8), [(1.2, 1.8, "anna")]),
        ((1.2, 3.5), [(1.2, 3.0, "anna"), (3.0, 3.5, "ben")]),  # A gap of 0.1 s is no change of speaker.
        ((0.0, 1.5), [(0.0, 1.0, None), (1.0, 1.5, "anna")]),
        ((0.9, 1.5), [(0.9, 1.5, "anna")]),  # What is too short goes to what follows,
        ((3.5, 4.1), [(3.5, 4.1, "ben")]),  # or to what is before.
        ((3.5, 6.5), [(3.5, 4.0, "ben"), (4.0, 6.0, None), (6.0, 6.5, "ben")]),
        ((8.0, 9.0), [(8.0, 9.0, None)]),
        ((1.0, 2.0), [(1.0, 2.0, "anna")]),
    ],
)
def test_stretches_are_cut_where_another_speaks(stretch, parts):
    assert SPEAKERS.cut([Stretch(*stretch)]) == [(Stretch(start, end), speaker) for start, end, speaker in parts]


def test_who_speaks_in_the_middle_of_a_word_says_it():
    words = [Word("a", 1.0, 1.5), Word("b", 2.8, 3.1), Word("c", 2.95, 3.3), Word("d", 4.5, 4.6)]
    found = SPEAKERS.of_words(words)
    assert [(speaker, [word.text for word in group]) for speaker, group in found] == [
        ("anna", ["a", "b"]),
        ("ben", ["c"]),
        (None, ["d"]),
    ]


def test_without_turns_nobody_is_known():
    assert Speakers().cut([Stretch(0.0, 1.0)]) == [(Stretch(0.0, 1.0), None)]
    assert [speaker for speaker, _ in Speakers().of_words([Word("a", 0.0, 1.0), Word("b", 1.0, 2.0)])] == [None]
