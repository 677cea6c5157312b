import time

import pytest

from can_tf.alignment.formats import format_alignment, read_alignment
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import SECONDS, TOKENS, as_tuples, written
from tests.alignment.textgrids import LONG_TEXTGRID, SHORT_TEXTGRID


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_textgrid_in_long_form(tmp_path, encoding):
    words = read_alignment(written(tmp_path, "a.TextGrid", LONG_TEXTGRID, encoding))
    assert as_tuples(words) == [("<sil>", 0, 0.5), ("say", 0.5, 1.0), ('"hi"', 1.0, 1.5)]


def test_textgrid_in_short_form_with_a_speaker_in_the_tiers_name(tmp_path):
    words = read_alignment(written(tmp_path, "a.TextGrid", SHORT_TEXTGRID))
    assert as_tuples(words) == [("<sil>", 0, 0.5), ("say", 0.5, 1.0), ("hi", 1.0, 1.5)]


def test_a_short_textgrid_covers_the_recording():
    assert format_alignment("textgrid-short", "u1", TOKENS[1:], SECONDS).splitlines()[3:] == [
        *("0", "1.78", "<exists>", "1", '"IntervalTier"', '"words"', "0", "1.78", "6"),
        *("0", "0.52", '""', "0.52", "0.76", '"i"', "0.76", "0.89", '"don\'t"'),
        *("0.89", "1.41", '""', "1.41", "1.44", '"know"'),
        *("1.44", "1.78", '""'),
    ]


@pytest.mark.parametrize(
    "content, message",
    [
        ("hello", "is not a TextGrid"),
        (SHORT_TEXTGRID[:120], "is cut short or is not a TextGrid"),
        (SHORT_TEXTGRID.replace('"IntervalTier"', '"Strange"'), "is cut short or is not a TextGrid"),
        (
            LONG_TEXTGRID.replace('"words"', '"tokens"'),
            "named 'words'; the interval tiers are 'phones', 'tokens'",
        ),
        (SHORT_TEXTGRID.replace("\n3\n", "\n1e999\n"), "is cut short or is not a TextGrid"),
    ],
)
def test_a_textgrid_of_another_layout_is_refused_with_its_place(tmp_path, content, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, "a.TextGrid", content))


def test_a_long_run_of_digits_in_a_textgrid_takes_no_time(tmp_path):
    content = SHORT_TEXTGRID.replace("\n1.5\n", f"\n{'9' * 50_000}x\n")
    path = written(tmp_path, "a.TextGrid", content)
    started = time.process_time()
    with pytest.raises(AlignmentError, match="is cut short or is not a TextGrid"):
        read_alignment(path)
    assert time.process_time() - started < 1
