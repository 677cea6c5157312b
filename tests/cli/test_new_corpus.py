"""A corpus whose reader is registered in a line goes all the way."""

import itertools
import json
from types import SimpleNamespace

import pytest

from can_tf.corpus.registry import READERS
from can_tf.export.card import model_card
from can_tf.features.mfcc import Mfcc
from can_tf.features.registry import front_end_to_json
from can_tf.records.dataset import load_dataset
from can_tf.report.counts import paper_counts
from can_tf.training.run_folder import read_predictions
from tests.cli.folder_corpus import FOLDERS
from tests.cli.test_cli import run
from tests.conftest import write_tone


@pytest.fixture
def root(monkeypatch, tmp_path):
    """A corpus of three utterances, whose reader is registered."""
    monkeypatch.setitem(READERS, "folders", FOLDERS)
    for place, name in enumerate(("calm/anna-good-day", "calm/ben-no", "loud/anna-oh-no")):
        write_tone(tmp_path / "corpus" / f"{name}.wav", 0.5, hertz=200 + 50 * place)
    return tmp_path / "corpus"


def test_records_are_built_with_its_counts_beside_those_published(root, tmp_path):
    done = run("build-records", "--corpus", "folders", "--root", root, "--out", tmp_path / "records")
    assert [line.split() for line in done.stdout.splitlines()[2:5]] == [
        ["calm", "2", "3", "-1"],
        ["loud", "1", "2", "-1"],
        ["all", "3", "5", "-2"],
    ]
    assert "License: Made for a test: whatever you like." in done.stdout
    dataset = load_dataset(tmp_path / "records")
    assert dataset.description["corpus"] == {"name": "folders", "synthetic": True}
    assert [(each.id, each.label, each.speaker, each.words) for each in dataset.utterances] == [
        ("calm-anna-good-day", "calm", "anna", "good day"),
        ("calm-ben-no", "calm", "ben", "no"),
        ("loud-anna-oh-no", "loud", "anna", "oh no"),
    ]
    assert paper_counts(dataset) == {"calm": 3, "loud": 2}
    assert json.loads(run("inspect", dataset.folder, "--json").stdout)["paper_counts"] == {"calm": 3, "loud": 2}


def test_labels_that_are_chosen_reach_it(root, tmp_path):
    (tmp_path / "map.csv").write_text("calm,quiet\nloud,\n")
    arguments = ("--corpus", "folders", "--root", root, "--labels", tmp_path / "map.csv", "--out", tmp_path / "records")
    run("build-records", *arguments)
    description = load_dataset(tmp_path / "records").description
    assert (description["counts"], description["excluded"]) == ({"quiet": 2}, {"loud": 1})


def test_what_it_needs_is_told(root):
    done = run("build-records", "--corpus", "folders", code=1)
    assert "--corpus folders needs --root: a folder with one folder of recordings per label." in done.output
    assert "folders" in run("build-records", "--corpus", "tapes", "--root", root, code=2).output


SCORES = {"wa": 0.5, "ua": 0.5, "macro_f1": 0.5, "ece": 0.1, "epochs": 1}
CARD_CONFIG = {
    "options": {"model": "can", "fold": 0, "protocol": "paper", "seed": 0},
    "records": {
        "corpus": {"name": "folders", "synthetic": True},
        "utterances": 3,
        "fingerprint": "0" * 64,
        "features": front_end_to_json(Mfcc()),
        "segmentation": "aligned",
        "fillers": "keep",
    },
    "versions": {"can_tf": "0"},
}


def test_a_models_card_has_its_license(root):
    model = SimpleNamespace(labels=("calm", "loud"))
    card = model_card(CARD_CONFIG, {**SCORES, "recall": {"calm": 0.5, "loud": None}}, model)
    assert "trained on synthetic folders corpus" in card
    assert "- **folders**: Made for a test: whatever you like.\n" in card


def test_nothing_that_a_corpus_says_is_html_in_a_models_card(root):
    evil = "<img src=x onerror=alert(1)>"
    config = CARD_CONFIG | {"records": CARD_CONFIG["records"] | {"corpus": {"name": evil, "synthetic": True}}}
    recall = {evil: 0.5, "[a](javascript:b)|c": None}
    card = model_card(config, {**SCORES, "recall": recall}, SimpleNamespace(labels=tuple(recall)))
    assert "<img" not in card
    assert card.count("&lt;img src=x onerror=alert(1)&gt;") >= 3  # The corpus, the labels, the recalls.
    assert "[a](" not in card


def test_several_corpora_are_built_into_records_and_left_out_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setitem(READERS, "folders", FOLDERS)
    for part, (label, speaker, hertz) in itertools.product(
        ("a", "b"), [("calm", "anna", 200), ("loud", "anna", 300), ("calm", "ben", 400), ("loud", "ben", 500)]
    ):
        write_tone(tmp_path / part / label / f"{speaker}-good-day.wav", 0.5, hertz=hertz)
    (tmp_path / "corpora.csv").write_text("corpus,root,name\nfolders,a,one\nfolders,b,two\n")
    records, corpora = tmp_path / "records", ("--corpus", "several", "--root", tmp_path / "corpora.csv")
    done = run("build-records", *corpora, "--out", records)
    assert "License: one: Made for a test: whatever you like. two: Made for a test" in done.stdout
    dataset = load_dataset(records)
    assert [row.corpus for row in dataset.utterances] == ["one"] * 4 + ["two"] * 4
    assert dataset.description["corpus"]["parts"] == {"one": "folders", "two": "folders"}
    assert dataset.fingerprint != _renamed(tmp_path, corpora).fingerprint
    folder = tmp_path / "run"
    small = ("--units", 2, "--heads", 1, "--epochs", 1)
    run("train", "--records", records, "--protocol", "corpus", "--fold", 1, "--run", folder, *small)
    contents = {"speakers": 2, "counts": {"calm": 2, "loud": 2}}
    assert json.loads((folder / "config.json").read_text())["records"]["corpora"] == {"one": contents, "two": contents}
    tested = read_predictions(folder, ["id"])
    assert [row["id"] for row in tested] == [row.id for row in dataset.utterances if row.corpus == "two"]
    run("train", "--records", records, "--protocol", "corpus", "--fold", 2, "--run", tmp_path / "run2", code=1)


def _renamed(folder, corpora):
    """Builds the same corpora under another name."""
    (folder / "corpora.csv").write_text("corpus,root,name\nfolders,a,one\nfolders,b,three\n")
    run("build-records", *corpora, "--out", folder / "renamed")
    return load_dataset(folder / "renamed")
