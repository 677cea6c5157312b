"""Keeps pages of other sites from asking this server through the browser of somebody who visits them.

A page anywhere can send requests to a server on the visitor's own machine: straight away, if they are simple ones (CORS
asks first only for others), or as a page of that server, if it lets its own name point there (DNS rebinding). Browsers
give away the first by the header Origin and the second by Host.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OwnPagesOnly:
    """Refuses, with status 403, what is asked under another name than the server's, or by a page of another site.

    Args:
        app: What answers the others.
        hosts: Names and addresses, without port, that this server is asked under; None for any.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None):
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault(Headers(scope=scope)) if scope["type"] == "http" else None
        answer = self._app if fault is None else JSONResponse({"error": fault}, 403)
        await answer(scope, receive, send)

    def _fault(self, headers: Headers) -> str | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        name = _name_in(f"//{host}")
        if self._hosts is not None and name not in self._hosts and not is_loopback(name):
            return f"This server is not asked as {host}. If that is its name, start it with --allow-host {name}"
        if origin is None or urlsplit(origin).netloc.lower() == host.lower():
            return None
        asking = _name_in(origin)
        if self._hosts is not None and asking in self._hosts:  # A proxy asks under a name of its own.
            return None
        return f"Pages of {origin} may not ask this server. If that is its name, start it with --allow-host {asking}"


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


def is_loopback(name: str) -> bool:
    """Tells whether a name or an address is this machine's, to itself."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name_in(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:  # Brackets that enclose no address.
        return ""
