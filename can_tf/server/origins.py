"""Keeps pages of other sites from asking this server through the browser of somebody who visits them.

A page anywhere can send requests to a server on the visitor's own machine: straight away, if they are simple ones (CORS
asks first only for others), or as a page of that server, if it lets its own name point there (DNS rebinding). Browsers
give away the first by the header Origin and the second by Host.

Probes and Prometheus ask a server under its address, whatever its name. An address cannot be made to point elsewhere.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from can_tf.errors import ConfigError
from can_tf.server.addresses import is_operation

_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")


class OwnPagesOnly:
    """Refuses, with status 403, what is asked under another name than the server's, or by a page of another site.

    Args:
        app: What answers the others.
        hosts: Names and addresses, without port, that this server is asked under; None for any.
        origins: Of pages that may ask it all the same.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, origins: Collection[str] = ()):
        self._app, self._hosts, self._origins = app, hosts, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault(scope["path"], Headers(scope=scope)) if scope["type"] == "http" else None
        answer = self._app if fault is None else JSONResponse({"error": fault}, 403)
        await answer(scope, receive, send)

    def _fault(self, path: str, headers: Headers) -> str | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        name = _name_in(f"//{host}")
        if not self._is_own(name) and not (is_operation(path) and _is_address(name)):
            return f"This server is not asked as {host}. If that is its name, start it with --allow-host {name}"
        if origin is None or origin in self._origins or urlsplit(origin).netloc.lower() == host.lower():
            return None
        asking = _name_in(origin)
        if self._hosts is not None and asking in self._hosts:  # A proxy asks under a name of its own.
            return None
        return f"Pages of {origin} may not ask this server. If that is its name, start it with --allow-host {asking}"

    def _is_own(self, name: str) -> bool:
        return self._hosts is None or name in self._hosts or is_loopback(name)


def hosts_of(host: str, allowed: Collection[str]) -> Collection[str] | None:
    """Returns the names that a server is asked under, besides those of its own machine; None for any.

    Args:
        host: The address that it listens at. One that other machines reach may have any name.
        allowed: Further names.

    Example:
        >>> sorted(hosts_of("127.0.0.1", ["Emotion.Example"]))
        ['emotion.example']
        >>> hosts_of("0.0.0.0", []) is None
        True
    """
    if is_loopback(host):
        return {name.lower().rstrip(".") for name in allowed}
    return {name.lower().rstrip(".") for name in (*allowed, host)} if allowed else None


def checked_origins(origins: Collection[str]) -> list[str]:
    """Returns origins as browsers write them.

    Raises:
        ConfigError: One is none, or stands for all.

    Example:
        >>> checked_origins(["https://App.example/"])
        ['https://app.example']
    """
    return [_checked_origin(origin) for origin in origins]


def _checked_origin(origin: str) -> str:
    plain = origin.strip().lower().removesuffix("/")
    if not _ORIGIN.fullmatch(plain):
        raise ConfigError(f"--allow-origin {origin}: expected one site, such as https://app.example, without a path")
    return plain


def is_loopback(name: str) -> bool:
    """Tells whether a name or an address is this machine's, to itself."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_in(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:  # Brackets that enclose no address.
        return ""
