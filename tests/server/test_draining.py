"""What a server does after SIGTERM."""

import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from can_tf.server.connections import server_of
from can_tf.server.draining import DRAIN_SECONDS, Draining
from can_tf.server.metrics import Metrics
from can_tf.server.observed import Observed
from tests.conftest import wait_until
from tests.server.conftest import INSTANCE, predict


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_end_goes_by_the_clock():
    clock = Clock()
    draining = Draining(5.0, clock)
    assert (draining.is_on, draining.is_closed, draining.seconds_left) == (False, False, float("inf"))
    draining.begin()
    assert (draining.is_on, draining.is_closed, draining.seconds_left) == (True, False, 5.0 + DRAIN_SECONDS)
    clock.now += 5.0
    draining.begin()  # A second signal does not begin it again.
    assert (draining.is_on, draining.is_closed, draining.seconds_left) == (True, True, DRAIN_SECONDS)
    clock.now += 20.0
    assert draining.seconds_left == -10.0


class Slow:
    """A server in a thread, one of whose answers waits until it may go on."""

    def __init__(self, seconds):
        self.clock, self.go_on, self.began = Clock(), threading.Event(), threading.Event()
        self.draining = Draining(seconds, self.clock)
        routes = [Route("/slow", self._slow), Route("/readyz", self._ready), Route("/other", self._ready)]
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.server = server_of(Observed(Starlette(routes=routes), Metrics(), self.draining, {}, ""))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]})

    def _slow(self, request):
        self.began.set()
        assert self.go_on.wait(60)
        return PlainTextResponse("late")

    def _ready(self, request):
        return PlainTextResponse("ready", 503 if self.draining.is_on else 200)

    @contextlib.contextmanager
    def running(self):
        self.thread.start()
        wait_until(lambda: self.server.started, seconds=10)
        try:
            yield self
        finally:
            self.go_on.set()
            self.server.should_exit = True
            self.thread.join()

    def status(self, path):
        return requests.get(self.address + path, timeout=10)


def test_it_goes_on_until_others_have_noticed_and_requests_are_answered():
    with Slow(5.0).running() as slow, concurrent.futures.ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow.status, "/slow")
        assert slow.began.wait(30)
        slow.server.handle_exit(signal.SIGTERM, None)
        assert slow.status("/readyz").status_code == 503
        assert slow.status("/other").text == "ready"
        slow.clock.now += 5.0
        time.sleep(0.3)
        assert slow.status("/readyz").status_code == 503  # It still listens, for one request is under way.
        refused = slow.status("/other")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert "about to end" in refused.json()["error"]
        assert refused.headers["Connection"] == "close"
        slow.go_on.set()
        assert late.result().text == "late"
        slow.thread.join(10)
        assert not slow.thread.is_alive()
        assert slow.server._captured_signals == [signal.SIGTERM]


def test_without_requests_it_ends_at_once():
    with Slow(0.0).running() as slow:
        slow.server.handle_exit(signal.SIGTERM, None)
        slow.thread.join(5)
        assert not slow.thread.is_alive()


@pytest.mark.parametrize("how", ["a second signal", "time"])
def test_requests_that_do_not_end_do_not_keep_it(how, monkeypatch):
    monkeypatch.setattr("can_tf.server.connections.DRAIN_SECONDS", 1)
    with Slow(3600.0).running() as slow, concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(slow.status, "/slow")
        assert slow.began.wait(30)
        slow.server.handle_exit(signal.SIGTERM, None)
        if how == "time":
            slow.clock.now += 3600.0 + DRAIN_SECONDS
        else:
            slow.server.handle_exit(signal.SIGINT, None)
        wait_until(lambda: slow.server.should_exit, seconds=10)
        slow.go_on.set()  # Threads cannot be ended; the process is, with them.
        slow.thread.join(20)
        assert not slow.thread.is_alive()


@pytest.mark.long
def test_the_command_drains_after_sigterm(exported, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    options = ["--port", "0", "--log-format", "json", "--drain-seconds", "2", "--root-path", "/emotions"]
    command = [sys.executable, "-m", "can_tf", "serve", "--model", str(tmp_path / "can"), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        lines = []
        while "Serving" not in (lines or [""])[-1]:
            lines.append(process.stderr.readline())
        address = json.loads(lines[-1])["message"].split()[4].partition("/v1/")[0]
        wait_until(lambda: is_up(address), seconds=60)
        assert requests.get(f"{address}/readyz", timeout=30).json() == {"ready": True, "versions": {"can": 1}}
        assert predict(address, {"instances": [INSTANCE]}, headers={"X-Request-Id": "mine"}).status_code == 200
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: requests.get(f"{address}/readyz", timeout=30).status_code == 503, seconds=10)
        assert predict(address, {"instances": [INSTANCE]}).status_code == 200
        assert requests.get(f"{address}/healthz", timeout=30).status_code == 200
        rest = process.stderr.read()
        assert process.wait(60) == -signal.SIGTERM
    records = [json.loads(line) for line in [*lines, *rest.splitlines()]]  # All of it is JSON.
    asked = [record for record in records if record["logger"] == "can_tf.access" and record["status"] == 200]
    assert [record["path"] for record in asked] == ["/emotions/v1/models/can:predict"] * 2
    assert asked[0]["request_id"] == "mine"


def is_up(address):
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"{address}/healthz", timeout=30).status_code == 200
    return False
