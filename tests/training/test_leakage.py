"""What test utterances share with training, against a count made another way."""

import json

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.corpus.demo import make_demo_corpus
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import load_label_set
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import StoredUtterance
from can_tf.training.folds import make_fold
from can_tf.training.leakage import shared_with_training


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
