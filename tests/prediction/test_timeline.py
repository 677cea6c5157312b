"""`can-tf predict --timeline` as it is typed, on three sentences of real speech with silence between."""

import itertools
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from can_tf.alignment.transcript import spoken_words
from can_tf.cli.main import main
from can_tf.errors import AlignmentError
from can_tf.prediction.timeline import timeline
from tests.alignment.conftest import NAMES, speech_of

pytestmark = pytest.mark.long

GAP_SECONDS = 1.0


def run(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


@pytest.fixture
def talk(tmp_path):
    gap = np.zeros(round(16_000 * GAP_SECONDS), np.float32)
    parts = [part for name in NAMES for part in (speech_of(name).samples, gap)]
    soundfile.write(tmp_path / "talk.wav", np.concatenate(parts), 16_000)
    return tmp_path / "talk.wav"


def begins():
    return np.cumsum([0.0, *(speech_of(name).seconds + GAP_SECONDS for name in NAMES[:-1])])


def test_a_table_and_rttm_lines_and_a_picture(exported, talk, tmp_path):
    rttm, plot = tmp_path / "talk.rttm", tmp_path / "talk.png"
    done = run(talk, "--model", exported.folder, "--timeline", "--rttm", rttm, "--plot", plot)
    assert done.exit_code == 0, done.output
    name, heading, _, *rows = done.stdout.splitlines()
    assert name == str(talk)
    assert heading.split() == ["label", "start", "end", "confidence", "words"]
    lines = [line.split() for line in rttm.read_text().splitlines()]
    assert len(rows) == len(lines) == len(NAMES)
    for row, line, begin in zip([row.split() for row in rows], lines, begins(), strict=True):
        assert line[:3] == ["SPEAKER", "talk", "1"]
        assert (line[7], line[8]) == (row[0], row[3])
        assert float(line[3]) == pytest.approx(float(row[1]), abs=0.006)
        assert float(line[3]) == pytest.approx(begin, abs=0.4)
        assert float(line[4]) == pytest.approx(float(row[2]) - float(row[1]), abs=0.011)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "recognized" in done.stderr


@pytest.mark.parametrize("known", ["transcript", "alignment", "recognition"])
def test_words_are_those_of_their_stretch(exported, talk, known):
    said = [spoken_words(speech_of(name).transcript)[:8] for name in NAMES]
    if known == "transcript":
        talk.with_suffix(".txt").write_text(" ".join(speech_of(name).transcript for name in NAMES))
        said = [spoken_words(speech_of(name).transcript) for name in NAMES]
    elif known == "alignment":
        tokens = [
            {"word": word, "start": begin + 0.3 * index, "end": begin + 0.3 * index + 0.25}
            for begin, words in zip(begins(), said, strict=True)
            for index, word in enumerate(words)
        ]
        talk.with_suffix(".json").write_text(json.dumps(tokens))
    done = run(talk, "--model", exported.folder, "--timeline", "--json")
    assert done.exit_code == 0, done.output
    stretches = json.loads(done.stdout)[0]["stretches"]
    assert all(left["end"] <= right["start"] for left, right in itertools.pairwise(stretches))
    for stretch in stretches:
        assert stretch["words_from"] == known
        assert stretch["words"][0]["start"] == pytest.approx(stretch["start"], abs=2e-3)
        assert stretch["words"][-1]["end"] == pytest.approx(stretch["end"], abs=2e-3)
    if known != "recognition":
        found = [word["word"] for stretch in stretches for word in stretch["words"]]
        assert found == [word for words in said for word in words]


def test_a_stretch_without_words_does_not_stop_the_others(exported, talk):
    samples, _ = soundfile.read(talk)
    noise = np.random.default_rng(0).normal(0, 0.3, 32_000)
    soundfile.write(talk, np.concatenate([noise, np.zeros(16_000), samples]), 16_000)
    done = run(talk, "--model", exported.folder, "--timeline", "--json")
    first, *others = json.loads(done.stdout)[0]["stretches"]
    assert "no words were recognized" in first["error"]
    assert len([stretch for stretch in others if "label" in stretch]) == len(NAMES)


@pytest.mark.parametrize(
    "more, message",
    [
        (("--rttm", "{folder}/x.rttm"), "--rttm belongs to --timeline"),
        (("{folder}/more.wav", "--timeline", "--plot", "{folder}/x.png"), "x.png: holds one recording; 2 were given"),
    ],
)
def test_options_that_do_not_go_together(exported, talk, more, message):
    shutil.copy(talk, talk.parent / "more.wav")
    done = run(talk, "--model", exported.folder, *(each.format(folder=talk.parent) for each in more))
    assert done.exit_code == 1
    assert message in done.stderr


def test_silence_holds_nothing(exported, tmp_path):
    hiss = 2e-4 * np.random.default_rng(0).normal(size=32_000)
    soundfile.write(tmp_path / "silence.wav", hiss, 16_000)
    done = run(tmp_path / "silence.wav", "--model", exported.folder, "--timeline")
    assert done.exit_code == 1
    assert "nobody is heard to speak in its 2.0 s" in done.stderr


@pytest.mark.parametrize(
    "seconds, told", [(80, []), (120, ["talk.wav: finding stretches and words in 2 min of sound first."])]
)
def test_the_words_of_a_long_recording_are_looked_for_with_a_word(seconds, told):
    silence, finder = np.zeros(seconds * 16_000, np.float32), SimpleNamespace(whole_seconds=3600.0)
    nobody = SimpleNamespace(
        read=lambda audio: silence,
        word_finder=finder,
        find_words=lambda samples, transcript: (),
    )
    events = []
    with pytest.raises(AlignmentError, match="nobody is heard to speak"):
        timeline(nobody, "talk.wav", progress=events.append)
    assert [event.note for event in events] == told
