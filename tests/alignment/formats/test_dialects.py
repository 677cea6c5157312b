"""What aligners and recognizers write, by the shapes that their documentation or their bug reports show."""

import logging

import pytest

from can_tf.alignment.formats import Reading, read_alignment
from can_tf.alignment.silence import without_silence
from can_tf.alignment.spans import share_silence
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import written

ROWS = [("well", 0.2, 0.7), ("go", 0.7, 1.1), ("away", 1.3, 1.8)]


def textgrid(*tiers, header='File type = "ooTextFile short"\n"TextGrid"\n'):
    body = "".join(
        f'"IntervalTier"\n"{name}"\n0\n2\n{len(rows)}\n' + "".join(f'{s}\n{e}\n"{label}"\n' for s, e, label in rows)
        for name, rows in tiers
    )
    return f"{header}\n0\n2\n<exists>\n{len(tiers)}\n{body}"


TIER = [(0, 0.2, "sp"), *((start, end, word) for word, start, end in ROWS[:2]), (1.1, 1.3, "sil"), (1.3, 2, " away ")]
PHONES = [(0, 2, "AH0")]
EMPTY = [(0, 2, "")]


@pytest.mark.parametrize(
    "tiers",
    [
        [("words", TIER)],
        [("phone", PHONES), ("word", TIER)],
        [("ORT-MAU", TIER), ("KAN-MAU", TIER), ("MAU", PHONES)],
        [("words ", TIER), ("phones", PHONES)],
        [("anna - words", TIER), ("anna - phones", PHONES), ("ben - words", EMPTY), ("ben - phones", EMPTY)],
        [("S1 - word", TIER), ("S1 - phone", PHONES)],
        [("PhonAlign", PHONES), ("TokensAlign", TIER)],
        [("A", TIER), ("B", [(0, 1, "<p:>"), (1, 2, "")])],
        [("mots", TIER)],
    ],
)
def test_the_tier_of_words_by_any_aligners_name(tmp_path, tiers):
    path = written(tmp_path, "a.TextGrid", textgrid(*tiers))
    assert [word.text for word in share_silence(read_alignment(path))] == ["well", "go", "away"]


def test_a_tier_is_asked_for_by_its_name(tmp_path):
    path = written(tmp_path, "a.TextGrid", textgrid(("anna - words", TIER), ("ben - words", [(0, 2, "no")])))
    for asked, first in (("Ben - Words", "no"), ("anna - words", "well")):
        assert without_silence(read_alignment(path, reading=Reading(tier=asked)))[0].text == first
    with pytest.raises(
        AlignmentError, match="tiers are 'anna - words', 'ben - words'. Name the tier of the words with"
    ):
        read_alignment(path)
    with pytest.raises(AlignmentError, match="expected one tier 'carl'; the interval tiers are 'anna"):
        read_alignment(path, reading=Reading(tier="carl"))
    with pytest.raises(AlignmentError, match="holds no words; the interval tiers are 'words'"):
        read_alignment(written(tmp_path, "b.TextGrid", textgrid(("words", EMPTY))))


def test_an_interval_of_several_words_is_shared_by_their_lengths_and_that_is_told(tmp_path, caplog):
    path = written(tmp_path, "a.TextGrid", textgrid(("said", [(0, 0.2, ""), (0.2, 2.0, "so good,  go")])))
    words = without_silence(read_alignment(path))
    assert [(word.text, round(word.start, 3)) for word in words] == [("so", 0.2), ("good,", 0.6), ("go", 1.6)]
    told = "has times for several words together; within them, words are timed by their length"
    assert caplog.messages == [f"{path}: {told}"]


CTM = "talk A 0.2 0.5 well 0.9 lex anna\ntalk B 0.8 0.3 yes 0.9 lex ben\ntalk A 1.3 0.5 away NA lex anna\n"


def test_of_a_ctms_channels_one_is_asked_for(tmp_path):
    path = written(tmp_path, "a.ctm", CTM)
    assert [word.text for word in read_alignment(path, reading=Reading(tier="A"))] == ["well", "away"]
    assert [word.text for word in read_alignment(path, reading=Reading(tier="B"))] == ["yes"]
    with pytest.raises(AlignmentError, match="talk has the channels A, B, .* Name its channel, as in --tier A"):
        read_alignment(path)
    with pytest.raises(AlignmentError, match="talk has no channel 'C'; it has A, B"):
        read_alignment(path, reading=Reading(tier="C"))


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff;; by hand\n  ;; and indented\ntalk\t1\t0.2\t0.5\twell  \r\n\r\ntalk 1 1.3 0.5 away 0.5\r\n",
        "talk 1 0.2 0.5 well 0.9 lex\ntalk 1 1.3 0.5 away 0.9 lex spk1\n",
        "talk 1 0.2 0.5 well 0.9\ntalk 1 0.7 0.2 <eps> 1.00\ntalk 1 1.3 0.5 away 0.9\n",
        "talk 1 * * <ALT_BEGIN>\ntalk 1 0.2 0.5 well\ntalk 1 * * <ALT>\ntalk 1 0.2 0.5 wall\ntalk 1 * * <ALT_END>\n"
        "talk 1 1.3 0.5 away\ntalk 1 1.8 0.1 @\n",
        "other 1 0.0 0.5 no\ntalk 1 0.2 0.5 well\ntalk 1 1.3 0.5 away\n",
    ],
    ids=["white-space", "speakers", "eps", "alternatives", "several"],
)
def test_ctm_as_others_write_it(tmp_path, content):
    path = written(tmp_path, "all.ctm", content)
    assert [word.text for word in without_silence(read_alignment(path, "talk"))] == ["well", "away"]


SRT = "\ufeff1\r\n00:00:00,200 --> 00:00:00,700\r\n<i>Well,</i>\r\n\r\n2\r\n"
SRT += "00:00:00,700 --> 00:00:01,800\r\n- go\r\naway!\r\n"
WORD_VTT = """WEBVTT
Kind: captions

NOTE made by hand

STYLE
::cue { color: red }

first
00:00.200 --> 00:00.700 align:start position:0%
<v Anna>well</v>

00:00.700 --> 00:00:01.800
<c>go</c><00:00:01.300><c> away</c>
"""
ROLLING_VTT = """WEBVTT

00:00:00.200 --> 00:00:01.100
well<00:00:00.700><c> go</c>

00:00:01.100 --> 00:00:01.110
well go

00:00:01.110 --> 00:00:02.000
well go
away
"""
UNDERLINED_SRT = """1
00:00:00,200 --> 00:00:00,700
<u>well</u> go away

2
00:00:00,700 --> 00:00:01,100
well <u>go</u> away

3
00:00:01,100 --> 00:00:01,300
well go away

4
00:00:01,300 --> 00:00:01,800
well go <u>away</u>
"""


@pytest.mark.parametrize(
    "name, content, starts",
    [
        ("a.srt", SRT, [0.2, 0.7, 1.014]),
        ("a.vtt", WORD_VTT, [0.2, 0.7, 1.3]),
        ("a.vtt", ROLLING_VTT, [0.2, 0.7, 1.11]),
        ("a.srt", UNDERLINED_SRT, [0.2, 0.7, 1.3]),
        ("a.vtt", "WEBVTT\n\n00:00.200 --> 00:01.300\nwell go\n\n00:01.300 --> 00:01.800\naway\n", [0.2, 0.933, 1.3]),
    ],
    ids=["srt", "vtt", "rolling", "underlined", "spread"],
)
def test_subtitles(tmp_path, name, content, starts):
    words = read_alignment(written(tmp_path, name, content))
    assert [word.text.strip(",!").lower() for word in words] == ["well", "go", "away"]
    assert [round(word.start, 3) for word in words] == starts


def test_subtitles_without_times_are_refused(tmp_path):
    with pytest.raises(AlignmentError, match="a.srt: has no line of times; expected 00:00:01,000 -->"):
        read_alignment(written(tmp_path, "a.srt", "well go away\n"))


def test_a_tier_of_a_format_without_tiers_is_refused(tmp_path):
    with pytest.raises(AlignmentError, match="a.wdseg: has no tiers or channels; leave --tier x out"):
        read_alignment(written(tmp_path, "a.wdseg", "0 9 -1 A\n"), reading=Reading(tier="x"))


def test_further_marks_of_silence_are_given(tmp_path):
    path = written(tmp_path, "a.ctm", "a 1 0.2 0.5 well\na 1 0.7 0.4 xXx\na 1 1.3 0.5 away\n")
    words = without_silence(read_alignment(path, reading=Reading(silence=("XXX", "hm"))))
    assert [word.text for word in words] == ["well", "away"]


@pytest.mark.parametrize(
    "encoding, told",
    [
        ("cp1252", "is not UTF-8 and is read as Windows-1252, where it has 'caf\u00e9'"),
        ("utf-16-le", "read as UTF-16-LE"),
    ],
)
def test_a_guessed_encoding_is_told(tmp_path, caplog, encoding, told):
    path = tmp_path / "a.ctm"
    path.write_bytes("a 1 0.2 0.5 caf\u00e9\n".encode(encoding))
    with caplog.at_level(logging.WARNING):
        assert read_alignment(path)[0].text == "caf\u00e9"
    assert told in caplog.text
