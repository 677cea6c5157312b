import pytest

from can_tf.alignment.formats import format_alignment, read_alignment
from can_tf.alignment.spans import share_silence
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import SECONDS, TOKENS, as_tuples, written

WDSEG = """\t SFrm  EFrm   SegAScr Word
\t    0    51    -61232 <s>
\t   52    75   -132000 I
\t   76    88    -98213 LIKE(2)
\t   89   140     -3120 <sil>
\t  141   143    -40121 APPLE
\t  144   177     -9812 </s>
 Total score:      -344498
"""


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


def test_what_is_written_has_inclusive_frames_and_no_gap():
    assert format_alignment("wdseg", "u1", TOKENS, SECONDS).splitlines() == [
        "\t SFrm  EFrm   SegAScr Word",
        "\t    0    51          0 <s>",
        "\t   52    75          0 i",
        "\t   76    88          0 don't",
        "\t   89   140          0 <sil>",
        "\t  141   143          0 know",
        "\t  144   177          0 <sil>",
        " Total score:            0",
    ]


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "holds no words"),
        ("\t SFrm  EFrm   SegAScr Word\n Total score: 0\n", "holds no words"),
        ("0 9 A\n", "a.wdseg:1: expected first frame, last frame, score and word, found '0 9 A'"),
        ("0 x -1 A\n", "a.wdseg:1: expected first frame"),
        ("9 0 -1 A\n", "token 1, 'A', 0.090 to 0.010 s: expected an end after the start"),
        ("-9 3 -1 A\n", "expected finite times from 0 on"),
        (f"0 {'9' * 400} -1 A\n", "beyond any recording"),
        (
            "0 50 -1 A\n40 60 -1 B\n",
            "token 2, 'B', 0.400 to 0.610 s: begins before the token before it ends",
        ),
        ("50 60 -1 A\n0 20 -1 B\n", "begins before the token before it ends"),
    ],
)
def test_a_wdseg_of_another_layout_is_refused_with_its_place(tmp_path, content, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, "a.wdseg", content))
