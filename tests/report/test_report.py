import re
import struct
import sys
import xml.etree.ElementTree

import numpy as np
import pytest

from can_tf.errors import MissingExtraError
from can_tf.report import plots
from can_tf.report.tables import format_table
from can_tf.training.calibration import risk_coverage, scaled


def png_size(path):
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", content[16:24])


def test_a_table_lines_its_columns_up():
    assert format_table(["name", "count"], [["a", 1], ["longer", 1234]]) == (
        "name    count\n------  -----\na           1\nlonger   1234"
    )


def test_pictures_are_drawn_and_the_same_each_time(tmp_path):
    generator = np.random.default_rng(0)
    probabilities, true = generator.dirichlet(np.ones(3), 50), generator.integers(0, 3, 50)
    both = {"as trained": probabilities, "temperature 2": scaled(probabilities, 2.0)}
    curves = {name: risk_coverage(each, true) for name, each in both.items()}
    history = [
        {"epoch": 1, "loss": 2.0, "validation_loss": 1.5, "validation_wa": 0.3, "validation_ua": 0.2},
        {"epoch": 2, "loss": 1.0, "validation_loss": 1.4, "validation_wa": 0.5, "validation_ua": 0.4},
    ]
    for name in ("first", "second"):
        figures = {
            "confusion": plots.confusion_matrix_figure([[5, 1], [2, 0]], ["calm", "loud"], "a run"),
            "calibration": plots.reliability_figure(both, true, "a run"),
            "risk": plots.risk_coverage_figure(curves, "a run"),
            "curves": plots.learning_curves_figure(history, "a run"),
        }
        for picture, figure in figures.items():
            plots.write_png(figure, tmp_path / f"{picture}-{name}.png")
            (tmp_path / f"{picture}-{name}.svg").write_text(plots.to_svg(figure, picture))
    for picture in ("confusion", "calibration", "risk", "curves"):
        first, second = (tmp_path / f"{picture}-{name}.png" for name in ("first", "second"))
        assert min(png_size(first)) > 200
        assert first.read_bytes() == second.read_bytes()
        svg = first.with_suffix(".svg").read_text()
        assert svg == second.with_suffix(".svg").read_text()
        assert set(re.findall(r'(?: id="|url\(#|href="#)(\w+)', svg)) == {picture}
        assert not re.search("<style|<metadata|<!|#000000", svg)
        assert xml.etree.ElementTree.fromstring(svg).get("fill") == "currentColor"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'can_tf\[report\]'"):
        plots.confusion_matrix_figure([[1]], ["a"], "a run")
