"""A format of alignments that is registered in a line goes all the way."""

import json
import shutil

import numpy as np
import pytest

from can_tf.alignment.formats import FORMATS, read_alignment
from can_tf.alignment.silence import without_silence
from can_tf.corpus.manifest import read_manifest
from can_tf.prediction.predictor import Predictor
from tests.alignment.conftest import FOLDER, NAMES
from tests.cli.label_track import LABEL_TRACK
from tests.cli.test_cli import run
from tests.conftest import write_tone

TRACK = "0.0\t0.4\t<s>\n0.4\t0.7\tgood\n0.7\t1.0\tday\n"


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(FORMATS, "labels", LABEL_TRACK)


def test_align_writes_it_and_its_help_has_it(tmp_path):
    shutil.copy(FOLDER / f"{NAMES[0]}.flac", tmp_path / "talk.flac")
    said = "He was not an ill-disposed young man"
    run("align", tmp_path / "talk.flac", "--transcript", said, "--format", "labels", "--out", tmp_path)
    words = [word.text for word in without_silence(read_alignment(tmp_path / "talk.Labels"))]
    assert words == said.lower().replace("-", " ").split()
    assert "|labels]" in "".join(run("align", "--help").stdout.split())


def test_a_manifest_reads_it_and_what_it_does_not_read_is_told(tmp_path):
    write_tone(tmp_path / "a.wav", 1.0)
    (tmp_path / "a.LABELS").write_text(TRACK)
    header = "id,audio,label,speaker,alignment\n"
    (tmp_path / "m.csv").write_text(
        f"{header}u1,a.wav,calm,anna,a.LABELS\nu2,a.wav,calm,anna,\nu3,a.wav,calm,anna,a.txt\n"
    )
    corpus = read_manifest(tmp_path / "m.csv")
    assert [(word.text, word.start) for word in corpus.utterances[0].words] == [
        ("<s>", 0.0),
        ("good", 0.4),
        ("day", 0.7),
    ]
    for rejection in corpus.rejected:
        assert ".vtt, .Labels or .track" in rejection.reason


@pytest.mark.parametrize("name", ["talk.Labels", "talk.labels", "talk.TRACK"])
@pytest.mark.long
def test_predict_finds_it_beside_a_recording(exported, tmp_path, name):
    write_tone(tmp_path / "talk.wav", 1.0)
    (tmp_path / name).write_text(TRACK)
    [answer] = json.loads(run("predict", tmp_path / "talk.wav", "--model", exported.folder, "--json").stdout)
    assert answer["words_from"] == "alignment"
    assert [(word["word"], word["start"]) for word in answer["words"]] == [("good", 0.0), ("day", 0.7)]


def test_silence_that_it_marks_is_shared(tmp_path):
    (tmp_path / "a.track").write_text(TRACK)
    request = Predictor(backend=None).request(np.sin(np.arange(32_000)), tmp_path / "a.track", sample_rate=16_000)
    assert [(word.text, word.start, word.end) for word in request.words] == [
        ("good", 0.0, 0.7),
        ("day", 0.7, 1.0),
    ]
