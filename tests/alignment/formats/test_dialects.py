"""What aligners and recognizers write, by the shapes that their documentation or their bug reports show."""

import json
import logging

import pytest

from can_tf.alignment.formats import Reading, read_alignment, recordings_in
from can_tf.alignment.formats.json_words import is_answer
from can_tf.alignment.silence import without_silence
from can_tf.alignment.spans import share_silence
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import written

ROWS = [("well", 0.2, 0.7), ("go", 0.7, 1.1), ("away", 1.3, 1.8)]
ENTRIES = [{"word": word, "start": start, "end": end} for word, start, end in ROWS]
ALIGNED = {"path": "wav/a.wav", "seconds": 2.0, "words": ENTRIES}
PREDICTED = {"path": "wav/a.wav", "label": "hap", "words": [{**entry, "text_attention": 0.3} for entry in ENTRIES]}
OTHER = {"path": "wav/b.wav", "words": [{"word": "stop", "start": 0, "end": 1}]}

DIALECTS = {
    "whisperx, of which a word has no times": {
        "segments": [],
        "word_segments": [ENTRIES[0], {"word": "go"}, ENTRIES[2]],
    },
    "openai": {"task": "transcribe", "duration": 2.0, "text": "Well, go away.", "words": ENTRIES},
    "gentle": {
        "transcript": "well go away",
        "words": [
            {"case": "success", "alignedWord": "well", "phones": [], **ENTRIES[0]},
            {"case": "not-found-in-audio", "word": "go", "startOffset": 5},
            {"case": "success", "alignedWord": "away", **ENTRIES[2]},
        ],
    },
    "whisper-timestamped": {
        "segments": [{"words": [{"text": w, "start": s, "end": e, "confidence": 0.9} for w, s, e in ROWS]}]
    },
    "faster-whisper, segments by themselves": [
        {"id": 1, "seek": 0, "start": 0.2, "end": 1.1, "text": " well go", "words": ENTRIES[:2]},
        {"id": 2, "seek": 0, "start": 1.3, "end": 1.8, "text": " away", "words": ENTRIES[2:]},
    ],
    "faster-whisper, named tuples": [[start, end, f" {word}", 0.9] for word, start, end in ROWS],
    "whisper.cpp, a word a segment": {
        "result": {"language": "en"},
        "transcription": [
            {"timestamps": {"from": "00:00:00,200"}, "offsets": {"from": int(s * 1000), "to": int(e * 1000)}, "text": w}
            for w, s, e in [("", 0, 0.2), *ROWS]
        ],
    },
    "hugging face": {
        "text": " well go away",
        "chunks": [{"text": f" {w}", "timestamp": [s, None if w == "away" else e]} for w, s, e in ROWS],
    },
    "vosk with alternatives": {"alternatives": [{"confidence": 1, "result": ENTRIES, "text": "well go away"}]},
    "amazon": {
        "results": {
            "items": [
                {"start_time": str(s), "end_time": str(e), "type": "pronunciation", "alternatives": [{"content": w}]}
                for w, s, e in ROWS
            ]
            + [{"type": "punctuation", "alternatives": [{"content": "."}]}]
        }
    },
    "google": {
        "results": [
            {"alternatives": [{"words": [{"word": w, "startTime": f"{s:.3f}s", "endTime": f"{e}s"}]}]}
            for w, s, e in ROWS
        ]
    },
    "deepgram": {"results": {"channels": [{"alternatives": [{"words": ENTRIES}]}]}},
    "assemblyai": {
        "audio_duration": 2,
        "words": [{"text": w, "start": int(s * 1000), "end": int(e * 1000)} for w, s, e in ROWS],
    },
    "rev": {
        "monologues": [
            {
                "speaker": 0,
                "elements": [{"type": "text", "value": w, "ts": s, "end_ts": e} for w, s, e in ROWS]
                + [{"type": "punct", "value": "."}],
            }
        ]
    },
    "montreal forced aligner": {
        "start": 0,
        "end": 2.0,
        "tiers": {
            "phones": {"type": "interval", "entries": [[0.2, 1.8, "W"]]},
            "words": {"type": "interval", "entries": [[0, 0.2, ""], *([s, e, w] for w, s, e in ROWS), [1.8, 2.0, ""]]},
        },
    },
    "praatio, a list of tiers": {
        "xmin": 0,
        "tiers": [
            {"class": "IntervalTier", "name": "phones", "entries": [[0.2, 1.8, "W"]]},
            {"class": "IntervalTier", "name": "words", "entries": [[s, e, w] for w, s, e in ROWS]},
        ],
    },
    "pocketsphinx align": {
        "b": 0.0,
        "d": 2.0,
        "t": "well go away",
        "w": [{"b": s, "d": round(e - s, 2), "p": 1.0, "t": w} for w, s, e in [("<sil>", 0, 0.2), *ROWS]],
    },
    "whisperx of 2022": {
        "segments": [{"text": " well", "word-level": [{"text": w, "start": s, "end": e} for w, s, e in ROWS]}]
    },
    "align --json": [ALIGNED],
    "predict --json": [PREDICTED],
    "predict --timeline --json": [{"path": "a.wav", "stretches": [{"words": ENTRIES[:2]}, {"words": ENTRIES[2:]}]}],
}


@pytest.mark.parametrize("name", DIALECTS)
def test_json_as_others_write_it(tmp_path, name):
    path = written(tmp_path, "a.json", json.dumps(DIALECTS[name]))
    words = without_silence(read_alignment(path))
    assert [word.text for word in words] == ["well", "go", "away"]
    assert (words[0].start, words[0].end, words[2].start) == (0.2, 0.7, 1.3) or "face" in name
    assert all(0.6 <= word.start < word.end <= 1.3 for word in words[1:2])


def test_a_stream_of_vosks_answers_is_read_in_order(tmp_path):
    stream = [{"partial": ""}, {"partial": "well"}, {"result": ENTRIES[:2], "text": "well go"}, {"text": ""}]
    stream += [{"result": ENTRIES[2:], "text": "away"}]
    for text in ("\n".join(map(json.dumps, stream)), "".join(json.dumps(part, indent=2) for part in stream)):
        assert [word.text for word in read_alignment(written(tmp_path, "a.json", text))] == ["well", "go", "away"]


def test_of_answers_about_several_recordings_the_one_of_its_name_is_read(tmp_path):
    path = written(tmp_path, "all.json", json.dumps([PREDICTED, OTHER]))
    assert recordings_in(path) == ("wav/a.wav", "wav/b.wav")
    assert [word.text for word in read_alignment(path, "b")] == ["stop"]
    with pytest.raises(AlignmentError, match="all.json: has no utterance 'c'; the first is 'wav/a.wav'"):
        read_alignment(path, "c")
    twice = written(tmp_path, "twice.json", json.dumps([OTHER, {**OTHER, "path": "ben/b.wav"}]))
    with pytest.raises(AlignmentError, match="holds 2 recordings named 'b': wav/b.wav, ben/b.wav"):
        read_alignment(twice, "b")


@pytest.mark.parametrize(
    "value, message",
    [
        ([{"path": "a.wav", "error": "is silent"}], "its answer about 'a.wav' has no words: is silent"),
        ([OTHER, OTHER], "holds several answers about 'wav/b.wav'"),
        ({"results": {"channels": [{}, {}]}}, "has 2 channels; name the one with the words: --tier 0"),
        ([{"text": "so", "words": None}], "its segments have no words; ask Whisper for word timestamps"),
    ],
)
def test_json_without_words_is_refused_with_its_reason(tmp_path, value, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, "a.json", json.dumps(value)))


@pytest.mark.parametrize(
    "value, is_one",
    [
        ([PREDICTED], True),
        ([{"path": 'a "b".wav', "error": "is silent"}], True),
        ([{"path": "a.wav", "stretches": []}], True),
        ([{"title": "", "explanations": []}], True),
        ([ALIGNED], False),
        (ENTRIES, False),
        ([], False),
    ],
)
def test_answers_are_told_from_alignments(tmp_path, value, is_one):
    assert is_answer(written(tmp_path, "a.json", json.dumps(value, indent=2))) == is_one


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
