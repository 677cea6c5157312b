"""What stands before every answer of `can-tf serve`: bodies are bounded, and so are the requests at once."""

import dataclasses
import zlib
from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.requests import Request

from can_tf.limits import MAX_BODY_MB, MAX_WORDS, REQUEST_SECONDS

Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
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
    """Lets requests in."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self._turns = anyio.CapacityLimiter(limits.at_once)
        self._inside = 0  # Requests from the first byte of their body to their answer.

    async def answer(self, request: Request, work: Callable[[bytes], Answer]) -> Answer:
        """Returns what `work` makes of a request's body, in a thread, when it is the request's turn.

        Raises:
            HttpError: Too many wait (503), or the body is too large (413) or not what its encoding says (400).
        """
        if self._inside >= self.limits.at_once + self.limits.waiting:
            raise HttpError(503, "Too many requests are waiting; try again later")
        self._inside += 1
        try:
            content = await self._body(request)
            return await anyio.to_thread.run_sync(work, content, limiter=self._turns)
        finally:
            self._inside -= 1

    async def _body(self, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise HttpError(400, f"Content-Encoding {encoding!r} is not known; expected gzip or none")
        too_large = HttpError(
            413,
            f"The body is larger than {self.limits.body_bytes} bytes. Send fewer utterances at once, or start the "
            "server with a larger --max-body-mb",
        )
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self.limits.body_bytes:
                raise too_large
            parts.append(part)
        content = b"".join(parts)
        if encoding == "identity":
            return content
        unpacking = zlib.decompressobj(wbits=31)
        try:
            unpacked = unpacking.decompress(content, self.limits.body_bytes + 1)
        except zlib.error as error:
            raise HttpError(400, f"The body is not gzip ({error})") from error
        if len(unpacked) > self.limits.body_bytes:
            raise too_large
        return unpacked
