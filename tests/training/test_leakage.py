"""What test utterances share with training, against a count made another way."""

import dataclasses
import json

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.corpus.demo import make_demo_corpus
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import load_label_set
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import StoredUtterance
from can_tf.training.data import split_of
from can_tf.training.folds import make_fold
from can_tf.training.leakage import Heard, heard_by, shared_with_training
from can_tf.training.options import TrainOptions


def utterance(number, speaker, session, scenario, words):
    about = {"label": "calm", "speaker": speaker, "session": session, "scenario": scenario, "words": words}
    place = {"seconds": 1.0, "shard": "shard", "segments": 1, "frames": 1, "longest_segment": 1, "offset": 0}
    return StoredUtterance(id=f"u{number:02d}", **about, **place, bytes=1)


SIX = [  # Three sessions of a speaker each; the third says nothing that the others say.
    utterance(0, "a", "1", "x", "hello there"),
    utterance(1, "a", "1", "y", "good day"),
    utterance(2, "b", "2", "x", "hello there"),
    utterance(3, "b", "2", "z", "one"),
    utterance(4, "c", "3", "y", "two"),
    utterance(5, "c", "3", "y", "three"),
]


def test_by_hand():
    # Session 1 tests, 2 validates, 3 trains: u01 shares the scenario y. Session 2 tests, 3 validates, 1 trains: u02
    # shares scenario and sentence. Session 3 tests, 1 validates, 2 trains: nothing is shared.
    assert shared_with_training(SIX, "session") == {"speaker": 0, "session": 0, "scenario": 2, "sentence": 1}


@pytest.fixture(scope="module")
def demo_records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    demo = make_demo_corpus(folder / "corpus", utterances=200, seed=0)
    return build_records(read_iemocap(demo.root, load_label_set("paper7")), folder / "records", BuildOptions())


@pytest.mark.parametrize("protocol, folds", [("paper", 10), ("session", 5), ("speaker", 10), ("scenario", None)])
def test_inspect_counts_the_demo_corpus_as_a_plain_loop_does(demo_records, protocol, folds):
    done = CliRunner().invoke(main, ["inspect", str(demo_records.folder), "--leakage", "--json"])
    leakage = json.loads(done.stdout)["leakage"][protocol]
    stored = {each.id: each for each in demo_records.utterances}
    rows = list(stored.values())
    counted = dict.fromkeys(("speaker", "session", "scenario", "words"), 0)
    tested = []
    for number in range(folds or len({each.scenario for each in rows})):
        fold = make_fold(rows, protocol, number)
        tested += fold.test
        for name in counted:
            for test in fold.test:
                counted[name] += any(
                    getattr(stored[test], name) == getattr(stored[other], name) for other in fold.train
                )
    assert sorted(tested) == sorted(stored)
    assert list(leakage.values()) == list(counted.values())
    if protocol in counted:
        assert counted[protocol] == 0
    assert counted["words"] > 0


def test_the_table_tells_shares(tone_records):
    done = CliRunner().invoke(main, ["inspect", str(tone_records.folder), "--leakage"])
    assert "150 (100%)" in done.stdout


def config_of(dataset, **changes):
    return {"records": {"folder": str(dataset.folder), "fingerprint": dataset.fingerprint, **changes}}


OPTIONS = TrainOptions(protocol="session", fold=1)  # Of the tones, s1 tests, and s2 validates.


def test_a_run_has_heard_its_training_and_validation_sets(tone_records, tmp_path):
    split = split_of(tone_records, OPTIONS)
    assert {row.speaker for row in split.test} == {"s1"}
    heard = heard_by(tmp_path, config_of(tone_records), OPTIONS, tone_records, tone_records.utterances)
    assert heard == Heard(True, "training and validation sets", 120, ("s0", "s2", "s3", "s4"))
    only_test = heard_by(tmp_path, config_of(tone_records), OPTIONS, tone_records, split.test)
    assert only_test == Heard(True, "training and validation sets", 0, ())


def test_ids_and_speakers_of_other_records_are_compared_apart(tone_records, tmp_path):
    first, second, third, *_ = tone_records.utterances
    rows = [first, dataclasses.replace(second, id="other"), dataclasses.replace(third, speaker="")]
    description = {**tone_records.description, "fingerprint": "another"}
    other = dataclasses.replace(tone_records, description=description, utterances=tuple(rows))
    heard = heard_by(tmp_path, config_of(tone_records), OPTIONS, other, rows)
    assert [row.speaker for row in rows] == ["s0", "s1", ""]
    assert heard == Heard(False, "training and validation sets", 2, ("s0",))


@pytest.mark.parametrize("changes", [{"folder": "gone"}, {"fingerprint": "of others that were there then"}])
def test_where_a_runs_records_are_gone_ids_are_compared_with_those_of_its_predictions(tone_records, tmp_path, changes):
    (tmp_path / "predictions.csv").write_text("id,label\nu001,calm\nnobody,calm\n")
    (tmp_path / "validation_predictions.csv").write_text("id,label\nu002,calm\n")
    description = {**tone_records.description, "fingerprint": "another"}
    other = dataclasses.replace(tone_records, description=description)
    heard = heard_by(tmp_path, config_of(tone_records, **changes), OPTIONS, other, other.utterances)
    assert heard == Heard(False, "validation and test sets", 2, None)
