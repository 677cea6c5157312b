"""`can-tf listen` as it is typed."""

import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

from can_tf.alignment.pauses import find_stretches
from can_tf.cli.commands import listen as command
from can_tf.cli.main import main
from can_tf.samples import SAMPLE_RATE_HZ, pcm16
from tests.alignment.conftest import NAMES, speech_of
from tests.prediction.stand_ins import stand_in_predictor

TALK = np.concatenate([speech_of(NAMES[0]).samples, np.zeros(16_000, np.float32), speech_of(NAMES[1]).samples[:12_000]])
RAW = pcm16(TALK).astype("<i2").tobytes()


def run(*arguments, given=RAW):
    return CliRunner().invoke(main, ["listen", *arguments], input=given)


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(command, "open_predictor", lambda *_: stand_in_predictor())


def test_a_line_for_each_stretch(stand_in):
    done = run("-")
    assert done.exit_code == 0, done.output
    first, second = done.stdout.splitlines()
    (start, end), (begin, _) = find_stretches(TALK)
    assert first.split()[:3] == [f"{start:.2f}", f"{end:.2f}", "happy"]
    assert first.split()[4:] == [f"w{index}" for index in range(int(end - start))]
    assert second.split()[0] == f"{begin:.2f}"
    assert done.stderr.startswith("Listening to standard input at 16000 Hz. Ctrl-C ends it.")


def test_a_line_without_words_says_so_and_json_is_a_line_each(stand_in):
    short = np.concatenate([TALK[: round(0.5 * SAMPLE_RATE_HZ)], np.zeros(16_000, np.float32), TALK])
    given = pcm16(short).astype("<i2").tobytes()
    assert "  -          -      no words were recognized" in run("-", given=given).stdout.splitlines()[0]
    lines = [json.loads(line) for line in run("-", "--json", given=given).stdout.splitlines()]
    assert "no words were recognized" in lines[0]["error"]
    assert lines[1]["label"] == "happy"
    assert lines[1]["words"][0]["start"] == pytest.approx(lines[1]["start"], abs=1e-3)


def test_another_rate_is_resampled(stand_in):
    twice = np.repeat(TALK, 2)
    done = run("-", "--rate", "32000", given=pcm16(twice).astype("<i2").tobytes())
    times = [[float(time) for time in line.split()[:2]] for line in done.stdout.splitlines()]
    np.testing.assert_allclose(times, find_stretches(TALK), atol=0.1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["talk.wav"], "talk.wav: expected - for sound on standard input, or nothing for the microphone"),
        (["--rate", "8000"], "--rate is of sound on standard input"),
        (["-", "--device", "USB"], "--device is a microphone; leave - out"),
    ],
)
def test_what_does_not_go_together_is_refused_before_any_work(arguments, message):
    done = run(*arguments)
    assert done.exit_code == 1
    assert message in done.stderr


def test_a_model_of_whisper_that_is_not_there_is_told_before_any_work(monkeypatch):
    installed = ModuleType("faster_whisper")
    installed.__spec__ = ModuleSpec("faster_whisper", None)
    monkeypatch.setitem(sys.modules, "faster_whisper", installed)
    done = run("-", "--recognizer", "whisper", "--whisper", "/nowhere")
    assert (done.exit_code, "/nowhere: there is no such folder" in done.stderr) == (1, True)


@pytest.mark.parametrize("library, extra", [("sounddevice", "mic"), ("pocketsphinx", "align")])
def test_what_is_missing_is_named_before_any_work(monkeypatch, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    done = run(*(["-"] if library == "pocketsphinx" else []))
    assert (done.exit_code, f"can_tf[{extra}]" in done.stderr) == (1, True)


def test_a_model_that_is_not_there_is_told():
    done = run("-", "--model", "nowhere")
    assert done.exit_code == 1
    assert "nowhere" in done.stderr


def test_no_sound_is_an_error(stand_in):
    done = run("-", given=b"")
    assert (done.exit_code, "standard input: holds no samples" in done.stderr) == (1, True)
