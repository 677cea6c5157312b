"""Requests from several clients against a running `can-tf serve`: latencies, failures, and how its memory grows.

Two servers are asked in turn: one that answers together what comes while it is busy, and one that answers every request
alone.
"""

import concurrent.futures
import contextlib
import http.client
import itertools
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.spans import share_silence
from can_tf.audio import read_audio
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.limits import JOINED_UTTERANCES
from can_tf.prediction.requests import Request, inputs_of
from can_tf.prediction.servers import body_of

_UTTERANCES = 100
_SECONDS_TO_START = 180.0
_SIDES = {"together": JOINED_UTTERANCES, "alone": 1}
_ROUNDS = ("kept", "kept", "new", "kept", "new")


def measure_serving(root: Path, model: Path, requests: int, clients: Sequence[int]) -> list[dict[str, Any]]:
    """Starts the servers, then sends `requests` requests from each number of clients to both in turn, five times over.

    Returns:
        A row a round: `side` and `clients`; `connections`, kept by a client for all its requests or made new for each;
        `requests`, `failures`, `seconds`, `median_ms` and `p95_ms`; `cpu_ms` of the server for a request, and its
        `megabytes` afterwards. The first round warms up; growth shows between the rounds.
    """
    bodies = [body_of(inputs).encode() for inputs in inputs_of_corpus(root)]
    path = f"/v1/models/{model.resolve().name}:predict"
    with contextlib.ExitStack() as stack:
        servers = {side: stack.enter_context(serving(model, joined)) for side, joined in _SIDES.items()}
        return [
            {"side": side, "clients": count, **_round(*server, path, bodies, requests, count, connections)}
            for count in clients
            for connections in _ROUNDS
            for side, server in servers.items()
        ]


def inputs_of_corpus(root: Path) -> list:
    """Returns requests of an utterance each."""
    utterances = read_iemocap(root, LABEL_SETS["paper7"]).utterances[:_UTTERANCES]
    return [
        inputs_of([Request(read_audio(utterance.audio_path), share_silence(utterance.words))])
        for utterance in utterances
    ]


def serving(model: Path, joined: int = JOINED_UTTERANCES) -> contextlib.AbstractContextManager[tuple[int, int]]:
    """Gives the port and the process of a running server, which answers so many utterances together."""
    return started(lambda port: ["benchmark.one_server", str(model), str(port), str(joined)])


@contextlib.contextmanager
def started(module: Callable[[int], list[str]]) -> Iterator[tuple[int, int]]:
    """Gives the port and the process of a running server: a module and its arguments, once the port is known."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", *module(port)], env=_environment())
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


def _environment() -> dict[str, str]:
    """Returns this process's variables, so that modules are found there too that are found here."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _round(
    port: int, pid: int, path: str, bodies: Sequence[bytes], requests: int, clients: int, connections: str
) -> dict[str, Any]:
    shares = [range(client, requests, clients) for client in range(clients)]
    worked, started = _cpu_seconds(pid), time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(clients) as executor:
        rows = executor.map(lambda share: _client(port, path, bodies, share, connections), shares)
        answers = list(itertools.chain(*rows))
    seconds = time.perf_counter() - started
    latencies = sorted(answer for answer in answers if answer is not None)
    return {
        "connections": connections,
        "requests": len(answers),
        "failures": len(answers) - len(latencies),
        "seconds": seconds,
        "median_ms": statistics.median(latencies) * 1e3,
        "p95_ms": latencies[int(0.95 * len(latencies))] * 1e3,
        "cpu_ms": (_cpu_seconds(pid) - worked) / len(answers) * 1e3,
        "megabytes": megabytes(pid),
    }


def _client(port: int, path: str, bodies: Sequence[bytes], share: range, connections: str) -> list[float | None]:
    """Returns how long each answer took; None where there was none."""
    connection, seconds = http.client.HTTPConnection("127.0.0.1", port, timeout=60), list[float | None]()
    for number in share:
        started = time.perf_counter()
        if connections == "new":
            connection.close()
        try:
            connection.request("POST", path, bodies[number % len(bodies)])
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - started if answer.status == 200 else None)
        except OSError:
            connection.close()
            seconds.append(None)
    connection.close()
    return seconds


def _cpu_seconds(pid: int) -> float:
    """Returns the time that a process has had on any core."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """Returns the memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
