"""Clients that keep a server busy without asking it anything."""

import contextlib
import http.client
import logging
import socket
import time
from urllib.parse import urlsplit

import anyio
import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from can_tf.server.connections import BoundedConnection, Seldom, most_connections
from can_tf.server.draining import Draining
from can_tf.server.gate import Gate, HttpError, RequestLimits
from can_tf.server.observed import Observed
from tests.running import running

SOON = 0.4


@contextlib.contextmanager
def echoing(gate=None):
    """Gives the address of a server that answers a body with its length, through a gate."""
    gate = gate or Gate(RequestLimits(at_once=1, waiting=2))

    async def answer(request):
        try:
            async with gate.body(request) as content:
                return PlainTextResponse(str(len(content)))
        except HttpError as error:
            return PlainTextResponse(str(error), error.status)

    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    with running(Observed(app, gate.metrics, Draining(), {}, "")) as address:
        yield address


def connected(address):
    found = urlsplit(address)
    return socket.create_connection((found.hostname, found.port), timeout=10)


def is_closed(connection):
    """Tells whether the other side closes a connection, within ten seconds."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def whole_answer(connection):
    """Returns the body of an answer, which may come in parts."""
    with http.client.HTTPResponse(connection) as response:
        response.begin()
        return response.read()


HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx"


def test_bodies_that_do_not_come_keep_nobody_out():
    with echoing() as address, contextlib.ExitStack() as stack:
        for _ in range(80):
            stack.enter_context(connected(address)).sendall(HALF_A_BODY)
        time.sleep(SOON)
        assert requests.post(address, data=b"hello", timeout=10).text == "5"


def test_a_body_that_pauses_is_given_up(monkeypatch):
    monkeypatch.setattr("can_tf.server.gate._LONGEST_PAUSE_SECONDS", SOON)
    with echoing() as address, connected(address) as slow:
        slow.sendall(HALF_A_BODY)
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_never_pauses_is_given_up_all_the_same(monkeypatch):
    monkeypatch.setattr("can_tf.server.gate._LONGEST_BODY_SECONDS", SOON)
    with echoing() as address, connected(address) as slow:
        slow.sendall(HALF_A_BODY)
        answer = b""
        with contextlib.suppress(OSError):
            for _ in range(100):
                slow.sendall(b"x")
                time.sleep(SOON / 10)
        with contextlib.suppress(OSError):
            answer = slow.recv(1000)
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_bodies_that_arrive_together_are_bounded(monkeypatch):
    monkeypatch.setattr("can_tf.server.gate._BODIES_AT_ONCE", 1)
    monkeypatch.setattr("can_tf.server.gate._SMALL_BODY_BYTES", 500)
    with echoing(Gate(RequestLimits(body_bytes=1_000))) as address, connected(address) as slow:
        slow.sendall(HALF_A_BODY + bytes(600))
        time.sleep(SOON)
        assert requests.post(address, data=bytes(600), timeout=10).status_code == 503
        assert requests.post(address, data=bytes(500), timeout=10).text == "500"  # Small ones always get in.
        slow.sendall(bytes(399))
        assert slow.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert requests.post(address, data=bytes(600), timeout=10).text == "600"


@pytest.mark.parametrize("sent", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_connection_without_a_request_ends(monkeypatch, sent):
    monkeypatch.setattr(BoundedConnection, "header_seconds", SOON)
    with echoing() as address, connected(address) as connection:
        connection.sendall(sent)
        assert is_closed(connection)


def test_headers_that_trickle_end_the_connection(monkeypatch):
    monkeypatch.setattr(BoundedConnection, "header_seconds", SOON)
    with echoing() as address, connected(address) as connection, contextlib.suppress(OSError):
        connection.sendall(b"POST / HTTP/1.1\r\nX: ")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(SOON / 10)
        pytest.fail("it goes on")


def test_a_connection_that_is_used_goes_on(monkeypatch):
    monkeypatch.setattr(BoundedConnection, "header_seconds", SOON)
    with echoing() as address, requests.Session() as session, connected(address) as slow:
        slow.sendall(HALF_A_BODY)
        for count in range(8):
            assert session.post(address, data=bytes(count), timeout=10).text == str(count)
            time.sleep(SOON / 4)
        assert len(session.get_adapter(address).poolmanager.pools) == 1
        slow.sendall(bytes(999))  # A body may take longer than headers.
        assert slow.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_connections_that_ask_nothing_make_room_for_those_that_do(monkeypatch):
    monkeypatch.setattr("can_tf.server.connections.MOST_CONNECTIONS", 10)
    with echoing() as address, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connected(address)) for _ in range(10)]
        for connection in silent:
            connection.sendall(b"P")
            time.sleep(SOON / 10)
        for count in range(3):
            assert requests.post(address, data=bytes(count), timeout=10).text == str(count)
        assert is_closed(silent[0])


def test_a_connection_waits_from_the_end_of_its_last_answer(monkeypatch):
    monkeypatch.setattr("can_tf.server.connections.MOST_CONNECTIONS", 2)
    with echoing() as address, connected(address) as answered, connected(address) as silent:
        answered.sendall(HALF_A_BODY)
        time.sleep(SOON)
        silent.sendall(b"P")
        answered.sendall(bytes(999))  # Asked first, answered last.
        assert whole_answer(answered) == b"1000"
        assert requests.post(address, data=b"hello", timeout=10).text == "5"
        assert is_closed(silent)
        answered.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        assert whole_answer(answered) == b"0"


def test_connections_beyond_the_most_end_at_once_if_all_others_are_in_use(monkeypatch):
    monkeypatch.setattr("can_tf.server.connections.MOST_CONNECTIONS", 3)
    with echoing() as address, contextlib.ExitStack() as stack:
        used = [stack.enter_context(connected(address)) for _ in range(3)]
        for connection in used:
            connection.sendall(HALF_A_BODY)
        time.sleep(SOON)
        with connected(address) as one_more:
            assert is_closed(one_more)
        used[0].sendall(bytes(999))
        assert used[0].recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_does_not_come_does_not_keep_the_server_from_its_end(monkeypatch):
    monkeypatch.setattr("can_tf.server.connections.DRAIN_SECONDS", 1)
    monkeypatch.setattr("can_tf.server.gate._LONGEST_PAUSE_SECONDS", 60)
    with contextlib.ExitStack() as stack:
        with echoing() as address:
            stack.enter_context(connected(address)).sendall(HALF_A_BODY)
            time.sleep(SOON)
            asked = time.monotonic()
        assert time.monotonic() - asked < 5  # `running` waits for the server's end.


def test_a_client_that_says_nothing_costs_no_turn():
    gate = Gate(RequestLimits(at_once=1, waiting=0))

    async def ask():
        class Silent:
            async def stream(self):
                await anyio.sleep_forever()
                yield b""

        with anyio.move_on_after(SOON):
            async with gate.body(Silent()):  # type: ignore[arg-type]
                pytest.fail("it has no body")
        return gate.inside, gate._arriving

    assert anyio.run(ask) == (0, 0)


def test_a_message_is_told_once_a_minute():
    seldom = Seldom()

    def record(message):
        return logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, message, (), None)

    assert [seldom.filter(record(message)) for message in ("no", "no", "other", "no")] == [True, False, True, False]


def test_messages_that_are_a_minute_old_are_forgotten(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("can_tf.server.connections.time.monotonic", lambda: now[0])
    seldom = Seldom()
    for number in range(1_000):
        now[0] += 1.0
        assert seldom.filter(logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, f"no {number}", (), None))
    assert len(seldom._last) == 60
    assert not seldom.filter(logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, "no 999", (), None))
    assert seldom.filter(logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, "no 900", (), None))


def test_there_are_never_more_connections_than_files():
    assert 1 <= most_connections() <= 1_000
