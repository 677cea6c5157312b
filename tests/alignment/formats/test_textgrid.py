import time

import pytest

from can_tf.alignment.formats import format_alignment, read_alignment
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import SECONDS, TOKENS, as_tuples, written

LONG_TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "AH0"
    item [2]:
        class = "TextTier"
        name = "marks"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.25
            mark = "x"
    item [3]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.0
            text = "say"
        intervals [3]:
            xmin = 1.0
            xmax = 1.5
            text = ""\"hi"\""
"""

SHORT_TEXTGRID = """File type = "ooTextFile"
"TextGrid"

0
1.5
<exists>
1
"IntervalTier"
"anna - words"
0
1.5
3
0
0.5
"sp"
0.5
1.0
"say"
1.0
1.5
"hi"
"""


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
