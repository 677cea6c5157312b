"""The paper's tables from run folders, and the command that makes them."""

import csv
import dataclasses
import json
import os
import signal
import statistics
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.errors import BusyError, ConfigError
from can_tf.features.whisper.front_end import WhisperBase
from can_tf.files import write_csv
from can_tf.models.registry import VARIANTS
from can_tf.report.comparison import compare, read_results, sentences
from can_tf.report.paper import CAN, ROWS, rows_of
from can_tf.report.reproduction import Reproduction, plan_reproduction, reproduce, seconds_left
from can_tf.report.reproduction_report import write_report
from can_tf.training.fold_runs import plan
from can_tf.training.metrics import REFERENCES
from can_tf.training.options import TrainOptions
from tests.holding import alone_in_another_process

FOLDS, IDS = 4, 30


def write_run(folder, fold, right):
    """Writes a run of 30 test utterances of two labels, of which `right` are predicted right.

    TF-IDF gets half of them right, and the mean frame a quarter.
    """
    folder.mkdir(parents=True)
    rows = [
        {"id": f"f{fold}u{number:02d}", "label": "ab"[number % 2], "predicted": "ab"[(number % 2) ^ (number >= right)]}
        for number in range(IDS)
    ]
    write_csv(folder / "predictions.csv", ("id", "label", "predicted"), rows)
    recalls = [
        statistics.fmean(row["label"] == row["predicted"] for row in rows if row["label"] == label) for label in "ab"
    ]
    metrics = {
        "wa": right / IDS,
        "ua": statistics.fmean(recalls),
        "text_reference": {"wa": 0.5, "ua": 0.5},
        "audio_reference": {"wa": 0.25, "ua": 0.25},
        "seconds": 60.0,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))


@pytest.fixture
def results(tmp_path):
    """Results of all rows: the CAN has 24 to 27 right, every other row six fewer, but for equal segments: as many."""
    found = {}
    for row in ROWS:
        variant = CAN.variant if row.is_reference else row.variant
        runs = plan(TrainOptions(model=variant), range(FOLDS), range(1), tmp_path / row.segmentation, tmp_path)
        for run in runs:
            if not run.done:
                fewer = 0 if row.variant == CAN.variant else 6
                write_run(run.folder, run.options.fold, 24 + run.options.fold - fewer)
        found[row] = read_results(runs, reference=row.variant if row.is_reference else "")
    return found


def test_the_tables_have_the_papers_rows():
    assert [len([row for row in ROWS if number in row.tables and row.wa]) for number in (2, 3, 4)] == [5, 2, 5]
    assert len(ROWS) == 12
    assert {row.variant for row in ROWS} == {*VARIANTS, *REFERENCES} - {"mha-1", "mha-3"}
    for row in ROWS:
        if not row.is_reference:
            assert (row.segmentation == "whole") == (VARIANTS[row.variant].reads == "frames")
    assert [row.name for row in rows_of((3,))] == ["CAN", "CAN, equal segments", ROWS[-2].name, ROWS[-1].name]
    assert CAN.wa == (0.579, 0.019)


def test_a_front_end_of_one_frame_a_segment_needs_no_records_of_whole_utterances():
    of_frames = {row.name: row.segmentation for row in Reproduction().rows}
    of_segments = {row.name: row.segmentation for row in Reproduction(front_end=WhisperBase()).rows}
    assert {of_frames["audio alone"], of_frames["Xu et al., learned alignment"]} == {"whole"}
    assert set(of_segments.values()) == {"aligned", "equal"}
    assert of_segments["CAN, equal segments"] == "equal"


def test_each_row_has_the_numbers_of_its_run_folders(results):
    table = {line["row"]: line for line in compare(ROWS, results, 1 / 8)}
    assert list(table) == [row.name for row in ROWS]
    accuracies = [(24 + fold) / IDS for fold in range(FOLDS)]
    assert table["CAN"]["wa_mean"] == pytest.approx(statistics.fmean(accuracies))
    assert table["CAN"]["wa_std"] == pytest.approx(statistics.stdev(accuracies))
    assert table["CAN"]["wa_paper"] == 0.579
    assert "wa_difference" not in table["CAN"]
    text = table["text alone"]
    assert text["wa_mean"] == pytest.approx(statistics.fmean(accuracies) - 6 / IDS)
    assert text["wa_difference"] == pytest.approx(6 / IDS)
    assert text["wa_p"] is None  # Every fold differs by the same: nothing to estimate a spread from.
    assert text["wa_low"] > 0
    assert text["wa_holds"] is False
    equal = table["CAN, equal segments"]
    assert (equal["wa_difference"], equal["wa_p"], equal["wa_low"], equal["wa_high"]) == (0.0, 1.0, 0.0, 0.0)
    assert table[ROWS[-1].name]["ua_mean"] == 0.25
    reference = table[ROWS[-2].name]
    assert reference["ua_mean"] == 0.5
    assert reference["ua_holds"] is True
    assert "ua_low" not in reference


def test_a_difference_of_one_fold_says_nothing(results):
    one = {
        row: dataclasses.replace(each, scores={name: {(0, 0): values[0, 0]} for name, values in each.scores.items()})
        for row, each in results.items()
    }
    lines = sentences(compare(ROWS, one, 1 / 8))
    assert len(lines) == 2 * (len(ROWS) - 1)
    assert all("does not hold" in line and "no test is possible" in line for line in lines)


def test_rows_without_trainings_are_missing_and_not_invented(results):
    empty = {row: dataclasses.replace(each, scores={name: {} for name in each.scores}) for row, each in results.items()}
    [line] = [line for line in compare(ROWS, {**empty, CAN: results[CAN]}, 1 / 8) if line["row"] == "text alone"]
    assert line["wa_mean"] is None
    assert line["trainings"] == 0
    assert "wa_difference" not in line


def test_the_report_is_written_for_people_and_programs(results, tmp_path):
    table = compare(ROWS, results, 1 / 8)
    paths = write_report(tmp_path / "report", table, {"synthetic": True, "folds": FOLDS})
    text = paths[0].read_text()
    for part in ("Synthetic speech", "## Table 2", "## Table 3", "## Table 4", "- folds: 4", "| CAN - L_align |"):
        assert part in text
    rows = list(csv.DictReader(paths[1].read_text().splitlines()))
    assert [row["row"] for row in rows] == [line["row"] for line in table]
    assert float(rows[0]["wa_mean"]) == pytest.approx(table[0]["wa_mean"])
    assert json.loads(paths[2].read_text())["rows"] == table
    assert paths[3].read_bytes().startswith(b"\x89PNG")


def test_both_class_weights_stand_side_by_side(results, tmp_path):
    table = [line for weight in ("none", "balanced") for line in compare(ROWS, results, 1 / 8, weight)]
    text = write_report(tmp_path, table, {"synthetic": True})[0].read_text()
    assert "## Table 2: models, class weight none" in text
    assert "## Which differences hold, class weight balanced" in text
    [line] = [line for line in text.split("## UA, both ways")[1].splitlines() if line.startswith("| CAN |")]
    value = f"{table[4]['ua_mean']:.3f} ± {table[4]['ua_std']:.3f}"
    assert line == f"| CAN | {value} | {value} |"
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text().splitlines()))
    assert [row["class_weight"] for row in rows] == ["none"] * len(ROWS) + ["balanced"] * len(ROWS)


def test_from_python_rows_are_planned_trained_and_reported(tone_corpus, tone_records, tmp_path, monkeypatch):
    built = []

    def build(corpus, folder, options, **settings):
        assert options.front_end == WhisperBase(layer=2)
        built.append((folder.name, options.segmentation))
        return tone_records

    def train(run, jobs, base):
        write_run(run.folder, run.options.fold, 20 if "aligned" in str(run.folder) else 15)
        config = {"options": dataclasses.asdict(run.options), "records": dict(tone_records.description)}
        (run.folder / "config.json").write_text(json.dumps({**config, "versions": {"can_tf": "1.0"}}))

    monkeypatch.setattr("can_tf.report.reproduction.build_records", build)
    monkeypatch.setattr("can_tf.training.fold_runs.train_apart", train)
    what = Reproduction(
        tables=(3,), folds=2, class_weights=("none", "balanced"), front_end=WhisperBase(layer=2), out=tmp_path
    )
    planned = plan_reproduction(tone_corpus, what)
    assert built == [("records-aligned", "aligned"), ("records-equal", "equal")]
    assert [(one.name, one.missing) for one in planned] == [
        ("CAN", 2),
        ("CAN, equal segments", 2),
        ("CAN, balanced", 2),
        ("CAN, equal segments, balanced", 2),
    ]
    assert seconds_left(planned) == [None] * 4
    train(planned[0].runs[0], 1, tmp_path)
    assert seconds_left(planned) == [60.0, 120.0, 120.0, 120.0]
    result = reproduce(tone_corpus, what)
    assert [line["wa_mean"] for line in result.table] == pytest.approx([20 / 30, 0.5, 0.5, 0.25] * 2)
    assert [path.name for path in result.paths] == ["report.md", "report.csv", "report.json", "report.png"]
    assert (result.facts["folds"], result.facts["versions"], result.failures) == (2, "can_tf 1.0", {})
    assert result.facts["features"] == "whisper-base"


def test_two_in_one_folder_keep_out_of_each_others_way(tone_corpus, tmp_path):
    with alone_in_another_process(tmp_path), pytest.raises(BusyError):
        reproduce(tone_corpus, Reproduction(tables=(3,), folds=2, out=tmp_path))


def test_folds_that_cannot_be_trained_are_refused_before_the_first_training(tone_corpus, tmp_path):
    few = dataclasses.replace(tone_corpus, utterances=tone_corpus.utterances[:6])
    # Five calm ones, of which the fifth tests in fold 4 and the loud one validates; the others lack a set.
    with pytest.raises(
        ConfigError,
        match="--protocol paper: 6 of 10 folds cannot be trained .4, 5, 6 and 3 more.: fold 4 has the label",
    ):
        reproduce(few, Reproduction(tables=(4,), out=tmp_path))
    assert not list(tmp_path.glob("runs-*"))


@pytest.mark.long
def test_a_killed_reproduction_does_the_rest_and_reports_what_the_run_folders_hold(tmp_path, monkeypatch):
    command = ["reproduce", "--tables", "3", "--utterances", "100", "--folds", "2", "--epochs", "1", "--units", "2"]
    command += ["--heads", "1", "--out", str(tmp_path / "out")]
    runner = CliRunner()
    monkeypatch.chdir(tmp_path)  # Where the demo corpus is made.
    kept = kill_after_the_first_training(command, tmp_path)
    planned = runner.invoke(main, [*command, "--plan", "--class-weight", "both"])
    assert "CAN: 1 of 2 trainings to do" in planned.stdout
    assert "CAN, equal segments, balanced: 2 of 2 trainings to do" in planned.stdout
    done = runner.invoke(main, [*command, "--json", "--jobs", "2"])
    assert done.exit_code == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    rows = {row["row"]: row for row in json.loads(done.stdout)["rows"]}
    assert list(rows) == ["CAN", "CAN, equal segments", ROWS[-2].name, ROWS[-1].name]
    for name, folder in (("CAN", "aligned"), ("CAN, equal segments", "equal")):
        metrics = [
            json.loads(path.read_text()) for path in sorted((tmp_path / "out").glob(f"runs-{folder}/*/m*s.json"))
        ]
        assert len(metrics) == 2
        for score in ("wa", "ua"):
            assert rows[name][f"{score}_mean"] == statistics.fmean(each[score] for each in metrics)
            assert rows[name][f"{score}_std"] == statistics.stdev(each[score] for each in metrics)
    longer = runner.invoke(main, [*command, "--epochs", "2"])
    assert longer.exit_code == 1
    assert "epochs 1 (now 2)" in longer.stderr
    larger = runner.invoke(main, [*command, "--utterances", "110"])
    assert larger.exit_code == 1
    assert "holds records with other utterances" in larger.stderr


def kill_after_the_first_training(command, folder):
    """Starts the command, kills it and its trainings once one is done, and returns what was done and when."""
    process = subprocess.Popen(
        [sys.executable, "-m", "can_tf", *command],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not (done := sorted(folder.glob("out/runs-*/*/metrics.json"))):
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return {path: path.stat().st_mtime_ns for path in done}
