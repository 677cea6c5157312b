"""Whose pages may ask the server, and under which names."""

import json
import socket
from types import SimpleNamespace

import anyio
import pytest
import requests
from starlette.responses import PlainTextResponse

from can_tf.cli.commands.serve import serve_command
from can_tf.errors import ConfigError
from can_tf.server.draining import Draining
from can_tf.server.metrics import Metrics
from can_tf.server.observed import Observed
from can_tf.server.origins import OwnPagesOnly, hosts_of
from can_tf.server.rest import create_app
from can_tf.server.serving import listening_socket
from tests.running import running

HERE, ANYWHERE, PROXY = hosts_of("127.0.0.1", []), hosts_of("0.0.0.0", []), hosts_of("0.0.0.0", ["emotion.example"])


def asked(hosts, headers, path="/v1/models/can:predict", origins=()):
    """Returns the status and the body of what a request with these headers gets."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("nothing of the body is read")

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw}
    anyio.run(OwnPagesOnly(PlainTextResponse("an answer"), hosts, origins), scope, receive, send)
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


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/monitoring/prometheus/metrics"])
def test_probes_and_prometheus_ask_under_an_address_and_no_other_name(path):
    for host in ("10.0.0.7:8501", "10.0.0.7", "[fd00::7]:8501"):
        assert asked(PROXY, {"host": host}, path)[0] == 200
        assert asked(PROXY, {"host": host})[0] == 403
        assert asked(PROXY, {"host": host, "origin": "https://evil.example"}, path)[0] == 403
    for host in ("evil.example:8501", "10.0.0.7.evil.example", ""):
        assert asked(PROXY, {"host": host}, path)[0] == 403
        assert asked(HERE, {"host": host}, path)[0] == 403


def test_pages_of_an_origin_that_is_allowed_may_ask():
    origins = ["https://app.example"]
    assert asked(HERE, {"host": "localhost:8501", "origin": "https://app.example"}, origins=origins)[0] == 200
    for origin in ("http://app.example", "https://app.example:8443", "https://app.example.evil.example", "null"):
        assert asked(HERE, {"host": "localhost:8501", "origin": origin}, origins=origins)[0] == 403


@pytest.mark.parametrize("origins", [[], ["https://app.example"]])
def test_cors_is_off_unless_it_is_asked_for(origins):
    rows, current = [{"version": "1"}], SimpleNamespace(number=1)
    versions = SimpleNamespace(name="can", current=current, status=lambda: rows, refresh=bool, loads={})
    headers = {"Origin": "https://app.example"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "Content-Type"}
    with running(create_app(versions, hosts=HERE, origins=origins)) as address:
        answer = requests.get(f"{address}/v1/models/can", headers=headers, timeout=10)
        before = requests.options(f"{address}/v1/models/can:predict", headers={**headers, **asks}, timeout=10)
        stranger = requests.get(f"{address}/v1/models/can", headers={"Origin": "https://evil.example"}, timeout=10)
        own = requests.get(f"{address}/v1/models/can", timeout=10)
    assert stranger.status_code == 403
    shared = [each.headers.get("Access-Control-Allow-Origin") for each in (answer, before, stranger, own)]
    if origins:
        assert (answer.status_code, before.status_code) == (200, 200)
        assert shared == ["https://app.example", "https://app.example", None, None]
        assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]
        assert "POST" in before.headers["Access-Control-Allow-Methods"]
    else:
        assert (answer.status_code, before.status_code, shared) == (403, 403, [None] * 4)


def test_a_proxy_that_is_trusted_says_who_asks(caplog):
    app = Observed(PlainTextResponse("an answer"), Metrics(), Draining(), {}, "")
    caplog.set_level("INFO", "can_tf.access")
    for proxies, client in (((), "127.0.0.1"), (("127.0.0.0/8",), "192.0.2.7")):
        caplog.clear()
        with running(app, proxies=proxies) as address:
            requests.get(address, headers={"X-Forwarded-For": "192.0.2.7"}, timeout=10)
        assert [record.entry["client"] for record in caplog.records] == [client]


def test_a_server_asks_who_asks(monkeypatch, tmp_path):
    """The command gives the application the names of its address, and the application looks at every request."""
    versions = SimpleNamespace(name="can", current=SimpleNamespace(number=1), status=list, refresh=bool, loads={})
    answers = {}

    class Server:
        def __init__(self, app, proxies):
            self.app = app

        def run(self, sockets):
            with running(self.app) as address:
                for name, headers in HEADERS.items():
                    answers[name] = requests.get(f"{address}/v1/none", headers=headers, timeout=10).status_code

    monkeypatch.setattr("can_tf.server.serving.Versions", lambda *_: versions)
    monkeypatch.setattr("can_tf.server.serving.server_of", Server)
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
