"""Train, evaluate and export, again and again, under a server that takes up each version: what a day leaves behind.

The commands are processes, as users type them. What lives on is the server, so its memory is what is looked at. Needs
the extra `serve`.
"""

import contextlib
import dataclasses
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from can_tf.prediction.predictor import at_server
from faults.commands import can_tf

_SMALL = ("--epochs", "1", "--units", "4", "--heads", "2", "--batch-size", "32")
_QUESTIONS = 20
_KEPT = 2  # Versions and runs; older ones are removed, as a user would.
_PORT = 8599


@dataclasses.dataclass(frozen=True)
class Cycle:
    """What there is after a cycle: the server's megabytes, open files and threads; temporary files of all."""

    number: int
    seconds: float
    megabytes: float
    open_files: int
    threads: int
    temporary_files: int


def cycles(base: Path, count: int, minutes: float, report: Callable[[int, int], None]) -> Iterator[Cycle]:
    """Yields up to so many cycles, or as many as the minutes allow, in a folder that `commands` has prepared."""
    ends, model = time.monotonic() + 60 * minutes, base / "model"
    (base / "temporary").mkdir()
    _cycle(base, model, 1)
    with _server(base, model) as server:
        for number in range(2, count + 2):
            started = time.monotonic()
            _cycle(base, model, number)
            _ask(base, number)
            for old in (base / f"cycle-{number - _KEPT}", model / str(number - _KEPT)):
                shutil.rmtree(old, ignore_errors=True)
            report(number - 1, count)
            yield Cycle(number - 1, round(time.monotonic() - started, 1), *_held_by(server.pid, base))
            if time.monotonic() > ends:
                return


def _cycle(base: Path, model: Path, number: int) -> None:
    run = base / f"cycle-{number}"
    for arguments in (
        ("train", "--records", base / "records", *_SMALL, "--seed", number, "--run", run),
        ("evaluate", run),
        ("export", run, "--out", model),
    ):
        done = subprocess.run(can_tf(*arguments), env=_environment(base), capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")


@contextlib.contextmanager
def _server(base: Path, model: Path) -> "Iterator[subprocess.Popen[bytes]]":
    serve = can_tf("serve", "--model", model, "--port", _PORT)
    with subprocess.Popen(serve, env=_environment(base), stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def _ask(base: Path, version: int) -> None:
    """Waits until the server has a version, and asks it about recordings of the corpus."""
    url = f"http://127.0.0.1:{_PORT}/v1/models/model"
    while _served(url) != str(version):
        time.sleep(0.2)
    predictor = at_server(url)
    for audio in sorted((base / "corpus").glob("*.wav"))[:_QUESTIONS]:
        predictor.predict(audio, audio.with_suffix(".json"))


def _served(url: str) -> str:
    with contextlib.suppress(OSError), urllib.request.urlopen(url) as answer:
        rows = json.load(answer)["model_version_status"]
        return next((row["version"] for row in rows if row["state"] == "AVAILABLE"), "")
    return ""


def _environment(base: Path) -> dict[str, str]:
    """Returns the environment in which temporary files have a folder of their own."""
    return {**os.environ, "TMPDIR": str(base / "temporary"), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _held_by(process_id: int, base: Path) -> tuple[float, int, int, int]:
    process = Path("/proc") / str(process_id)
    pages = int((process / "statm").read_text().split()[1])
    return (
        round(pages * resource.getpagesize() / 2**20, 1),
        len(list((process / "fd").iterdir())),
        len(list((process / "task").iterdir())),
        len(list((base / "temporary").iterdir())),
    )
