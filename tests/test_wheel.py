"""What `pip install .` installs: small enough to be published, and whole without the checkout and without a network."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import write_tone

pytestmark = pytest.mark.long

SOURCES = Path(__file__).parents[1]
LARGEST_BYTES = 40 * 2**20
# Python imports this when it starts, in the command and in its workers.
NO_NETWORK = """
import socket


def refuse(self, address):
    raise OSError(f"the network is asked for {address}")


socket.socket.connect = socket.socket.connect_ex = refuse
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(SOURCES / name, folder)
    shutil.copytree(SOURCES / "can_tf", folder / "can_tf", ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        "out",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    [built] = (folder / "out").glob("can_tf-*.whl")
    return built


def test_a_wheel_is_small_enough_to_be_published(wheel):
    assert wheel.stat().st_size < LARGEST_BYTES


def test_an_installed_package_hears_with_whisper_without_a_network(wheel, tmp_path):
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    (installed / "sitecustomize.py").write_text(NO_NETWORK)
    write_tone(tmp_path / "u.wav", 0.6)
    words = [{"word": "good", "start": 0.0, "end": 0.25}, {"word": "day", "start": 0.25, "end": 0.6}]
    (tmp_path / "u.json").write_text(json.dumps(words))
    (tmp_path / "corpus.csv").write_text("id,audio,label,speaker,alignment\nu,u.wav,calm,anna,u.json\n")
    build = "build-records --corpus manifest --root corpus.csv --features whisper-base --out records"
    program = f"import sys, can_tf.__main__ as m; print(m.__file__); sys.argv[1:] = {build.split()}; m.main()"
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", f"if __name__ == '__main__':\n    {program}"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    assert json.loads((tmp_path / "records" / "dataset.json").read_text())["features"]["name"] == "whisper-base"


def test_the_network_is_refused(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    program = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert "the network is asked for" in done.stderr
