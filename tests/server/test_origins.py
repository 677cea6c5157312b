"""Whose pages may ask the server, and under which names."""

import json
import socket
from types import SimpleNamespace

import anyio
import pytest
import requests
from starlette.responses import PlainTextResponse

from can_tf.cli.commands.serve import listening_socket, serve_command
from can_tf.errors import ConfigError
from can_tf.server.origins import OwnPagesOnly, hosts_of
from tests.running import running

HERE, ANYWHERE, PROXY = hosts_of("127.0.0.1", []), hosts_of("0.0.0.0", []), hosts_of("0.0.0.0", ["emotion.example"])


def asked(hosts, headers):
    """Returns the status and the body of what a request with these headers gets."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("nothing of the body is read")

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/models/can:predict", "headers": raw}
    anyio.run(OwnPagesOnly(PlainTextResponse("an answer"), hosts), scope, receive, send)
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.mark.parametrize(
    "hosts, headers",
    [
        (HERE, {"host": "127.0.0.1:8501"}),
        (HERE, {"host": "localhost:8501"}),
        (HERE, {"host": "LOCALHOST.:8501"}),
        (HERE, {"host": "[::1]:8501"}),
        (HERE, {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}),
        (ANYWHERE, {"host": "10.0.0.7:8501"}),
        (ANYWHERE, {"host": "emotion.example", "origin": "https://emotion.example"}),
        (ANYWHERE, {}),  # HTTP/1.0.
        (PROXY, {"host": "emotion.example"}),
        (PROXY, {"host": "localhost:8501", "origin": "https://emotion.example"}),
    ],
)
def test_clients_and_own_pages_are_answered(hosts, headers):
    assert asked(hosts, headers) == (200, "an answer")


@pytest.mark.parametrize(
    "hosts, headers, reason",
    [
        # A name that its owner lets point to this machine.
        (HERE, {"host": "evil.example:8501"}, "--allow-host evil.example"),
        (HERE, {"host": "evil.example:8501", "origin": "http://evil.example:8501"}, "not asked as evil.example:8501"),
        (HERE, {"host": "127.0.0.1.evil.example"}, "--allow-host 127.0.0.1.evil.example"),
        (HERE, {"host": "[::1:8501"}, "not asked as"),
        (HERE, {}, "not asked as"),
        # A page elsewhere, which may send simple requests without being asked.
        (HERE, {"host": "127.0.0.1:8501", "origin": "https://evil.example"}, "Pages of https://evil.example may not"),
        (HERE, {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:3000"}, "Pages of http://127.0.0.1:3000 may not"),
        (HERE, {"host": "127.0.0.1:8501", "origin": "null"}, "Pages of null may not"),
        (ANYWHERE, {"host": "10.0.0.7:8501", "origin": "https://evil.example"}, "Pages of https://evil.example may"),
        (PROXY, {"host": "other.example"}, "not asked as other.example"),
    ],
)
def test_other_names_and_pages_of_other_sites_are_refused(hosts, headers, reason):
    status, body = asked(hosts, headers)
    assert status == 403
    assert reason in json.loads(body)["error"]


def test_a_server_asks_who_asks(monkeypatch, tmp_path):
    """The command gives the application the names of its address, and the application looks at every request."""
    versions = SimpleNamespace(name="can", current=SimpleNamespace(number=1), status=list, refresh=bool)
    answers = {}

    class Server:
        def __init__(self, app):
            self.app = app

        def run(self, sockets):
            with running(self.app) as address:
                for name, headers in HEADERS.items():
                    answers[name] = requests.get(f"{address}/v1/none", headers=headers, timeout=10).status_code

    monkeypatch.setattr("can_tf.server.versions.Versions", lambda *_: versions)
    monkeypatch.setattr("can_tf.server.connections.server_of", Server)
    serve_command.main(["--model", str(tmp_path), "--port", "0"], standalone_mode=False)
    assert answers == {"own": 400, "another name": 403, "another site": 403}  # 400: it is heard, and asks nonsense.


HEADERS = {
    "own": {},
    "another name": {"Host": "evil.example"},
    "another site": {"Origin": "https://evil.example"},
}


def test_answers_are_not_delayed():
    with listening_socket("127.0.0.1", 0) as listening:
        listening.listen()
        assert listening.proto == socket.IPPROTO_TCP  # By which asyncio knows that it may set TCP_NODELAY.
        with pytest.raises(ConfigError, match="cannot listen at 127.0.0.1:.*Give another --port or --host"):
            listening_socket("127.0.0.1", listening.getsockname()[1])
