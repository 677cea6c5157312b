import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from can_tf.alignment.formats import marks_silence, read_alignment, silence_at_edges
from can_tf.alignment.spans import share_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from tests.alignment.textgrids import LONG_TEXTGRID, SHORT_TEXTGRID

WDSEG = """\t SFrm  EFrm   SegAScr Word
\t    0    51    -61232 <s>
\t   52    75   -132000 I
\t   76    88    -98213 LIKE(2)
\t   89   140     -3120 <sil>
\t  141   143    -40121 APPLE
\t  144   177     -9812 </s>
 Total score:      -344498
"""


def written(tmp_path, name, content, encoding="utf-8"):
    path = tmp_path / name
    path.write_text(content, encoding=encoding)
    return path


def as_tuples(words):
    return [(word.text, pytest.approx(word.start), pytest.approx(word.end)) for word in words]


def test_wdseg_end_frames_are_inclusive(tmp_path):
    words = read_alignment(written(tmp_path, "a.wdseg", WDSEG))
    assert as_tuples(words) == [
        ("<s>", 0.0, 0.52),
        ("I", 0.52, 0.76),
        ("LIKE(2)", 0.76, 0.89),
        ("<sil>", 0.89, 1.41),
        ("APPLE", 1.41, 1.44),
        ("</s>", 1.44, 1.78),
    ]
    assert as_tuples(share_silence(words)) == [("i", 0.0, 0.76), ("like", 0.76, 1.15), ("apple", 1.15, 1.78)]


def test_wdseg_in_latin_1_is_read(tmp_path):
    words = read_alignment(written(tmp_path, "a.wdseg", "0 9 -1 CAF\u00c9\n", "latin-1"))
    assert as_tuples(words) == [("CAF\u00c9", 0.0, 0.1)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_textgrid_in_long_form(tmp_path, encoding):
    words = read_alignment(written(tmp_path, "a.TextGrid", LONG_TEXTGRID, encoding))
    assert as_tuples(words) == [("<sil>", 0, 0.5), ("say", 0.5, 1.0), ('"hi"', 1.0, 1.5)]


def test_textgrid_in_short_form_with_a_speaker_in_the_tiers_name(tmp_path):
    words = read_alignment(written(tmp_path, "a.TextGrid", SHORT_TEXTGRID))
    assert as_tuples(words) == [("<sil>", 0, 0.5), ("say", 0.5, 1.0), ("hi", 1.0, 1.5)]


def test_ctm_of_several_utterances_gives_the_one_asked_for(tmp_path):
    path = written(tmp_path, "a.ctm", ";; made by hand\nu1 1 0.1 0.2 say 0.9\nu2 1 0.0 0.5 no\nu1 1 0.4 0.1 hi\n")
    assert as_tuples(read_alignment(path, "u1")) == [("say", 0.1, 0.3), ("hi", 0.4, 0.5)]
    assert as_tuples(read_alignment(path, "u2")) == [("no", 0.0, 0.5)]
    with pytest.raises(AlignmentError, match="a.ctm: has no utterance 'u3'"):
        read_alignment(path, "u3")
    with pytest.raises(AlignmentError, match="holds 2 utterances, and none was asked for"):
        read_alignment(path)


@pytest.mark.parametrize(
    "value",
    [
        [{"word": "say", "start": 0.5, "end": 1}, {"word": "hi", "start": 1.0, "end": 1.5}],
        {
            "text": " say hi",
            "segments": [
                {"words": [{"word": " say", "start": 0.5, "end": 1.0, "probability": 0.9}]},
                {"words": [{"word": " hi", "start": 1.0, "end": 1.5}]},
            ],
        },
        {
            "word_segments": [
                {"word": "say", "start": 0.5, "end": 1, "score": 0.3},
                {"word": "hi", "start": 1, "end": 1.5},
            ]
        },
        {"words": [{"text": "say", "start": "0.5", "end": 1}, {"text": "hi", "start": 1, "end": 1.5}]},
        {"result": [{"conf": 0.9, "end": 1.0, "start": 0.5, "word": "say"}, {"end": 1.5, "start": 1, "word": "hi"}]},
        [
            {"result": [{"conf": 0.9, "end": 1.0, "start": 0.5, "word": "say"}], "text": "say"},
            {"text": ""},
            {"result": [{"conf": 0.4, "end": 1.5, "start": 1.0, "word": "hi"}], "text": "hi"},
        ],
    ],
    ids=["list", "whisper", "whisperx", "words", "vosk", "vosk-in-parts"],
)
def test_json_of_several_shapes(tmp_path, value):
    words = read_alignment(written(tmp_path, "a.json", json.dumps(value)))
    assert as_tuples(words) == [("say", 0.5, 1.0), ("hi", 1.0, 1.5)]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.wdseg", "", "holds no words"),
        ("a.wdseg", "\t SFrm  EFrm   SegAScr Word\n Total score: 0\n", "holds no words"),
        ("a.wdseg", "0 9 A\n", "a.wdseg:1: expected first frame, last frame, score and word, found '0 9 A'"),
        ("a.wdseg", "0 x -1 A\n", "a.wdseg:1: expected first frame"),
        ("a.wdseg", "9 0 -1 A\n", "token 1, 'A', 0.090 to 0.010 s: expected an end after the start"),
        ("a.wdseg", "-9 3 -1 A\n", "expected finite times from 0 on"),
        ("a.wdseg", f"0 {'9' * 400} -1 A\n", "beyond any recording"),
        (
            "a.wdseg",
            "0 50 -1 A\n40 60 -1 B\n",
            "token 2, 'B', 0.400 to 0.610 s: begins before the token before it ends",
        ),
        ("a.wdseg", "50 60 -1 A\n0 20 -1 B\n", "begins before the token before it ends"),
        ("a.ctm", "u1 1 0.1 0.2\n", "a.ctm:1: expected utterance, channel, start, duration, word"),
        ("a.ctm", "u1 1 zero 0.2 a\n", "a.ctm:1: expected a time in seconds, found 'zero'"),
        ("a.ctm", "u1 1 nan 0.2 a\n", "expected finite times"),
        ("a.json", "", "is not JSON"),
        ("a.json", "[" * 200_000, "is not JSON"),
        ("a.json", "3", "expected a list of"),
        ("a.json", "[]", "holds no words"),
        ("a.json", "[3]", "entry 1: expected an object"),
        ("a.json", '[{"word": "a", "start": 0}]', "the word 'a' has no start or no end"),
        ("a.json", '[{"word": "a", "start": true, "end": 1}]', "expected a time in seconds, found 'True'"),
        ("a.json", '[{"word": "a", "start": 0, "end": 1e999}]', "expected finite times"),
        ("a.json", '[{"word": " ", "start": 0, "end": 1}]', "entry 1: expected a word"),
        ("a.json", '[{"result": []}, {"result": true}]', "expected a list of words for each result"),
        ("a.json", '{"segments": [{"text": "a"}]}', "its segments have no words; ask Whisper for word timestamps"),
        ("a.TextGrid", "hello", "is not a TextGrid"),
        ("a.TextGrid", SHORT_TEXTGRID[:120], "is cut short or is not a TextGrid"),
        ("a.TextGrid", SHORT_TEXTGRID.replace('"IntervalTier"', '"Strange"'), "is cut short or is not a TextGrid"),
        (
            "a.TextGrid",
            LONG_TEXTGRID.replace('"words"', '"tokens"'),
            "named 'words'; the interval tiers are 'phones', 'tokens'",
        ),
        ("a.TextGrid", SHORT_TEXTGRID.replace("\n3\n", "\n1e999\n"), "is cut short or is not a TextGrid"),
        ("a.txt", "a", "unknown kind of alignment; expected .wdseg, .TextGrid, .ctm or .json"),
    ],
)
def test_a_bad_alignment_is_refused_with_its_place(tmp_path, name, content, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, name, content))


def test_a_missing_and_an_enormous_file_are_refused(tmp_path):
    with pytest.raises(AlignmentError, match="a.wdseg: cannot be read"):
        read_alignment(tmp_path / "a.wdseg")
    with (tmp_path / "b.json").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(AlignmentError, match="expected at most 16777216"):
        read_alignment(tmp_path / "b.json")


def test_a_long_run_of_digits_in_a_textgrid_takes_no_time(tmp_path):
    content = SHORT_TEXTGRID.replace("\n1.5\n", f"\n{'9' * 50_000}x\n")
    path = written(tmp_path, "a.TextGrid", content)
    started = time.process_time()
    with pytest.raises(AlignmentError, match="is cut short or is not a TextGrid"):
        read_alignment(path)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("name", ["a\0.json", "a\ud800.json"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(AlignmentError, match="cannot be read"):
        read_alignment(tmp_path / name)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["a.wdseg", "a.TextGrid", "a.ctm", "a.json"]),
    st.one_of(
        st.binary(max_size=200),
        st.text(alphabet='0123456789.-+e "[]{}:,<>\nabu', max_size=200).map(str.encode),
        st.integers(0, len(SHORT_TEXTGRID)).map(lambda cut: SHORT_TEXTGRID[:cut].encode()),
        st.integers(0, len(LONG_TEXTGRID)).map(lambda cut: (LONG_TEXTGRID[:cut] + LONG_TEXTGRID[cut + 9 :]).encode()),
    ),
)
def test_no_bytes_raise_anything_but_an_alignment_error(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    try:
        words = read_alignment(path)
    except AlignmentError:
        return
    assert all(0 <= word.start <= word.end for word in words)


def test_only_wdseg_and_textgrid_mark_silence(tmp_path):
    assert [marks_silence(tmp_path / name) for name in ("a.wdseg", "a.TextGrid", "a.ctm", "a.json")] == [
        True,
        True,
        False,
        False,
    ]


def test_silence_at_the_edges_goes_to_the_first_and_the_last_word():
    words = silence_at_edges([Word("say", 0.5, 1.0), Word("hi", 1.2, 1.5)], 2.0)
    assert as_tuples(share_silence(words)) == [("say", 0.0, 1.1), ("hi", 1.1, 2.0)]
    assert silence_at_edges([Word("say", 0.0, 1.0)], 1.0) == (Word("say", 0.0, 1.0),)
