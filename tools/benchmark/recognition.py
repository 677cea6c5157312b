"""Requests to `can-tf serve` while it recognizes the words of a long recording, and while other programs work."""

import base64
import concurrent.futures
import contextlib
import functools
import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import requests

from benchmark.serving import inputs_of_corpus, started
from can_tf.audio import read_audio, wav_bytes
from can_tf.prediction.servers import body_of
from can_tf.processes import cores
from can_tf.samples import SAMPLE_RATE_HZ

_SECONDS_OF_A_LOAD = 10.0
_PAUSE_SECONDS = 0.03
_ROUNDS = 3

Load = Callable[[], contextlib.AbstractContextManager[Callable[[], bool]]]
"""Begins a load; gives a function that says whether it still goes on."""


def measure_recognition(root: Path, model: Path, whisper: str, seconds: float) -> list[dict[str, Any]]:
    """Asks a server for its model's status and for a prediction, over and over, under one load after another.

    Args:
        root: A corpus in IEMOCAP's layout. Its first utterance is predicted. Its first `seconds` are one recording, for
            which the server finds the words, as for its page.
        model: From `can-tf export`.
        whisper: A model of Whisper.
        seconds: Length of the recording.

    Returns:
        A row a load and request: `load`, `request`, `requests`, `median_ms`, `p99_ms`, `largest_ms`.
    """
    name = model.resolve().name
    asked = {
        "status": ("GET", f"/v1/models/{name}", None),
        "predict": ("POST", f"/v1/models/{name}:predict", body_of(inputs_of_corpus(root)[0]).encode()),
    }
    command = ["can_tf", "serve", "--model", str(model), "--recognizer", "whisper", "--whisper", whisper]
    with started(lambda port: [*command, "--log-level", "warning", "--port", str(port)]) as (port, _):
        recognize = functools.partial(_recognize, port, _speech(root, seconds))
        recognize()  # Starts the process that does it.
        loads: list[tuple[str, Load]] = [
            (f"{busy} of {cores()} cores busy", functools.partial(_busy, busy)) for busy in range(cores() + 1)
        ]
        loads += [(f"{seconds:g} s recognized", functools.partial(_until_done, recognize))] * _ROUNDS
        return [row for load, begin in loads for row in _rows(port, load, begin, asked)]


def _rows(port: int, load: str, begin: Load, asked: dict[str, tuple[str, str, bytes | None]]) -> list[dict[str, Any]]:
    taken: dict[str, list[float]] = {request: [] for request in asked}
    with begin() as goes_on:
        while goes_on():
            for request, question in asked.items():
                taken[request].append(1e3 * _seconds_of(port, *question))
            time.sleep(_PAUSE_SECONDS)
    return [
        {
            "load": load,
            "request": request,
            "requests": len(times),
            "median_ms": statistics.median(times),
            "p99_ms": sorted(times)[int(0.99 * len(times))],
            "largest_ms": max(times),
        }
        for request, times in taken.items()
    ]


def _seconds_of(port: int, method: str, path: str, body: bytes | None) -> float:
    """Returns how long an answer took, on a connection of its own."""
    connection, began = http.client.HTTPConnection("127.0.0.1", port, timeout=60), time.perf_counter()
    with contextlib.closing(connection):
        connection.request(method, path, body)
        answer = connection.getresponse()
        said = answer.read()
    if answer.status != 200:
        sys.exit(f"{path}: expected an answer, found {answer.status}: {said[:200]!r}")
    return time.perf_counter() - began


@contextlib.contextmanager
def _busy(count: int) -> Iterator[Callable[[], bool]]:
    """Has programs keep so many cores busy."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    ends = time.monotonic() + _SECONDS_OF_A_LOAD
    try:
        yield lambda: time.monotonic() < ends
    finally:
        for program in programs:
            program.kill()
            program.wait()


@contextlib.contextmanager
def _until_done(work: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        working = thread.submit(work)
        yield lambda: not working.done()
        working.result()


def _recognize(port: int, speech: str) -> None:
    question = {"audio": {"b64": speech}, "transcript": None, "name": "speech.wav"}
    requests.post(f"http://127.0.0.1:{port}/explain", json=question, timeout=600).raise_for_status()


def _speech(root: Path, seconds: float) -> str:
    """Returns a wav of a corpus's first seconds, base64."""
    length, found = round(seconds * SAMPLE_RATE_HZ), list[np.ndarray]()
    for path in sorted(root.rglob("*.wav")):
        found.append(read_audio(path))
        if sum(map(len, found)) >= length:
            return base64.b64encode(wav_bytes(np.concatenate(found)[:length])).decode()
    sys.exit(f"{root}: expected at least {seconds:g} s of speech")
