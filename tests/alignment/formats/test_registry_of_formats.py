"""What holds for every format: what is written is read again, and nothing but an AlignmentError comes out."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from can_tf.alignment.formats import FORMATS, alignment_suffixes, format_alignment, marks_silence, read_alignment
from can_tf.alignment.formats.registry import suffixes_in_words
from can_tf.alignment.silence import without_silence
from can_tf.alignment.spans import share_silence
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import SECONDS, TOKENS, round_trip, written
from tests.alignment.formats.test_textgrid import LONG_TEXTGRID, SHORT_TEXTGRID


def test_a_missing_and_an_enormous_file_are_refused(tmp_path):
    with pytest.raises(AlignmentError, match="a.wdseg: cannot be read"):
        read_alignment(tmp_path / "a.wdseg")
    with (tmp_path / "b.json").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(AlignmentError, match="expected at most 16777216"):
        read_alignment(tmp_path / "b.json")


@pytest.mark.parametrize("name", ["a\0.json", "a\ud800.json"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(AlignmentError, match="cannot be read"):
        read_alignment(tmp_path / name)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([f"a{suffix}" for suffix in alignment_suffixes()]),
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


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("end, start", [(0.62, 0.6), (0.105, 0.085), (0.3, 0.28), (1.005, 0.985), (0.145, 0.125)])
def test_the_largest_overlap_that_is_read_is_written_so_that_it_is_read_again(tmp_path, name, end, start):
    tokens = (Word("one", 0.0, end), Word("two", start, 1.5))
    one, two = without_silence(round_trip(tmp_path, name, tokens, SECONDS))
    assert (one.end, two.start) == (pytest.approx(end, abs=0.0101), pytest.approx(start, abs=0.0101))


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_as_it_was(tmp_path, name):
    found = without_silence(round_trip(tmp_path, name, TOKENS, SECONDS))
    assert [word.text for word in found] == ["i", "don't", "know"]
    for word, expected in zip(found, without_silence(TOKENS), strict=True):
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
    found = without_silence(round_trip(tmp_path, name, tokens, seconds))
    assert [word.text for word in found] == [word.text for word in tokens]
    for word, expected in zip(found, tokens, strict=True):
        assert abs(word.start - expected.start) <= 0.0101
        assert abs(word.end - expected.end) <= 0.0101


def test_only_wdseg_and_textgrid_mark_silence(tmp_path):
    names = ("a.wdseg", "a.TextGrid", "a.ctm", "a.json")
    assert [marks_silence(tmp_path / name) for name in names] == [True, True, False, False]


def test_an_unknown_suffix_is_refused_with_those_that_are_known(tmp_path):
    for function in (read_alignment, marks_silence):
        with pytest.raises(AlignmentError, match=f"a.txt: unknown kind of alignment; expected {suffixes_in_words()}"):
            function(written(tmp_path, "a.txt", "a"))
    assert suffixes_in_words().startswith(".wdseg, .TextGrid, .ctm")
    assert suffixes_in_words().endswith(f" or {alignment_suffixes()[-1]}")


@pytest.mark.parametrize("suffix", alignment_suffixes())
def test_a_suffix_is_known_in_any_case(tmp_path, suffix):
    name = next(name for name, format_ in FORMATS.items() if suffix in format_.suffixes)
    for written_as in (suffix.lower(), suffix.upper()):
        path = written(tmp_path, f"a{written_as}", format_alignment(name, "u1", TOKENS, SECONDS))
        assert [word.text for word in without_silence(read_alignment(path))] == ["i", "don't", "know"]


@pytest.mark.parametrize("suffix", alignment_suffixes())
def test_formats_that_share_a_suffix_are_read_alike(suffix):
    sharing = [format_ for format_ in FORMATS.values() if suffix in format_.suffixes]
    assert len({(format_.read, format_.silence_labels) for format_ in sharing}) == 1
