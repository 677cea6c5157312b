import pytest

from can_tf.alignment.transcript import spoken_words
from can_tf.errors import AlignmentError


@pytest.mark.parametrize(
    "transcript, words",
    [
        ("It's 10:30, Mr. O'Neil: $5!", "it's ten thirty mister o'neil five dollars"),
        ("9:05 or 10:00", "nine oh five or ten o'clock"),
        ("the 3rd of 21", "the third of twenty one"),
        ("$1.20 and £1", "one dollar twenty and one pound"),
        ("50% off", "fifty percent off"),
        ("well-known [LAUGHTER] caf\u00e9 <sil> ++BREATHING++", "well known cafe"),
        ("DON\u2019T, don't \u2018stop\u2019", "don't don't stop"),
        ("goin' 'cause the boys' car", "goin' cause the boys car"),
        ("In 1999 we had 3,500 cats", "in nineteen ninety nine we had three thousand five hundred cats"),
        ("& 2.5 dogs", "and two point five dogs"),
        ("mp3", "mp three"),
        ("THAN(2) (2)", "than two"),
        ("$01 and $0", "one dollar and zero dollars"),
        ("{LG} well (laughs) (so they say) *sighs* (0.5) now", "well so they say now"),
        ("\u00bfhello? cafe\u0301", "hello cafe"),
    ],
)
def test_what_is_written_becomes_what_is_said(transcript, words):
    assert " ".join(spoken_words(transcript)) == words


def test_an_amount_of_any_length_is_said_digit_by_digit():
    assert spoken_words("$" + "9" * 5000) == ("nine",) * 5000 + ("dollars",)


@pytest.mark.parametrize("transcript", ["", " \n", "...!?", "[LAUGHTER]", "\u2014"])
def test_a_transcript_without_words_is_refused(transcript):
    with pytest.raises(AlignmentError, match="holds no words"):
        spoken_words(transcript)


@pytest.mark.parametrize("word", ["\u043d\u0435\u0442", "\u4f60\u597d", "\u03b1\u03b2\u03b3", "\u0627\u0644"])
def test_another_alphabet_is_refused_by_the_word(word):
    with pytest.raises(AlignmentError, match=f"the word '{word}' is not written in the Latin alphabet"):
        spoken_words(f"he said {word} twice")
