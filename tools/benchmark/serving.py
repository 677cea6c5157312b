"""Requests from several clients against a running `can-tf serve`: latencies, failures, and how its memory grows."""

import concurrent.futures
import contextlib
import itertools
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from can_tf.alignment.spans import share_silence
from can_tf.audio import read_audio
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.errors import CanError
from can_tf.prediction.requests import Request, inputs_of
from can_tf.prediction.servers import RestServer

_UTTERANCES = 100
_SECONDS_TO_START = 180.0
_ROUNDS = ("kept", "kept", "new", "kept", "new")


def measure_serving(root: Path, model: Path, requests: int, clients: int) -> list[dict[str, Any]]:
    """Starts the server, then sends `requests` requests from `clients` clients, five times over.

    Returns:
        A row a round: `connections`, kept by a client for all its requests or made new for each; `requests`,
        `failures`, `seconds`, `median_ms` and `p95_ms`, `megabytes` of the server afterwards. The first round warms up;
        growth shows between the rounds.
    """
    inputs = inputs_of_corpus(root)
    with serving(model) as (port, pid):
        address = f"http://127.0.0.1:{port}/v1/models/{model.resolve().name}"
        return [_round(address, pid, inputs, requests, clients, connections) for connections in _ROUNDS]


def inputs_of_corpus(root: Path) -> list:
    """Returns requests of an utterance each."""
    utterances = read_iemocap(root, LABEL_SETS["paper7"]).utterances[:_UTTERANCES]
    return [
        inputs_of([Request(read_audio(utterance.audio_path), share_silence(utterance.words))])
        for utterance in utterances
    ]


@contextlib.contextmanager
def serving(model: Path) -> Iterator[tuple[int, int]]:
    """Gives the port and the process of a running server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "can_tf", "serve", "--model", str(model), "--port", str(port)]
    server = subprocess.Popen([*command, "--log-level", "warning"])
    try:
        _wait_for(port, server)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen) -> None:
    ends = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < ends and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("can-tf serve did not start")


def _round(address: str, pid: int, inputs: list, requests: int, clients: int, connections: str) -> dict[str, Any]:
    started = time.perf_counter()
    shares = [range(client, requests, clients) for client in range(clients)]
    with concurrent.futures.ThreadPoolExecutor(clients) as executor:
        answers = list(
            itertools.chain(*executor.map(lambda share: _client(address, inputs, share, connections), shares))
        )
    seconds = time.perf_counter() - started
    latencies = sorted(answer for answer in answers if answer is not None)
    return {
        "connections": connections,
        "requests": len(answers),
        "failures": len(answers) - len(latencies),
        "seconds": seconds,
        "median_ms": statistics.median(latencies) * 1e3,
        "p95_ms": latencies[int(0.95 * len(latencies))] * 1e3,
        "megabytes": megabytes(pid),
    }


def _client(address: str, inputs: list, share: range, connections: str) -> list[float | None]:
    backend, seconds = RestServer(address), []
    for number in share:
        started = time.perf_counter()
        if connections == "new":
            backend.close()
            backend = RestServer(address)
        try:
            backend.answer(inputs[number % len(inputs)])
            seconds.append(time.perf_counter() - started)
        except CanError:
            seconds.append(None)
    backend.close()
    return seconds


def megabytes(pid: int) -> float:
    """Returns the memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
