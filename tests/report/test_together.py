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
from can_tf.report.together_page import together_page, together_text
from can_tf.training.metrics import evaluate_predictions

LABELS = ("calm", "<b>mad</b>")
# Of two folds: true labels, and what the two seeds predict. The second fold has no "mad".
FOLDS = (([0, 0, 1, 1], ([0, 1, 1, 1], [0, 0, 1, 1])), ([0, 0], ([0, 0], [0, 1])))
CONFIG = {
    "options": {"model": "can", "fold": 0, "protocol": "speaker", "seed": 0, "alpha": 0.1},
    "records": {"labels": list(LABELS), "utterances": 10, "corpus": {"name": "manifest", "synthetic": False}},
}


def probabilities(predicted):
    return np.where(np.eye(2)[predicted] > 0, 0.75, 0.25)


def write_run(folder, fold, seed, *, speakers=True):
    true, by_seed = FOLDS[fold]
    final, heads = probabilities(by_seed[seed]), probabilities(true)
    folder.mkdir(parents=True)
    rows = []
    for place, label in enumerate(true):
        row = {"id": f"f{fold}u{place}", **({"speaker": f"s{fold}"} if speakers else {}), "label": LABELS[label]}
        for prefix, of in (("", final), ("audio_", heads)):
            row |= {f"{prefix}probability_{name}": of[place, index] for index, name in enumerate(LABELS)}
        rows.append(row)
    write_csv(folder / "predictions.csv", rows[0], rows)
    scores = evaluate_predictions(final, np.array(true), LABELS)
    reference = evaluate_predictions(probabilities([0] * len(true)), np.array(true), LABELS)
    metrics = {**scores, "audio": evaluate_predictions(heads, np.array(true), LABELS), "text_reference": reference}
    (folder / "metrics.json").write_text(
        json.dumps({**metrics, "majority": reference, "validation": {"count": 2}, "synthetic": False})
    )
    (folder / "config.json").write_text(json.dumps(CONFIG))


@pytest.fixture
def folder(tmp_path):
    for fold in (0, 1):
        for seed in (0, 1):
            write_run(tmp_path / f"can-speaker-fold{fold}-seed{seed}", fold, seed)
    summary = {"folds": [0, 1], "seeds": [0, 1], "synthetic": False}
    (tmp_path / "cv-can-speaker").mkdir()
    (tmp_path / "cv-can-speaker" / "summary.json").write_text(json.dumps(summary))
    return tmp_path / "cv-can-speaker"


def test_all_test_sets_of_a_seed_are_scored_together(folder):
    found = scores_together(read_together(folder), samples=50)
    # Seed 0: three of four calm and both mad are right; seed 1: again three of four calm, and both mad.
    ua = found["scores"]["final"]["ua"]
    assert (ua["value"], ua["std"]) == (pytest.approx((3 / 4 + 1) / 2), 0.0)
    assert found["scores"]["final"]["wa"]["value"] == pytest.approx(5 / 6)
    assert found["scores"]["audio"]["ua"]["value"] == 1.0
    assert found["scores"]["text_reference"]["ua"]["value"] == 0.5
    assert found["confusion"] == [[3.0, 1.0], [0.0, 2.0]]
    assert (found["utterances"], found["speakers"], found["trainings"]) == (6, 2, 4)
    # Seed 0 and 1 have 3/4 and 4/4 of fold 0 right, and 2/2 and 1/2 of fold 1.
    assert found["by_fold"]["0"] == {"utterances": 4, "wa": 0.875, "ua": 0.875}
    assert found["by_speaker"]["s1"] == {"utterances": 2, "wa": 0.75, "ua": 0.75}


def test_the_final_prediction_is_tested_against_others_over_folds_and_seeds(folder):
    tests = {(test["against"], test["score"]): test for test in scores_together(read_together(folder))["tests"]}
    assert set(tests) == {(key, score) for key in ("audio", "text_reference") for score in ("wa", "ua")}
    # Per (fold, seed): the model has 3/4, 4/4, 2/2, 1/2; "calm" for all has 2/4, 2/4, 2/2, 2/2. Folds test 4, 4, 2, 2
    # utterances after training on 4, 4, 6, 6.
    expected = corrected_t_test([0.75, 1.0, 1.0, 0.5], [0.5, 0.5, 1.0, 1.0], 12 / 20)
    test = tests["text_reference", "wa"]
    assert (test["difference"], test["p"], test["pairs"]) == pytest.approx((0.0625, expected.p, 4))


def test_intervals_over_speakers_need_five_of_them_and_are_those_of_whole_speakers(folder, tmp_path):
    found = scores_together(read_together(folder), samples=200)
    assert found["scores"]["final"]["wa"]["over_speakers"] is None
    low, high = found["scores"]["final"]["wa"]["over_utterances"]
    assert low < 5 / 6 < high
    for fold in range(5):  # Five speakers, each of whom is always right or always wrong.
        write_run(tmp_path / "more" / f"can-speaker-fold{fold}-seed0", fold % 2, 0)
        path = tmp_path / "more" / f"can-speaker-fold{fold}-seed0" / "predictions.csv"
        text = path.read_text().replace(f"s{fold % 2}", f"s{fold}").replace(f"f{fold % 2}u", f"f{fold}u")
        path.write_text(text)
    together = read_together_of(tmp_path / "more", range(5))
    intervals = scores_together(together, samples=500)["scores"]["final"]["wa"]
    # Speakers have 3/4, 1, 3/4, 1, 3/4 right: of 16 utterances, 13. Five draws of the same give 3/4 and 1.
    assert intervals["value"] == pytest.approx(13 / 16)
    assert 0.7 < intervals["over_speakers"][0] < intervals["value"] < intervals["over_speakers"][1] <= 1.0


def read_together_of(runs, folds):
    folder = runs / "cv-can-speaker"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"folds": [*folds], "seeds": [0], "synthetic": False}))
    return read_together(folder)


def test_the_command_says_the_answer_first_and_writes_a_page_that_escapes_names(folder):
    done = CliRunner().invoke(main, ["evaluate", str(folder)])
    assert done.exit_code == 0, done.output
    assert re.match(
        r"can-speaker: UA 0\.875 \(0\.\d\d to \d\.\d\d with other utterances\) on 6 utterances of 2 sp", done.output
    )
    page = (folder / "report.html").read_text()
    assert "&lt;b&gt;mad&lt;/b&gt;" in page
    assert "<b>mad" not in page
    assert page.count('<circle cx="') == 2
    assert "<script" not in page
    found = json.loads(CliRunner().invoke(main, ["evaluate", str(folder), "--json"]).output)
    assert found["scores"]["final"]["wa"]["value"] == pytest.approx(5 / 6)


def test_runs_without_speakers_are_told(folder, tmp_path):
    write_run(tmp_path / "old" / "can-speaker-fold0-seed0", 0, 0, speakers=False)
    together = read_together_of(tmp_path / "old", [0])
    found = scores_together(together, samples=10)
    assert (found["speakers"], found["by_speaker"]) == (0, {})
    assert "trained by an earlier version" in together_page(together, found)
    assert " of 0 speakers" not in together_text(found)


def test_what_is_gone_damaged_or_of_other_labels_is_told(folder, tmp_path):
    run = tmp_path / "can-speaker-fold1-seed1"
    (run / "config.json").write_text(
        json.dumps({**CONFIG, "records": {**CONFIG["records"], "labels": ["calm", "sad"]}})
    )
    with pytest.raises(
        RunError, match="predictions.csv: is damaged .row 1: expected id, label, probability_calm, prob"
    ):
        read_together(folder)
    rows = (run / "predictions.csv").read_text().replace("<b>mad</b>", "sad")
    (run / "predictions.csv").write_text(rows)
    with pytest.raises(RunError, match="its runs do not have the same labels"):
        read_together(folder)
    (run / "config.json").write_text(json.dumps(CONFIG))
    (run / "predictions.csv").write_text(rows.replace("sad", "<b>mad</b>").replace("0.75", "much"))
    with pytest.raises(RunError, match=r"predictions.csv: is damaged \(could not convert"):
        read_together(folder)
    alone = CliRunner().invoke(main, ["evaluate", str(folder), "--records", str(tmp_path)])
    assert "is a cross-validation; --records takes one of its runs" in alone.output
    for path in tmp_path.glob("can-speaker-*"):
        path.rename(tmp_path / f"moved-{path.name}")
    with pytest.raises(RunError, match="no run can-speaker-foldK-seedS lies beside it"):
        read_together(folder)
