from pathlib import Path

import matplotlib
import pytest

from can_tf.explanation.data import Explanation
from can_tf.explanation.figure import write_figure


@pytest.mark.parametrize("suffix,begins", [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_a_figure_is_written_in_the_format_of_its_ending(
    explanation: Explanation, tmp_path: Path, suffix: str, begins: bytes
):
    write_figure(tmp_path / f"a{suffix}", explanation)
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(begins)


def test_a_figure_names_words_and_what_each_part_says(explanation: Explanation, tmp_path: Path):
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # Text as text.
        write_figure(tmp_path / "a.svg", explanation)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for expected in ("low", "high", "mid", "top", "sad 0.75", "true: hap", "text: hap 0.60", "audio: sad 0.90"):
        assert expected in text
