"""What is told of a run's model on other records: predictions made by hand, without a model."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from can_tf.errors import ConfigError
from can_tf.records.dataset import Dataset
from can_tf.records.specification import StoredUtterance
from can_tf.report.elsewhere import check_writable, default_folder, elsewhere_text, metrics_elsewhere
from can_tf.training.elsewhere import Elsewhere
from can_tf.training.leakage import Heard
from can_tf.training.predictions import Predictions
from can_tf.training.shared_labels import match_labels

LABELS = ("calm", "loud", "sad")
FOUND = ("calm", "sad", "calm", "sad", "bored")
# Taken for loud, sad, loud, calm; without loud for calm, sad, sad, calm.
FINAL = np.array([[0.2, 0.7, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
TEXT = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
SETS = "training and validation sets"


def utterance(number, label):
    place = {"seconds": 1.0, "shard": "shard", "segments": 1, "frames": 1, "longest_segment": 1, "offset": 0}
    about = {"label": label, "speaker": f"p{number % 2}", "session": "", "scenario": "", "words": "yes"}
    return StoredUtterance(id=f"u{number}", **about, **place, bytes=1)


def result_of(found=FOUND, **changes):
    rows = [utterance(number, label) for number, label in enumerate(found)]
    match = match_labels(LABELS, found)
    corpus = {"name": "emodb", "synthetic": False}
    dataset = Dataset(Path("data/theirs"), {"corpus": corpus, "fingerprint": "f"}, tuple(rows))
    true = np.array([LABELS.index(label) for label in found if label in LABELS])
    by_output = {"fused": FINAL, "text": TEXT}
    predictions = Predictions([row for row in rows if row.label in LABELS], FINAL, by_output, true)
    heard = Heard(False, SETS, 0, ())
    return dataclasses.replace(
        Elsewhere(Path("runs/mine"), dataset, LABELS, 0.1, predictions, match, heard, ("a note",)), **changes
    )


def told_of(result):
    return elsewhere_text(result, metrics_elsewhere(result, samples=20))


def test_metrics_by_hand():
    metrics = metrics_elsewhere(result_of(), samples=200)
    assert (metrics["wa"], metrics["ua"], metrics["count"], metrics["speakers"]) == (0.25, 0.25, 4, 2)
    assert metrics["recall"] == {"calm": 0.0, "loud": None, "sad": 0.5}
    assert metrics["confusion"] == [[0, 2, 0], [0, 0, 0], [1, 0, 1]]
    assert metrics["shared"]["recall"] == {"calm": 0.5, "loud": None, "sad": 0.5}
    assert (metrics["text"]["ua"], metrics["majority"]["ua"]) == (1.0, 0.5)
    assert metrics["intervals"]["text"] == {
        "wa": [1.0, 1.0],
        "ua": [1.0, 1.0],
        "macro_f1": [1.0, 1.0],
        "ece": pytest.approx([0.2, 0.2]),
    }
    low, high = metrics["intervals"]["final"]["wa"]
    assert 0.0 <= low < 0.25 < high < 1.0
    assert metrics["labels"] == {"shared": ["calm", "sad"], "lacking": ["loud"]}
    assert (metrics["left_out"], metrics["notes"]) == ({"bored": 1}, ["a note"])
    assert metrics["records"] == {"folder": "data/theirs", "fingerprint": "f", "corpus": "emodb"}


def test_the_text_by_hand():
    lines = told_of(result_of()).splitlines()
    assert lines[0] == "On 4 utterances of 2 speakers in data/theirs (corpus emodb): WA 0.250, UA 0.250."
    assert lines[2].split() == ["prediction", "WA", "UA", "macro", "F1", "ECE"]
    named = {line[: lines[3].index(" ")].rstrip(): line[lines[3].index(" ") :].strip() for line in lines[4:8]}
    assert list(named) == [
        "final, Eq. 15 (alpha 0.1)",
        "final, among shared labels",
        "text head alone",
        "reference: their commonest label",
    ]
    starts = ("0.250 (", "0.500 (", "1.000 (1.00 to 1.00)  1.000 (1.00 to 1.00)", "0.500  ")
    assert [line.startswith(start) for line, start in zip(named.values(), starts, strict=True)] == [True] * 4
    assert lines[7].split()[-4:] == ["0.500", "0.500", "0.333", "0.000"]
    recalls = [["calm", "2", "0.000", "0.500"], ["loud", "0", "absent", "absent"], ["sad", "2", "0.500", "0.500"]]
    assert [line.split() for line in lines[12:15]] == recalls
    assert lines[16:] == [
        "No utterance has the label loud: one that is taken for it is wrong. The row among shared labels sets it "
        "aside.",
        "Left out: 1 utterance with labels that the model does not know (bored 1). build-records --labels maps labels "
        "to others.",
    ]


def test_where_all_labels_are_shared_there_is_no_second_final_prediction():
    result = result_of(("calm", "sad", "loud", "sad"))
    assert list(result.probabilities) == ["final", "text"]
    assert "shared" not in metrics_elsewhere(result, samples=2)
    told = told_of(result)
    assert "among shared labels" not in told
    assert told.splitlines()[-1].split() == ["sad", "2", "0.500"]


@pytest.mark.parametrize(
    "heard, lines",
    [
        (
            Heard(True, SETS, 3, ("p0", "p1")),
            [
                "These are the run's own records: 3 of the 4 utterances are of its training and validation sets, so "
                "these scores flatter. can-tf evaluate without --records shows those of its test set."
            ],
        ),
        (
            Heard(False, SETS, 3, ("p0",)),
            [
                "3 of the 4 utterances have the id of one of the run's training and validation sets: if they are the "
                "same recordings, these scores flatter.",
                "1 name of speakers (p0) also occurs in the run's training and validation sets. That may be chance; if "
                "it is the same person, these scores flatter.",
            ],
        ),
        (
            Heard(False, SETS, 0, ("a", "b", "c", "d", "e", "f")),
            [
                "6 names of speakers (a, b, c, d, e, ...) also occur in the run's training and validation sets. That "
                "may be chance; if they are the same people, these scores flatter."
            ],
        ),
        (
            Heard(False, "validation and test sets", 0, None),
            [
                "The run's own records are not where they were: whether it was trained on these speakers was not "
                "checked."
            ],
        ),
    ],
)
def test_what_the_run_has_heard_is_told(heard, lines):
    before = told_of(result_of()).splitlines()
    assert told_of(result_of(heard=heard)).splitlines()[len(before) :] == lines


def test_a_folder_with_other_work_is_refused(tmp_path):
    assert default_folder(tmp_path / "run", tmp_path / "records") == tmp_path / "run" / "on-records"
    check_writable(tmp_path / "new")
    check_writable(tmp_path)
    for name in ("dataset.json", "config.json", "SHA256SUMS"):
        (tmp_path / name).touch()
        with pytest.raises(ConfigError, match=rf"holds other work \({name}\)"):
            check_writable(tmp_path)
