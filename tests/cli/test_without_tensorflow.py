"""Help, `inspect` and `predict --server` start without TensorFlow, which takes seconds."""

import json
import subprocess
import sys

import pytest

from tests.conftest import write_tone

WITHOUT = """
import sys
sys.modules["tensorflow"] = None  # Importing it is an error.
from can_tf.cli.main import main
main()
"""


def run(*arguments, cwd=None):
    command = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_the_help_of_every_command():
    listed = run("--help")
    assert listed.returncode == 0, listed.stderr
    for name in ("build-records", "train", "tune", "predict", "explain", "serve", "evaluate"):
        assert run(name, "--help").returncode == 0


def test_inspect_with_leakage(tone_records):
    done = run("inspect", tone_records.folder, "--leakage", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["utterances"] == len(tone_records.utterances)


def test_predict_asks_a_server(tmp_path):
    write_tone(tmp_path / "a.wav", 1.0)
    words = [{"word": "good", "start": 0.0, "end": 1.0}]
    (tmp_path / "a.json").write_text(json.dumps(words))
    done = run("predict", "a.wav", "--server", "http://127.0.0.1:9", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_predict_by_an_export_needs_no_keras(exported, tmp_path):
    write_tone(tmp_path / "a.wav", 1.0)
    (tmp_path / "a.json").write_text(json.dumps([{"word": "good", "start": 0.0, "end": 1.0}]))
    program = "import sys; sys.modules['keras'] = None; from can_tf.__main__ import main; main()"
    command = [
        sys.executable,
        "-c",
        program,
        "predict",
        str(tmp_path / "a.wav"),
        "--model",
        str(exported.folder),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["label"]
