"""Probes of a `can-tf serve` that several clients ask: how long they wait. What a request pays for being observed.

A server that has nothing to do is probed in turn with it, in the same second and on the same cores: what that one takes
is the machine's doing.
"""

import asyncio
import base64
import concurrent.futures
import contextlib
import http.client
import http.server
import multiprocessing
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

from benchmark.serving import inputs_of_corpus, megabytes, serving
from can_tf.prediction.servers import RestServer
from can_tf.server.draining import Draining
from can_tf.server.logs import logging_to_stderr
from can_tf.server.metrics import Metrics
from can_tf.server.observed import Observed

_PAUSE_SECONDS = 0.02  # Between two probes: many more than anybody sends.
_PATHS = ("/healthz", "/readyz", "/metrics")


def measure_probes(root: Path, model: Path, seconds: float, clients: int) -> list[dict[str, Any]]:
    """Probes a server for `seconds`: with nothing to do, while clients ask for predictions, and while they also have
    words recognized.

    Returns:
        A row a path and load: `path`, `load`, `probes`, `failures`, `median_ms`, `p99_ms`, `largest_ms`,
        `idle_p99_ms` of the server that has nothing to do, `answers` of the load meanwhile, and `megabytes` of the
        server afterwards.
    """
    bodies = inputs_of_corpus(root)
    recording = sorted(root.rglob("*.wav"))[0].read_bytes()
    with serving(model) as (port, pid), _idle_server() as idle_port:
        address = f"http://127.0.0.1:{port}"
        predict = _predicting(f"{address}/v1/models/{model.resolve().name}", bodies)
        loads: dict[str, list[Callable[[float], int]]] = {
            "none": [],
            f"{clients} clients": [predict] * clients,
            f"{clients} clients and recognition": [*[predict] * clients, _recognizing(address, recording)],
        }
        _recognizing(address, recording)(0.0)  # Starts the process that does it.
        return [
            {"load": load, **_probed((port, idle_port), path, seconds, workers), "megabytes": megabytes(pid)}
            for load, workers in loads.items()
            for path in _PATHS
        ]


def _probed(ports: tuple[int, int], path: str, seconds: float, load: list[Callable[[float], int]]) -> dict[str, Any]:
    # A process of its own: what is measured is the server, and not how busy the clients' interpreter is.
    context = multiprocessing.get_context("spawn")
    with (
        concurrent.futures.ProcessPoolExecutor(1, context) as prober,
        concurrent.futures.ThreadPoolExecutor(max(1, len(load))) as executor,
    ):
        prober.submit(time.sleep, 0).result()
        working = [executor.submit(work, seconds + 1.0) for work in load]
        time.sleep(0.5)
        times, idle = prober.submit(probe_in_turn, ports, path, seconds).result()
        answers = sum(future.result() for future in working)
    good = sorted(taken for taken in times if taken is not None)
    idle_good = sorted(taken for taken in idle if taken is not None)
    return {
        "path": path,
        "probes": len(times),
        "failures": len(times) - len(good),
        "median_ms": good[len(good) // 2] * 1e3,
        "p99_ms": good[int(0.99 * len(good))] * 1e3,
        "idle_p99_ms": idle_good[int(0.99 * len(idle_good))] * 1e3,
        "largest_ms": good[-1] * 1e3,
        "answers": answers,
    }


def probe_in_turn(ports: tuple[int, int], path: str, seconds: float) -> list[list[float | None]]:
    """Returns how long the probes of each server took."""
    times: list[list[float | None]] = [[] for _ in ports]
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        for port, taken in zip(ports, times, strict=True):
            taken.append(probe(port, path))
            time.sleep(_PAUSE_SECONDS / len(ports))
    return times


def probe(port: int, path: str) -> float | None:
    """Returns how long a probe took, on a connection of its own; None if it failed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    started = time.perf_counter()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return time.perf_counter() - started if answer.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


class _Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _answer_for_ever(connection: Any) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Ready) as server:
        connection.send(server.server_port)
        server.serve_forever()


@contextlib.contextmanager
def _idle_server() -> Iterator[int]:
    """Gives the port of a server in a process of its own that nobody but probes asks."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer_for_ever, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _predicting(url: str, bodies: list) -> Callable[[float], int]:
    def work(seconds: float) -> int:
        backend, count, ends = RestServer(url), 0, time.monotonic() + seconds
        while time.monotonic() < ends:
            backend.answer(bodies[count % len(bodies)])
            count += 1
        backend.close()
        return count

    return work


def _recognizing(address: str, recording: bytes) -> Callable[[float], int]:
    question = {"audio": {"b64": base64.b64encode(recording).decode()}, "transcript": None, "name": "x.wav"}

    def work(seconds: float) -> int:
        count, ends = 0, time.monotonic() + seconds
        while not count or time.monotonic() < ends:
            requests.post(f"{address}/explain", json=question, timeout=300).raise_for_status()
            count += 1
        return count

    return work


def observing_microseconds(calls: int = 20_000) -> dict[str, float]:
    """Returns what a request's id, metrics and line of the log cost, beside an application that answers at once."""

    async def answers(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def send(message: Any) -> None:
        pass

    async def taken(app: Any) -> float:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/models/can:predict",
            "headers": [(b"host", b"127.0.0.1")],
        }
        started = time.perf_counter()
        for _ in range(calls):
            await app(scope, None, send)
        return (time.perf_counter() - started) / calls * 1e6

    observed = Observed(answers, Metrics(), Draining(), {}, "")
    bare = asyncio.run(taken(answers))
    with logging_to_stderr("error", "text"):
        counted = asyncio.run(taken(observed))
    with logging_to_stderr("info", "json"):
        logged = asyncio.run(taken(observed))
    return {"id_and_metrics": counted - bare, "line_of_the_log": logged - counted}
