"""The server of `can-tf serve`: its connections are bounded in number, and end where a request does not come.

uvicorn waits for ever for the first request of a connection, and takes as many connections as there are: whoever opens
and keeps them, by accident or not, would take the server's file handles from all others.
"""

import asyncio
import contextlib
import logging
import math
import signal
import sys
import time
from collections.abc import Collection
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from can_tf.server.draining import DRAIN_SECONDS
from can_tf.server.observed import Observed

MOST_CONNECTIONS = 1_000
HEADER_SECONDS = 10.0  # From the first byte of a request, or the start of a connection, to the end of its headers.
_SPARE_FILES = 64  # For all that is no connection.
_QUIET_SECONDS = 60.0

_Protocol: Any = AutoHTTPProtocol


class BoundedConnection(_Protocol):
    """uvicorn's connection, which ends if the headers of a request do not arrive.

    Of too many connections, the one ends that has waited longest without a request; the newest, if all have one.
    """

    most = MOST_CONNECTIONS
    header_seconds = HEADER_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _idle_since = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._wait()
        if len(self.connections) > self.most:
            idle = (connection for connection in self.connections if connection._is_idle())
            longest = min(idle, key=lambda connection: connection._idle_since)  # This one is among them.
            longest.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._wait()
        super().data_received(data)
        if self._in_request():
            self._end_wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._idle_since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def _in_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_idle(self) -> bool:
        """Tells whether nothing of a request, and nothing of an answer to it, is under way."""
        return not self._in_request() and not self.transport.get_write_buffer_size()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.header_seconds, self._too_late)

    def _end_wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if not self._in_request():
            self.transport.close()


class Seldom(logging.Filter):
    """Lets a message through once a minute: what somebody brings about at will must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[Any, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        self._last = {message: then for message, then in self._last.items() if now - then < _QUIET_SECONDS}
        if record.msg in self._last:
            return False
        self._last[record.msg] = now
        return True


_SELDOM = Seldom()


def most_connections() -> int:
    """Returns how many connections this process can have, after raising its limit of open files as far as it may."""
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    import resource

    unlimited = resource.RLIM_INFINITY
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _SPARE_FILES
    if soft != unlimited and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == unlimited else min(wanted, hard), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == unlimited else max(1, min(MOST_CONNECTIONS, soft - _SPARE_FILES))


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which goes on listening after SIGTERM until the requests under way are answered.

    So probes learn that it is not ready, and load balancers have time to send requests elsewhere. Ctrl-C, or a second
    SIGTERM, ends it without that.
    """

    def __init__(self, config: uvicorn.Config, app: Observed):
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and not self._app.draining.is_on:
            self._captured_signals.append(sig)
            self._app.draining.begin()
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        draining = self._app.draining
        if draining.is_closed and (not self._app.metrics.under_way or draining.seconds_left <= 0):
            self.config.timeout_graceful_shutdown = max(1, math.ceil(draining.seconds_left))
            self.should_exit = True
        return await super().on_tick(counter)


def server_of(app: Observed, *, proxies: Collection[str] = ()) -> uvicorn.Server:
    """Returns what serves an application, on sockets that its `run` is given.

    Args:
        app: From `can_tf.server.rest.create_app`.
        proxies: Addresses or networks whose word is taken for who asks (X-Forwarded-For).
    """
    BoundedConnection.most = most_connections()
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(_SELDOM)
    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        server_header=False,
        timeout_graceful_shutdown=math.ceil(DRAIN_SECONDS),
    )
    return DrainingServer(config, app)
