"""What surrounds every answer of `can-tf serve`: a request's id, its line in the log, and its place in the metrics."""

import contextlib
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from can_tf.server.addresses import endpoint_of, is_operation, without_root
from can_tf.server.draining import Draining
from can_tf.server.logs import REQUEST_ID
from can_tf.server.metrics import Metrics
from can_tf.server.replies import refusal

_ID_HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")  # Of those that clients and proxies may give.
_LONGEST_PATH = 300  # In the log.
_GIVEN_UP = 499  # nginx's number for a request that nobody answered: its client went away, or the server ended.
_LOG = logging.getLogger("can_tf.access")


class Observed:
    """Gives requests an id, counts them, logs them, and lets no more in once the server is about to end.

    Args:
        app: What answers.
        metrics: Where they are counted.
        draining: How far the server's end is.
        pages: Names of addresses for metrics.
        root_path: Under which a proxy serves the application, "" if it is none.

    Attributes:
        metrics, draining: The same.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, draining: Draining, pages: Mapping[str, str], root_path: str):
        self._app, self.metrics, self.draining = app, metrics, draining
        self._pages, self._root_path = pages, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "path": without_root(scope["path"], self._root_path)}
        answer = _Answer(send, request_id(Headers(scope=scope).get(_ID_HEADER, "")))
        REQUEST_ID.set(answer.request_id)
        under_way = contextlib.nullcontext() if is_operation(inner["path"]) else self.metrics.counting()
        started = time.perf_counter()
        try:
            with under_way:
                await self._answering(inner)(inner, receive, answer.send)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.answered(
                endpoint_of(scope["method"], inner["path"], self._pages), answer.status, seconds=seconds
            )
            _log(scope, answer, seconds, is_probe=is_operation(inner["path"]))

    def _answering(self, scope: Scope) -> ASGIApp:
        if self._root_path and scope["path"] == self._root_path:  # The page's own addresses are relative to a slash.
            return RedirectResponse(f"{self._root_path}/", 308)
        if self.draining.is_closed and not is_operation(scope["path"]):
            return _ending()
        return self._app


def _ending() -> Response:
    response = refusal("This server is about to end; ask another, or try again later", 503)
    response.headers["Connection"] = "close"
    return response


class _Answer:
    """An answer as it is sent, with its status, its size and its request's id.

    Attributes:
        request_id: What it says in its header.
        status: Of HTTP.
        size: Bytes of its body so far.
    """

    def __init__(self, send: Send, identity: str):
        self._send, self.request_id, self.status, self.size = send, identity, _GIVEN_UP, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[_ID_HEADER] = self.request_id
            await self._send(message)
            self.status = message["status"]
        else:
            await self._send(message)
            self.size += len(message.get("body", b""))


def request_id(given: str) -> str:
    """Returns the id that a request came with, or a new one where that is none, too long, or not plain.

    Example:
        >>> request_id("edge-7:42"), len(request_id("a\\x1b[2J"))
        ('edge-7:42', 32)
    """
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def _log(scope: Scope, answer: _Answer, seconds: float, *, is_probe: bool) -> None:
    """Writes a line of the access log. Probes come every few seconds, and those that are well are for debugging."""
    level = logging.DEBUG if is_probe and answer.status < 400 else logging.INFO
    if not _LOG.isEnabledFor(level):
        return
    entry: dict[str, Any] = {
        "client": (scope.get("client") or ("",))[0],
        "method": scope["method"],
        "path": _shown_path(scope),
        "status": answer.status,
        "bytes": answer.size,
        "seconds": round(seconds, 6),
    }
    # In ASCII, and escaped: nothing that a client sends begins a line or talks to a terminal.
    _LOG.log(
        level,
        '%s "%s %s" %d %d bytes %.4f s',
        *(ascii(str(entry[name]))[1:-1] for name in ("client", "method", "path")),
        answer.status,
        answer.size,
        seconds,
        extra={"entry": entry},
    )


def _shown_path(scope: Scope) -> str:
    """Returns the path as it was sent, without what stands behind a question mark: that may be a secret."""
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}..."
