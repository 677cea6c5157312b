"""`can-tf evaluate --records`: a run's model on the records of another corpus."""

import csv
import dataclasses
import functools
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.corpus.utterance import Corpus
from can_tf.features.mfcc import Mfcc
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import load_dataset
from can_tf.report.elsewhere import metrics_elsewhere, write_elsewhere
from can_tf.training.data import split_of
from can_tf.training.elsewhere import evaluate_on
from can_tf.training.fit import train_fold
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import read_probabilities

LABELS = ("calm", "loud", "sad")
OPTIONS = TrainOptions(units=3, heads=1, epochs=1, batch_size=32, max_segment_frames=12, learning_rate=0.05)
FILES = ["confusion.png", "metrics.json", "predictions.csv"]


def tree_bytes(folder):
    """Returns the files in a folder, however deep, by path."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def corpus_of(tones, labels, *, prefix, speaker, count=150, synthetic=True):
    """Returns tones with other ids and speakers, whose labels take turns."""
    utterances = tuple(
        dataclasses.replace(
            utterance,
            id=f"{prefix}{index:03d}",
            label=labels[index % len(labels)],
            speaker=f"{speaker}{index % 4}",
            session=f"{speaker}{index % 4}",
        )
        for index, utterance in enumerate(tones.utterances[:count])
    )
    return Corpus("manifest", tuple(sorted(set(labels))), utterances, (), {}, synthetic=synthetic)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def own(tone_corpus):
    """What the runs are trained on."""
    return corpus_of(tone_corpus, LABELS, prefix="u", speaker="anna")


@pytest.fixture(scope="module")
def run_of(own, place):
    """Returns a function that gives the run of a variant, trained once, on records of a segmentation."""

    @functools.cache
    def run_of(model="can", normalize="none", segmentation="aligned"):
        records = place / f"own-{segmentation}"
        dataset = build_records(own, records, BuildOptions(segmentation=segmentation))
        run = place / "runs" / f"{model}-{normalize}-{segmentation}"
        train_fold(dataset, run, dataclasses.replace(OPTIONS, model=model, normalize=normalize))
        return run

    return run_of


@pytest.fixture(scope="module")
def theirs(tone_corpus, place):
    """Records of another corpus: no `loud`, and a label that the runs do not know."""
    corpus = corpus_of(tone_corpus, ("sad", "calm", "sad", "bored"), prefix="v", speaker="ben", count=40)
    return build_records(corpus, place / "theirs", BuildOptions())


@pytest.fixture(scope="module")
def on_theirs(run_of, theirs):
    return evaluate_on(run_of(), theirs)


def changed(run, folder, **changes):
    """Returns a copy of a run with other values in parts of its `config.json`."""
    shutil.copytree(run, folder)
    (folder / "SHA256SUMS").unlink()
    config = json.loads((folder / "config.json").read_text())
    for part, values in changes.items():
        config[part] |= values
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def evaluate(*arguments, code=0):
    done = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


@pytest.mark.long
@pytest.mark.parametrize(
    "about",
    [
        {},
        {"normalize": "speaker"},
        {"model": "text"},
        {"model": "mha-1", "segmentation": "whole"},
    ],
    ids=lambda about: "-".join(about.values()) or "can",
)
def test_on_its_own_records_a_run_predicts_what_it_predicted_in_its_training(run_of, about):
    run = run_of(**about)
    dataset = load_dataset(run.parents[1] / f"own-{about.get('segmentation', 'aligned')}")
    found = evaluate_on(run, dataset)
    by_id = dict(zip((row.id for row in found.predictions.utterances), found.predictions.final, strict=True))
    assert len(by_id) == 150
    split = split_of(dataset, OPTIONS)
    for name, rows in (("predictions.csv", split.test), ("validation_predictions.csv", split.validation)):
        with (run / name).open() as file:
            ids = [row["id"] for row in csv.DictReader(file)]
        assert sorted(ids) == [row.id for row in rows]
        probabilities, _ = read_probabilities(run, name, LABELS)
        np.testing.assert_allclose([by_id[id_] for id_ in ids], probabilities, rtol=1e-4)
    assert list(found.probabilities) == ["final", *found.predictions.single_modalities]
    heads = [] if "model" in about else ["text", "audio"]
    assert list(found.predictions.single_modalities) == heads
    assert (found.heard.own_records, found.heard.utterances) == (True, len(split.train) + len(split.validation))


@pytest.mark.long
def test_a_table_recalls_what_was_left_out_and_files_in_the_run_which_stays_whole(run_of, theirs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(run_of(), run)
    lines = evaluate(run, "--records", theirs.folder).stdout.splitlines()
    metrics = json.loads((run / "on-theirs" / "metrics.json").read_text())
    scores = f"WA {metrics['wa']:.3f}, UA {metrics['ua']:.3f}."
    where = f"{theirs.folder} (corpus manifest, synthetic speech)"
    assert lines[0] == f"On 30 utterances of 3 speakers in {where}: {scores}"
    rows = [line.split("  ")[0] for line in lines]
    shown = ["final, Eq. 15 (alpha 0.1)", "final, among shared labels", "text head alone", "audio head alone"]
    first = rows.index(shown[0])
    assert rows[first : first + 5] == [*shown, "reference: their commonest label"]
    low, high = metrics["intervals"]["final"]["wa"]
    shown_wa = f"{metrics['wa']:.3f} ({low:.2f} to {high:.2f})"
    assert lines[first].removeprefix(shown[0]).split()[:4] == shown_wa.split()
    assert lines[first + 4].split()[4:] == ["0.667", "0.500", "0.400", "0.000"]  # 20 of 30 are sad: F1 is 0.8 and 0.
    assert [line.split() for line in lines if line.startswith("loud")] == [["loud", "0", "absent", "absent"]]
    assert "No utterance has the label loud: one that is taken for it is wrong." in "\n".join(lines)
    assert "Left out: 10 utterances with labels that the model does not know (bored 10)." in "\n".join(lines)
    assert "flatter" not in "\n".join(lines)
    written = ("predictions.csv", "confusion.png", "metrics.json")
    assert lines[-3:] == [str(run / "on-theirs" / name) for name in written]
    assert sorted(path.name for path in (run / "on-theirs").iterdir()) == FILES
    assert "whole" in CliRunner().invoke(main, ["verify", str(tmp_path)], catch_exceptions=False).output
    shutil.rmtree(run / "on-theirs")
    assert tree_bytes(run) == tree_bytes(run_of())


def test_the_metrics_are_those_of_the_predictions_written(on_theirs, theirs, tmp_path):
    write_elsewhere(on_theirs, tmp_path / "out", metrics_elsewhere(on_theirs, samples=50))
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    probabilities, true = read_probabilities(tmp_path / "out", "predictions.csv", LABELS)
    expected = evaluate_predictions(probabilities, true, LABELS)
    assert {name: metrics[name] for name in expected} == expected
    assert np.bincount(true).tolist() == [10, 0, 20]
    without_loud = probabilities * [1, 0, 1] / probabilities[:, [0, 2]].sum(axis=1, keepdims=True)
    expected = evaluate_predictions(without_loud, true, LABELS)
    assert {**metrics["shared"], "ece": pytest.approx(expected["ece"])} == expected
    assert list(metrics["intervals"]) == ["final", "shared", "text", "audio"]
    for name, intervals in metrics["intervals"].items():
        scored = metrics if name == "final" else metrics[name]
        assert all(low <= scored[score] <= high for score, (low, high) in intervals.items())
    assert metrics["labels"] == {"shared": ["calm", "sad"], "lacking": ["loud"]}
    assert metrics["left_out"] == {"bored": 10}
    assert metrics["records"]["fingerprint"] == theirs.fingerprint
    assert metrics["heard"] == {
        "own_records": False,
        "sets": "training and validation sets",
        "utterances": 0,
        "speakers": [],
    }


def test_json_is_all_that_is_printed_and_nothing_is_written(run_of, theirs):
    run = run_of()
    before = tree_bytes(run)
    told = json.loads(evaluate(run, "--records", theirs.folder, "--json").stdout)
    assert (told["count"], told["speakers"]) == (30, 3)
    assert told["notes"] == ["of 30 utterances a segment is cut to 12 frames"]
    assert told["run"] == str(run)
    assert tree_bytes(run) == before


@pytest.mark.parametrize(
    "trained, built, message",
    [
        (
            {},
            {"front_end": Mfcc(mel_bins=20)},
            "reads frames of mfcc, and {other} holds frames of mfcc:mel_bins=20. Build records that fit with: can-tf "
            "build-records --corpus manifest --root ROOT --features mfcc --segmentation aligned --overlap 0.1 "
            "--fillers keep --out OUT.",
        ),
        ({}, {"segmentation": "whole"}, "reads aligned segments, and {other} holds whole utterances. Build records "),
        ({"segmentation": "whole"}, {}, "reads whole utterances, and {other} holds aligned segments. Build records "),
    ],
)
def test_records_that_the_model_cannot_read_are_refused(run_of, tone_corpus, tmp_path, trained, built, message):
    run = changed(run_of(), tmp_path / "run", records=trained)
    corpus = corpus_of(tone_corpus, ("sad", "calm"), prefix="v", speaker="ben", count=10)
    other = build_records(corpus, tmp_path / "other", BuildOptions(**built)).folder
    done = evaluate(run, "--records", other, code=1)
    assert done.output.startswith(f"Error: {run}: {message.format(other=other)}")
    assert (done.output.count("\n"), (run / "on-other").exists()) == (1, False)


@pytest.mark.long
def test_a_model_that_reads_no_audio_takes_any_segmentation(run_of, tone_corpus, tmp_path):
    corpus = corpus_of(tone_corpus, ("sad", "calm"), prefix="v", speaker="ben", count=10)
    other = build_records(corpus, tmp_path / "other", BuildOptions(segmentation="whole"))
    assert evaluate_on(run_of(model="text"), other).notes == ()


def test_labels_that_do_not_fit_are_refused(run_of, tone_corpus, tmp_path):
    corpus = corpus_of(tone_corpus, ("happy", "calm"), prefix="v", speaker="ben", count=10)
    other = build_records(corpus, tmp_path / "other", BuildOptions()).folder
    message = f"{run_of()} on {other}: the model knows the labels calm, loud, sad, and the records have calm, happy; "
    assert message in evaluate(run_of(), "--records", other, code=1).output


def test_what_shifts_the_task_is_a_note(run_of, tone_corpus, tmp_path):
    corpus = corpus_of(tone_corpus, ("sad", "calm"), prefix="v", speaker="ben", count=10, synthetic=False)
    options = BuildOptions(segmentation="equal", overlap=0.2, fillers="drop")
    other = build_records(corpus, tmp_path / "other", options).folder
    done = evaluate(run_of(), "--records", other, "--json")
    notes = json.loads(done.stdout)["notes"]
    assert notes[:4] == [
        "the run's records were built with --segmentation aligned, and these with --segmentation equal",
        "the run's records were built with --overlap 0.1, and these with --overlap 0.2",
        "the run's records were built with --fillers keep, and these with --fillers drop",
        "the run was trained on synthetic speech, and these are recordings of people",
    ]
    assert notes[4].endswith(" a segment is cut to 12 frames")
    assert [line for line in done.stderr.splitlines() if line.startswith("Note: ")] == [f"Note: {n}." for n in notes]


def test_other_work_is_not_written_over(run_of, theirs, tmp_path):
    for folder in (run_of(), theirs.folder):
        before = tree_bytes(folder)
        done = evaluate(run_of(), "--records", theirs.folder, "--out", folder, code=1)
        assert f"{folder}: holds other work (SHA256SUMS), whose files would be replaced. Give another --out." in (
            done.output
        )
        assert tree_bytes(folder) == before


def test_an_unfinished_run_and_damaged_options_are_one_line(run_of, theirs, tmp_path):
    run = changed(run_of(), tmp_path / "run", options={"batch_size": "many"})
    done = evaluate(run, "--records", theirs.folder, code=1)
    assert f"{run / 'config.json'}: is damaged (batch_size" in done.output
    (run / "metrics.json").unlink()
    done = evaluate(run, "--records", theirs.folder, code=1)
    assert "the training is not finished (metrics.json is missing)" in done.output
