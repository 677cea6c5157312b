"""Ids of requests, lines of the log, and addresses under a root path."""

import json
import logging
import re
import socket
from urllib.parse import urlsplit

import anyio
import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from can_tf.server.draining import Draining
from can_tf.server.logs import FORMATS, REQUEST_ID, logging_to_stderr
from can_tf.server.metrics import Metrics
from can_tf.server.observed import Observed, request_id
from tests.conftest import wait_until
from tests.running import running
from tests.server.scraped import samples_in, series

NEW_ID = re.compile(r"[0-9a-f]{32}")


async def _hello(request):
    return PlainTextResponse("hello")


async def _broken(request):
    raise RuntimeError("boom")


def observed(metrics=None, root_path="", draining=None):
    routes = [Route("/", _hello), Route("/broken", _broken), Route("/healthz", _hello), Route("/metrics", _hello)]
    return Observed(Starlette(routes=routes), metrics or Metrics(), draining or Draining(), {"/": "page"}, root_path)


@pytest.fixture(scope="module")
def server():
    metrics = Metrics()
    with running(observed(metrics, "/emotions")) as address:
        yield address, metrics


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG, "can_tf.access")
    return caplog


def entries(log, count=1):
    """Returns what stands in the lines, which are written after the answers, in the server's thread."""

    def found():
        return [record.entry for record in log.records if record.name == "can_tf.access"]

    wait_until(lambda: len(found()) >= count, seconds=10)
    return found()


def test_an_id_is_taken_over_and_given_back(server):
    address, _ = server
    for given in ("edge-7", "550e8400-e29b-41d4-a716-446655440000", "a" * 128, "Root=1-67891233:x/y+z@h"):
        assert requests.get(address, headers={"X-Request-Id": given}, timeout=10).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "two words", 'quote"', "caf\xe9", "tab\there", "a;b", "<script>"])
def test_an_id_that_is_none_is_replaced(server, given):
    address, _ = server
    headers = {"X-Request-Id": given.encode("latin-1")} if given else {}
    answer = requests.get(address, headers=headers, timeout=10)
    assert NEW_ID.fullmatch(answer.headers["X-Request-Id"])
    assert answer.headers["X-Request-Id"] != request_id("")  # Each has its own.


def test_answers_to_errors_have_an_id_too(server):
    address, metrics = server
    answer = requests.get(f"{address}/broken", headers={"X-Request-Id": "mine"}, timeout=10)
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (500, "mine")
    assert requests.get(f"{address}/none", headers={"X-Request-Id": "my"}, timeout=10).headers["X-Request-Id"] == "my"
    counts = {series("can_tf_requests_total", endpoint="other", status=status): 1.0 for status in ("500", "404")}
    wait_until(lambda: counts.items() <= samples_in(metrics.text().decode()).items(), seconds=10)


def test_a_line_says_who_asked_what_and_what_became_of_it(server, log):
    address, _ = server
    requests.get(f"{address}/?token=secret", timeout=10)
    [entry] = entries(log)
    assert 0 < entry.pop("seconds") < 10
    assert entry == {"client": "127.0.0.1", "method": "GET", "path": "/", "status": 200, "bytes": 5}
    assert re.fullmatch(r'127\.0\.0\.1 "GET /" 200 5 bytes \d\.\d{4} s', log.messages[0])


def test_probes_that_are_answered_well_are_for_debugging(server, log):
    address, _ = server
    for path in ("/healthz", "/emotions/healthz", "/metrics", "/", "/readyz"):  # The last is none of this application.
        requests.get(f"{address}{path}", timeout=10)
    assert len(entries(log, 5)) == 5
    levels = [record.levelname for record in log.records if record.name == "can_tf.access"]
    assert levels == ["DEBUG", "DEBUG", "DEBUG", "INFO", "INFO"]
    log.clear()
    log.set_level(logging.INFO, "can_tf.access")
    requests.get(f"{address}/healthz", timeout=10)
    requests.get(f"{address}/", timeout=10)
    assert [entry["path"] for entry in entries(log)] == ["/"]


def sent_raw(address, target):
    """Asks for a target that no client would write; returns the status."""
    found = urlsplit(address)
    with socket.create_connection((found.hostname, found.port), timeout=10) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return int(connection.recv(1000).split()[1])


def test_what_a_client_sends_begins_no_line_and_talks_to_no_terminal(server, log):
    address, _ = server
    assert sent_raw(address, b"/%0a%1b[2J%22%20200") == 404
    assert [entry["path"] for entry in entries(log)] == ["/%0a%1b[2J%22%20200"]
    for odd in (b"/\x1b[2J", b"/\x7f", b"/\xe9"):
        assert sent_raw(address, odd) == 400  # Of uvicorn, before anything is logged.
    assert all(line.isascii() and line.isprintable() for line in log.messages)


def test_names_and_addresses_of_clients_are_escaped(log):
    async def ask():
        scope = {"type": "http", "method": "G\x1b", "path": "/a\nb", "headers": [], "client": ("\x1b[2J", 1)}

        async def send(message):
            pass

        await observed()({**scope, "query_string": b"", "root_path": ""}, None, send)

    anyio.run(ask)
    assert r'\x1b[2J "G\x1b /a\nb" 404' in log.text
    assert all(character not in log.messages[0] for character in "\n\x1b")


def test_long_paths_are_cut(server, log):
    address, _ = server
    requests.get(f"{address}/{'x' * 5_000}", timeout=10)
    assert len(entries(log)[0]["path"]) == 303


@pytest.mark.parametrize("form", FORMATS)
def test_a_record_is_one_line_with_its_id(form, capsys):
    with logging_to_stderr("info", form):
        REQUEST_ID.set("id-1")
        logging.getLogger("can_tf.access").info("two\nlines \x1b[2J", extra={"entry": {"status": 200}})
        logging.getLogger("can_tf.server").debug("not shown")
        logging.getLogger("other").warning("from a library")
        REQUEST_ID.set(None)
    first, second = capsys.readouterr().err.splitlines()
    if form == "json":
        record = json.loads(first)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("time"))
        about = {"level": "info", "logger": "can_tf.access", "message": "two lines \x1b[2J"}
        assert record == {**about, "request_id": "id-1", "status": 200}
        assert "\x1b" not in first
        assert json.loads(second)["message"] == "from a library"
    else:
        assert re.fullmatch(r"\S+Z INFO two lines \\x1b\[2J request=id-1", first)
        assert second.endswith("WARNING from a library request=id-1")


def test_a_traceback_stays_within_its_record(capsys):
    with logging_to_stderr("info", "json"):
        try:
            raise RuntimeError("boom")
        except RuntimeError:
            logging.getLogger("can_tf").exception("it broke")
    [line] = capsys.readouterr().err.splitlines()
    assert "RuntimeError: boom" in json.loads(line)["exception"]


def test_addresses_are_answered_with_the_root_path_and_without(server):
    address, _ = server
    for path in ("/", "/emotions/"):
        assert requests.get(f"{address}{path}", timeout=10).text == "hello"
    moved = requests.get(f"{address}/emotions", timeout=10, allow_redirects=False)
    assert (moved.status_code, moved.headers["Location"]) == (308, "/emotions/")
    assert requests.get(f"{address}/emotionsx/", timeout=10).status_code == 404
    assert requests.get(f"{address}/emotions/emotions/", timeout=10).status_code == 404


def test_odd_requests_do_not_become_ever_more_series():
    metrics = Metrics()
    app = observed(metrics)

    async def ask(number):
        async def send(message):
            pass

        headers = [(b"x-request-id", f"id-{number}".encode()), (b"host", f"h{number}".encode())]
        about = {"method": f"M{number}", "path": f"/{number}", "headers": headers, "client": (f"10.0.0.{number}", 1)}
        await app({"type": "http", "query_string": b"", "root_path": "", **about}, None, send)

    async def ask_all(numbers):
        for number in numbers:
            await ask(number)

    anyio.run(ask_all, range(10))
    before = samples_in(metrics.text().decode())
    anyio.run(ask_all, range(10, 1_000))
    after = samples_in(metrics.text().decode())
    assert after.keys() == before.keys()
    assert after[series("can_tf_requests_total", endpoint="other", status="404")] == 1_000
