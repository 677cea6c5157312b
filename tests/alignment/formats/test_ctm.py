import pytest

from can_tf.alignment.formats import format_alignment, read_alignment
from can_tf.errors import AlignmentError
from tests.alignment.formats.conftest import SECONDS, TOKENS, as_tuples, written


def test_ctm_of_several_utterances_gives_the_one_asked_for(tmp_path):
    path = written(tmp_path, "a.ctm", ";; made by hand\nu1 1 0.1 0.2 say 0.9\nu2 1 0.0 0.5 no\nu1 1 0.4 0.1 hi\n")
    assert as_tuples(read_alignment(path, "u1")) == [("say", 0.1, 0.3), ("hi", 0.4, 0.5)]
    assert as_tuples(read_alignment(path, "u2")) == [("no", 0.0, 0.5)]
    with pytest.raises(AlignmentError, match="a.ctm: has no utterance 'u3'"):
        read_alignment(path, "u3")
    with pytest.raises(AlignmentError, match="holds 2 utterances, and none was asked for"):
        read_alignment(path)


def test_ctm_has_durations_and_no_silence():
    assert format_alignment("ctm", "u 1", TOKENS, SECONDS) == (
        "u_1 1 0.5200 0.2400 i\nu_1 1 0.7600 0.1300 don't\nu_1 1 1.4100 0.0300 know\n"
    )


@pytest.mark.parametrize(
    "content, message",
    [
        ("u1 1 0.1 0.2\n", "a.ctm:1: expected utterance, channel, start, duration, word"),
        ("u1 1 zero 0.2 a\n", "a.ctm:1: expected a time in seconds, found 'zero'"),
        ("u1 1 nan 0.2 a\n", "expected finite times"),
    ],
)
def test_a_ctm_of_another_layout_is_refused_with_its_place(tmp_path, content, message):
    with pytest.raises(AlignmentError, match=message):
        read_alignment(written(tmp_path, "a.ctm", content))
