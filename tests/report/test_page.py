"""`can-tf evaluate` on a finished run: what it prints, draws and writes as a page."""

import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.report.run import headline_scores, read_evaluation
from can_tf.training.calibration import calibration_of
from tests.report.conftest import CONFIG, LABELS, RUN_NAME, write_finished_run

VOID = {"meta", "img", "rect", "line"}
FILES = ["calibration.png", "confusion.png", "learning_curves.png", "report.html", "risk_coverage.png"]


class Page(HTMLParser):
    """Reads a page, and notices what is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.tables, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "tr":
            self.tables.append([])
        if tag in ("th", "td"):
            self.tables[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" in self.open:
            return
        self.text += text
        if self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][-1] += text

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def evaluate(*arguments):
    done = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = write_finished_run(tmp_path_factory.mktemp("runs") / RUN_NAME)
    evaluate(folder)
    return folder


@pytest.fixture(scope="module")
def written(evaluated):
    return Page((evaluated / "report.html").read_text(encoding="utf-8"))


def test_calibration_before_and_after_risk_and_files_are_shown(finished_run):
    before = {path.name for path in finished_run.iterdir()}
    lines = evaluate(finished_run).splitlines()
    found = calibration_of(finished_run, LABELS)
    assert found.temperature == pytest.approx(2.5, rel=0.15)
    assert f"Temperature {found.temperature:.3f}, fitted on the 1000 utterances of the validation set." in lines
    rows = {line.split()[0]: line.split() for line in lines if line}
    for name, scores in (("as", found.unscaled), ("calibrated", found.scaled)):
        assert rows[name][-3:] == [f"{scores[key]:.3f}" for key in ("ece", "nll", "risk_coverage_area")]
    assert found.scaled["ece"] < found.unscaled["ece"] / 2
    point = found.scaled["risk_coverage"][2]
    coverage, confidence, risk = rows["80.0%"]
    assert (coverage, risk) == ("80.0%", f"{point['risk']:.1%}")
    assert 0 <= point["confidence"] - float(confidence) < 0.001  # Never above: --reject-below with it keeps them all.
    assert point["risk"] < found.scaled["risk_coverage"][0]["risk"]
    assert {path.name for path in finished_run.iterdir()} - before == set(FILES)
    assert sorted(line.rsplit("/", 1)[-1] for line in lines[-5:]) == FILES


def test_json_has_the_calibration_and_writes_nothing(finished_run):
    before = {path.name for path in finished_run.iterdir()}
    told = json.loads(evaluate(finished_run, "--json"))
    assert told.pop("calibration") == calibration_of(finished_run, LABELS).to_json()
    assert told == json.loads((finished_run / "metrics.json").read_text())
    assert {path.name for path in finished_run.iterdir()} == before


def test_a_temperature_that_ends_at_its_bound_is_said_to(finished_run):
    right = "id,label,predicted,probability_calm,probability_loud,probability_<b>mad</b>\nu,calm,calm,0.5,0.25,0.25\n"
    (finished_run / "validation_predictions.csv").write_text(right)
    assert "Temperature 0.050, fitted on the 1 utterances of the validation set. That is as far" in evaluate(
        finished_run
    )


def test_damaged_validation_predictions_are_one_line(finished_run):
    (finished_run / "validation_predictions.csv").write_text("id,label\nu,calm\n")
    done = CliRunner().invoke(main, ["evaluate", str(finished_run)])
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert "validation_predictions.csv: is damaged" in done.output


def test_the_page_needs_nothing_beside_it(written, evaluated):
    assert written.of("script") == written.of("link") == []
    assert written.of("a") == [{"href": "explanation.html"}]  # Where `can-tf explain` writes, if it is asked to.
    for tag, attributes in written.elements:
        for name in ("src", "href", "srcset", "data", "action", "background"):
            assert tag == "a" or attributes.get(name, "#").startswith("#")
    text = (evaluated / "report.html").read_text()
    assert not re.search(r"https?:|@import|url\((?!#)", text)
    pictures = re.findall(r"<figure [^>]*>(<svg .*?</svg>)", text, re.DOTALL)
    assert [picture.count("<path") > 10 for picture in pictures] == [True] * 3
    ids = [attributes["id"] for _, attributes in written.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_can_be_read_without_seeing_it(written):
    assert written.of("html") == [{"lang": "en"}]
    assert len(written.of("figure")) == 3
    assert all(len(figure["aria-label"]) > 40 and figure["role"] == "img" for figure in written.of("figure"))
    assert written.of("th")
    assert {heading["scope"] for heading in written.of("th")} == {"col", "row"}
    assert len(written.of("caption")) == len(written.of("table"))
    assert [tag for tag, _ in written.elements if tag in ("h1", "h2", "h3")] == ["h1", *["h2"] * 5]
    assert len(written.of("title")) == len(written.of("main")) == 1


def test_what_comes_from_files_is_escaped(written, evaluated):
    text = (evaluated / "report.html").read_text()
    assert "<b>" not in text
    assert "<i>" not in text
    assert text.count("&lt;b&gt;mad&lt;/b&gt;") == 3  # Of the labels' table, and twice of the confusion matrix.
    assert "<title>can &amp; &lt;i&gt;co</title>" in text
    assert ["folder", 'data/"a & b"'] in written.tables


def test_synthetic_speech_is_called_synthetic_and_other_speech_is_not(written, tmp_path):
    assert "Synthetic speech. The records hold no voice of a person." in written.text
    assert "200 utterances of synthetic speech, the test set of fold 0 of the protocol paper, seed 3" in written.text
    evaluate(write_finished_run(tmp_path / "real", synthetic=False))
    real = (tmp_path / "real" / "report.html").read_text()
    assert "ynthetic" not in real.split("</style>")[1]
    assert "200 utterances of the corpus manifest" in real


def test_the_page_has_the_figures(written, evaluated):
    evaluation = read_evaluation(evaluated)
    calibration = calibration_of(evaluated, LABELS)
    for name, (value, low, high) in headline_scores(evaluation, calibration).items():
        title = {"wa": "WA", "ua": "UA", "macro_f1": "macro F1", "ece": "ECE", "calibrated_ece": "ECE, calibrated"}
        assert [title[name], f"{value:.3f}", f"{low:.3f} to {high:.3f}"] in written.tables
    assert ["text head alone", "0.125"] in [row[:2] for row in written.tables]
    assert ["reference: the commonest label", "0.125"] in [row[:2] for row in written.tables]
    counts = np.array(evaluation.metrics["confusion"])
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert ["loud", *(f"{counts[1, j]} ({shares[1, j]:.0%})" for j in range(3))] in written.tables
    [loud] = [row for row in written.tables if row[:2] == ["loud", str(counts[1].sum())]]
    assert loud[2].startswith(f"{shares[1, 1]:.3f} (")
    assert loud[3].startswith(f"{counts[1, 1] / counts[:, 1].sum():.3f} (")
    for row in (
        ["keras", "3.15.1"],
        ["commit of can_tf", "7bc5b49a66ca"],
        ["fingerprint", "0123abc"],
        ["glove", "not given"],
    ):
        assert row in written.tables


def test_headline_scores_lie_in_their_intervals_and_are_the_same_each_time(evaluated):
    evaluation, calibration = read_evaluation(evaluated), calibration_of(evaluated, LABELS)
    found = headline_scores(evaluation, calibration, samples=200)
    assert {name: found[name][0] for name in ("wa", "ua", "ece")} == {
        name: evaluation.metrics[name] for name in ("wa", "ua", "ece")
    }
    assert found["calibrated_ece"][0] == calibration.scaled["ece"]
    assert all(low <= value <= high for value, low, high in found.values())
    for name in ("wa", "ua", "macro_f1"):
        value, low, high = found[name]
        assert high - low == pytest.approx(4 * np.sqrt(value * (1 - value) / 200), rel=0.5)
    assert headline_scores(evaluation, calibration, samples=200) == found


def test_the_page_is_the_same_each_time(evaluated):
    first = (evaluated / "report.html").read_bytes()
    evaluate(evaluated)
    assert (evaluated / "report.html").read_bytes() == first


def test_a_label_that_is_never_predicted_or_does_not_occur_has_no_interval(tmp_path):
    folder = write_finished_run(tmp_path / "run")
    config = {**CONFIG, "records": {**CONFIG["records"], "labels": ["calm", "loud"]}}
    rows = "id,label,predicted,probability_calm,probability_loud\nu,calm,calm,0.75,0.25\n"
    scores = {"wa": 1.0, "ua": 1.0, "macro_f1": 1.0, "ece": 0.25, "recall": {"calm": 1.0, "loud": None}}
    metrics = {**scores, "confusion": [[1, 0], [0, 0]], "count": 1, "synthetic": True}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    for name in ("predictions.csv", "validation_predictions.csv"):
        (folder / name).write_text(rows)
    evaluate(folder)
    tables = Page((folder / "report.html").read_text()).tables
    assert ["loud", "0", "absent", "never predicted", "absent"] in tables
    assert ["calm", "1", "1.000 (0.21 to 1.00)", "1.000 (0.21 to 1.00)", "1.000 (0.34 to 1.00)"] in tables


def test_a_name_that_utf8_has_no_bytes_for_is_written_all_the_same(finished_run):
    config = json.loads((finished_run / "config.json").read_text())
    config["options"]["model"] = "\ud800"
    (finished_run / "config.json").write_text(json.dumps(config))
    evaluate(finished_run)
    assert "&#55296;: 200 utterances" in (finished_run / "report.html").read_text(encoding="utf-8")


def test_figures_and_page_go_where_they_are_asked_for(finished_run, tmp_path):
    before = {path.name for path in finished_run.iterdir()}
    evaluate(finished_run, "--out", tmp_path / "new" / "report")
    assert sorted(path.name for path in (tmp_path / "new" / "report").iterdir()) == FILES
    assert {path.name for path in finished_run.iterdir()} == before


def test_without_the_library_for_figures_nothing_is_worked_out(finished_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = CliRunner().invoke(main, ["evaluate", str(finished_run)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "pip install 'can_tf[report]'" in done.stderr
    assert json.loads(evaluate(finished_run, "--json"))["wa"]
