"""A cross-validation's test sets together, worked out by hand, and the page of them."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.errors import RunError
from can_tf.files import write_csv
from can_tf.report.statistics import corrected_t_test
from can_tf.report.together import read_together, scores_together
from can_tf.report.together_page import together_page
from can_tf.training.intervals import intervals_of
from can_tf.training.metrics import evaluate_predictions

LABELS = ("calm", "<b>mad</b>")
# Of two folds: true labels, and what the two seeds predict. The second fold has no "mad".
FOLDS = (([0, 0, 1, 1], ([0, 1, 1, 1], [0, 0, 1, 1])), ([0, 0], ([0, 0], [0, 1])))


def rows_of(fold, seed):
    true, by_seed = FOLDS[fold]
    for place, (label, predicted) in enumerate(zip(true, by_seed[seed], strict=True)):
        about = {"seed": seed, "fold": fold, "corpus": "", "speaker": f"s{fold}", "id": f"f{fold}u{place}"}
        shares = {f"probability_{name}": 0.75 if index == predicted else 0.25 for index, name in enumerate(LABELS)}
        yield {**about, "label": LABELS[label], "predicted": LABELS[predicted], **shares}


def scores_of(fold, seed, predicted=None):
    true, by_seed = FOLDS[fold]
    chosen = by_seed[seed] if predicted is None else [predicted] * len(true)
    return evaluate_predictions(np.eye(2)[chosen], np.array(true), LABELS)


@pytest.fixture
def folder(tmp_path):
    trainings = [(fold, seed) for seed in (0, 1) for fold in (0, 1)]
    rows = [row for training in trainings for row in rows_of(*training)]
    by_prediction = {
        "final": [scores_of(*training) for training in trainings],
        "text_reference": [scores_of(*training, predicted=0) for training in trainings],
        "majority": [scores_of(*training, predicted=0) for training in trainings],
    }
    spread = {"mean": 0.875, "std": 0.0}
    summary = {
        "runs": 4,
        "done": 4,
        "folds": [0, 1],
        "seeds": [0, 1],
        "synthetic": False,
        "test_share": 0.25,
        "options": {"protocol": "speaker", "folds": 0},
        "records": {"fingerprint": "0", "corpus": "manifest"},
        "intervals": intervals_of(rows, LABELS, samples=50),
        "pooled": {"final": {"wa": spread, "ua": spread, "macro_f1": spread}},
        "scores": {
            name: {
                **{score: {**spread, "values": [one[score] for one in scores]} for score in ("wa", "ua", "macro_f1")},
                "recall": dict.fromkeys(LABELS, spread),
            }
            for name, scores in by_prediction.items()
        },
    }
    (tmp_path / "cv-can-speaker").mkdir()
    write_csv(tmp_path / "cv-can-speaker" / "predictions.csv", rows[0], rows)
    (tmp_path / "cv-can-speaker" / "summary.json").write_text(json.dumps(summary))
    return tmp_path / "cv-can-speaker"


def test_all_test_sets_of_a_seed_are_counted_together(folder):
    found = scores_together(read_together(folder))
    assert (found["name"], found["labels"]) == ("can-speaker", list(LABELS))
    # Seed 0: three of four calm and both mad are right; seed 1: again three of four calm, and both mad.
    assert found["intervals"][0]["ua"]["value"] == pytest.approx((3 / 4 + 1) / 2)
    assert found["confusion"] == [[3.0, 1.0], [0.0, 2.0]]
    # Seed 0 and 1 have 3/4 and 4/4 of fold 0 right, and 2/2 and 1/2 of fold 1.
    assert found["by_fold"]["0"] == {"utterances": 4, "wa": 0.875, "ua": 0.875}
    assert found["by_speaker"]["s1"] == {"utterances": 2, "wa": 0.75, "ua": 0.75}


def test_the_final_prediction_is_tested_against_others_over_folds_and_seeds(folder):
    tests = {(test["against"], test["score"]): test for test in scores_together(read_together(folder))["tests"]}
    assert set(tests) == {("text_reference", "wa"), ("text_reference", "ua")}
    # By fold and seed: the model has 3/4, 2/2, 4/4, 1/2 right; "calm" for all has 2/4, 2/2, 2/4, 2/2.
    expected = corrected_t_test([0.75, 1.0, 1.0, 0.5], [0.5, 1.0, 0.5, 1.0], 0.25)
    test = tests["text_reference", "wa"]
    assert (test["difference"], test["p"], test["pairs"]) == pytest.approx((0.0625, expected.p, 4))


def test_the_command_says_the_answer_first_and_writes_a_page_that_escapes_names(folder, tmp_path):
    done = CliRunner().invoke(main, ["evaluate", str(folder), "--out", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    answer = r"can-speaker: UA 0\.875 \(0\.\d\d to \d\.\d\d with other utterances\) on 6 utterances of 2 speakers\."
    assert re.match(answer, done.output)
    page = (tmp_path / "page" / "report.html").read_text()
    assert "&lt;b&gt;mad&lt;/b&gt;" in page
    assert "<b>mad" not in page
    assert page.count('<circle cx="') == 2
    assert "<script" not in page
    found = json.loads(CliRunner().invoke(main, ["evaluate", str(folder), "--json"]).output)
    assert found["by_speaker"]["s0"]["wa"] == 0.875
    assert not (folder / "report.html").exists()


def test_the_hardest_speaker_comes_first(folder):
    page = together_page(scores_together(read_together(folder)))
    rows = re.findall(r'<th scope="row">(s\d)</th>', page)
    assert rows == ["s1", "s0"]


@pytest.mark.parametrize(
    "old, new, message",
    [
        (",calm,calm,", ",calm,sad,", "predictions.csv: is damaged; expected seeds, folds, and labels that have prob"),
        ("\n0,0,", "\n0,first,", "predictions.csv: is damaged; expected seeds, folds, and labels that have prob"),
        ("speaker", "spoken by", r"predictions.csv: is damaged \(row 1: expected seed, fold, speaker"),
        (",calm,calm,", ",calm,<b>mad</b>,", "predictions.csv: does not give the scores of summary.json"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(folder, old, new, message):
    path = folder / "predictions.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RunError, match=message):
        read_together(folder)


def test_a_cross_validation_takes_no_other_records(folder, tmp_path):
    done = CliRunner().invoke(main, ["evaluate", str(folder), "--records", str(tmp_path)])
    assert (done.exit_code, "is a cross-validation; --records takes one of its runs" in done.output) == (1, True)
