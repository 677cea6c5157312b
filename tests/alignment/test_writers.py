import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from can_tf.alignment.formats import read_alignment
from can_tf.alignment.spans import is_silence, share_silence
from can_tf.alignment.word import Word
from can_tf.alignment.writers import FORMATS, format_alignment

TOKENS = (
    Word("<s>", 0.0, 0.52),
    Word("i", 0.52, 0.76),
    Word("don't", 0.76, 0.89),
    Word("<sil>", 0.89, 1.41),
    Word("know", 1.41, 1.44),
)
SECONDS = 1.78


def round_trip(folder, name, tokens, seconds):
    path = folder / f"a{FORMATS[name][0]}"
    path.write_text(format_alignment(name, "u 1", tokens, seconds), encoding="utf-8")
    return read_alignment(path)


def words_of(tokens):
    return [token for token in tokens if not is_silence(token.text)]


def test_wdseg_has_inclusive_frames_and_no_gap():
    assert format_alignment("wdseg", "u1", TOKENS, SECONDS).splitlines() == [
        "\t SFrm  EFrm   SegAScr Word",
        "\t    0    51          0 <s>",
        "\t   52    75          0 i",
        "\t   76    88          0 don't",
        "\t   89   140          0 <sil>",
        "\t  141   143          0 know",
        "\t  144   177          0 <sil>",
        " Total score: 0",
    ]


def test_ctm_has_durations_and_no_silence():
    assert format_alignment("ctm", "u 1", TOKENS, SECONDS) == (
        "u_1 1 0.5200 0.2400 i\nu_1 1 0.7600 0.1300 don't\nu_1 1 1.4100 0.0300 know\n"
    )


def test_a_short_textgrid_covers_the_recording():
    assert format_alignment("textgrid-short", "u1", TOKENS[1:], SECONDS).splitlines()[3:] == [
        *("0", "1.78", "<exists>", "1", '"IntervalTier"', '"words"', "0", "1.78", "6"),
        *("0", "0.52", '""', "0.52", "0.76", '"i"', "0.76", "0.89", '"don\'t"'),
        *("0.89", "1.41", '""', "1.41", "1.44", '"know"'),
        *("1.44", "1.78", '""'),
    ]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("end, start", [(0.62, 0.6), (0.105, 0.085), (0.3, 0.28), (1.005, 0.985), (0.145, 0.125)])
def test_the_largest_overlap_that_is_read_is_written_so_that_it_is_read_again(tmp_path, name, end, start):
    tokens = (Word("one", 0.0, end), Word("two", start, 1.5))
    one, two = words_of(round_trip(tmp_path, name, tokens, SECONDS))
    assert (one.end, two.start) == (pytest.approx(end, abs=0.0101), pytest.approx(start, abs=0.0101))


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_as_it_was(tmp_path, name):
    found = words_of(round_trip(tmp_path, name, TOKENS, SECONDS))
    assert [word.text for word in found] == ["i", "don't", "know"]
    for word, expected in zip(found, words_of(TOKENS), strict=True):
        assert word.start == pytest.approx(expected.start, abs=1e-4)
        assert word.end == pytest.approx(expected.end, abs=1e-4)


@pytest.mark.parametrize("name", ["wdseg", "textgrid", "textgrid-short"])
def test_formats_that_mark_silence_give_the_same_segments_again(tmp_path, name):
    tokens = (*TOKENS, Word("</s>", 1.44, SECONDS))
    for word, expected in zip(
        share_silence(round_trip(tmp_path, name, tokens, SECONDS)), share_silence(tokens), strict=True
    ):
        assert (word.start, word.end) == pytest.approx((expected.start, expected.end), abs=1e-4)


@st.composite
def alignments(draw):
    """Words with gaps, or overlaps of up to 20 ms, as recognizers write them."""
    words, reached = [], 0.0
    for index in range(draw(st.integers(1, 12))):
        start = max(reached + draw(st.floats(-0.0199, 0.6)), words[-1].start if words else 0.0, 0.0)
        end = max(start, reached) + draw(st.floats(0.02, 0.9))
        words.append(Word(draw(st.sampled_from(["a", "don't", 'say"so', "<b>", "été"])) + str(index), start, end))
        reached = end
    return tuple(words), reached + draw(st.floats(0.0, 1.0))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FORMATS)), alignments())
def test_a_round_trip_moves_no_time_by_more_than_10_ms(tmp_path, name, alignment):
    tokens, seconds = alignment
    found = words_of(round_trip(tmp_path, name, tokens, seconds))
    assert [word.text for word in found] == [word.text for word in tokens]
    for word, expected in zip(found, tokens, strict=True):
        assert abs(word.start - expected.start) <= 0.0101
        assert abs(word.end - expected.end) <= 0.0101
