"""What stands before every answer of `can-tf serve`: bodies are bounded, and so are the requests at once."""

import contextlib
import dataclasses
import zlib
from collections.abc import AsyncIterator

import anyio
from starlette.requests import ClientDisconnect, Request

from can_tf.limits import MAX_BODY_MB, MAX_WORDS, REQUEST_SECONDS

_LONGEST_BODY_SECONDS = 120


@dataclasses.dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """What a request may ask for.

    Attributes:
        body_bytes: Of a body, also once unpacked from gzip.
        values: Numbers or strings in one input; also the length of one string.
        seconds: Of the wav files in a request together.
        words: In a request, padding included.
        at_once: Requests that run at once.
        waiting: Requests that wait for their turn; more are turned away.
    """

    body_bytes: int = MAX_BODY_MB * 2**20
    values: int = 20_000_000
    seconds: float = REQUEST_SECONDS
    words: int = MAX_WORDS
    at_once: int = 2
    waiting: int = 64


class HttpError(Exception):
    """A request that is refused, with its status."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Gate:
    """Lets requests in.

    Attributes:
        limits: What they may ask for.
        turns: RequestLimits the threads that work on them.
    """

    def __init__(self, limits: RequestLimits):
        self.limits, self.turns = limits, anyio.CapacityLimiter(limits.at_once)
        self._inside = 0  # Requests from the first byte of their body to their answer.

    @contextlib.asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Gives a request's body, and counts the request until it is answered.

        Raises:
            HttpError: Too many wait (503), or the body is too large (413), too slow (408), or not what its encoding
                says (400).
        """
        if self._inside >= self.limits.at_once + self.limits.waiting:
            raise HttpError(503, "Too many requests are waiting; try again later")
        self._inside += 1
        try:
            yield await self._read(request)
        finally:
            self._inside -= 1

    async def _read(self, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise HttpError(400, f"Content-Encoding {encoding!r} is not known; expected gzip or none")
        parts, size = [], 0
        try:
            with anyio.fail_after(_LONGEST_BODY_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > self.limits.body_bytes:
                        raise self._too_large()
                    parts.append(part)
        except TimeoutError:
            raise HttpError(408, f"The body did not come within {_LONGEST_BODY_SECONDS} s") from None
        except ClientDisconnect:
            raise HttpError(400, "The client went away") from None  # Which nobody reads.
        content = b"".join(parts)
        if encoding == "identity":
            return content
        return await anyio.to_thread.run_sync(self._unpacked, content, limiter=self.turns)

    def _unpacked(self, content: bytes) -> bytes:
        """Returns what gzip has packed, in one member or several."""
        parts, room = [], self.limits.body_bytes
        while content:
            unpacking = zlib.decompressobj(wbits=31)
            try:
                part = unpacking.decompress(content, room + 1)
            except zlib.error as error:
                raise HttpError(400, f"The body is not gzip ({error})") from error
            room -= len(part)
            if room < 0:
                raise self._too_large()
            if not unpacking.eof:
                raise HttpError(400, "The body is not gzip (it ends early)")
            parts.append(part)
            content = unpacking.unused_data
        return b"".join(parts)

    def _too_large(self) -> HttpError:
        return HttpError(
            413,
            f"The body is larger than {self.limits.body_bytes} bytes. Send less at once, or start the server with a "
            "larger --max-body-mb",
        )
