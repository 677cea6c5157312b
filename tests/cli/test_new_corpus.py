"""A corpus whose reader is registered in a line goes all the way."""

import json
from types import SimpleNamespace

import pytest

from can_tf.corpus.registry import READERS, license_of
from can_tf.export.card import model_card
from can_tf.records.dataset import load_dataset
from can_tf.report.counts import paper_counts
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
        "features": {"name": "mfcc"},
        "segmentation": "aligned",
        "fillers": "keep",
    },
    "versions": {"can_tf": "0"},
}


def test_a_models_card_has_its_license(root):
    model = SimpleNamespace(labels=("calm", "loud"))
    card = model_card(CARD_CONFIG, {**SCORES, "recall": {"calm": 0.5, "loud": None}}, model)
    assert "trained on synthetic folders corpus" in card
    assert f"License of the training data: {license_of('folders')}" in card
    assert "Made for a test: whatever you like." in card


def test_nothing_that_a_corpus_says_is_html_in_a_models_card(root):
    evil = "<img src=x onerror=alert(1)>"
    config = CARD_CONFIG | {"records": CARD_CONFIG["records"] | {"corpus": {"name": evil, "synthetic": True}}}
    recall = {evil: 0.5, "[a](javascript:b)|c": None}
    card = model_card(config, {**SCORES, "recall": recall}, SimpleNamespace(labels=tuple(recall)))
    assert "<img" not in card
    assert card.count("&lt;img src=x onerror=alert(1)&gt;") >= 3  # The corpus, the labels, the recalls.
    assert "[a](" not in card
