import dataclasses
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes

from can_tf.explanation.data import Explanation
from can_tf.explanation.figure import write_figure
from tests.explanation.conftest import AUDIO, TEXT, WORDS


@pytest.mark.parametrize("suffix,begins", [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_a_figure_is_written_in_the_format_of_its_ending(
    explanation: Explanation, tmp_path: Path, suffix: str, begins: bytes
):
    write_figure(tmp_path / f"a{suffix}", explanation)
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(begins)


def test_the_rows_of_a_figure_are_the_attention_of_text_and_of_audio(
    explanation: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drawn = []
    draw = Axes.pcolormesh
    monkeypatch.setattr(Axes, "pcolormesh", lambda axis, *data, **how: drawn.append(data) or draw(axis, *data, **how))
    write_figure(tmp_path / "a.png", explanation)
    drawn = [data for data in drawn if np.shape(data[2]) == (3, 4)]  # Others are color bars.
    for (edges, _, rows), weights in zip(drawn, (TEXT, AUDIO), strict=True):
        assert edges == [0.0, 0.5, 0.8, 1.5, 1.62]
        # From the bottom: the last head, ..., the first, their mean.
        np.testing.assert_allclose(rows, [weights[1], weights[0], weights.mean(axis=0)], atol=1e-6)


def test_dollars_are_no_mathematics(explanation: Explanation, tmp_path: Path):
    words = tuple(dataclasses.replace(word, text=r"$\foo$") for word in WORDS)
    prediction = dataclasses.replace(explanation.prediction, words=words)
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        write_figure(tmp_path / "a.svg", dataclasses.replace(explanation, name=r"$\bar$ $5", prediction=prediction))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text.count(r"$\foo$") >= 4
    assert r"$\bar$ $5" in text


def test_a_figure_names_words_and_what_each_part_says(explanation: Explanation, tmp_path: Path):
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # Text as text.
        write_figure(tmp_path / "a.svg", explanation)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for expected in (
        "low",
        "high",
        "mid",
        "top",
        "sad, confidence 0.75 (not calibrated)",
        "true: hap",
        "text: hap 0.60",
        "audio: sad 0.90",
    ):
        assert expected in text
