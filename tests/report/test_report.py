import struct
import sys

import numpy as np
import pytest

from can_tf.errors import MissingExtraError
from can_tf.report.plots import confusion_matrix_png, learning_curves_png, reliability_png, risk_coverage_png
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
        confusion_matrix_png([[5, 1], [2, 0]], ["calm", "loud"], tmp_path / f"confusion-{name}.png", "a run")
        reliability_png(both, true, tmp_path / f"calibration-{name}.png", "a run")
        risk_coverage_png(curves, tmp_path / f"risk-{name}.png", "a run")
        learning_curves_png(history, tmp_path / f"curves-{name}.png", "a run")
    for picture in ("confusion", "calibration", "risk", "curves"):
        first, second = (tmp_path / f"{picture}-{name}.png" for name in ("first", "second"))
        assert min(png_size(first)) > 200
        assert first.read_bytes() == second.read_bytes()


def test_without_matplotlib_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'can_tf\[report\]'"):
        confusion_matrix_png([[1]], ["a"], tmp_path / "a.png", "a run")
    assert list(tmp_path.iterdir()) == []
