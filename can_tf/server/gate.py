"""What stands before every answer of `can-tf serve`: bodies are bounded, and so are the requests at once."""

import contextlib
import dataclasses
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

from can_tf.limits import ANSWER_SECONDS, JOINED_UTTERANCES, MAX_BODY_MB, MAX_WORDS, REQUEST_SECONDS
from can_tf.server.metrics import Metrics

_LONGEST_BODY_SECONDS = 120
_LONGEST_PAUSE_SECONDS = 10  # Between two parts of a body.
_BODIES_AT_ONCE = 4  # Of the largest size, that may be arriving.
_SMALL_BODY_BYTES = 2**18  # What large bodies that do not end keep nobody from sending: an answer for 3 s needs half.


Result = TypeVar("Result")


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
        answer_seconds: Time until the answer, from when the request is there, waiting included.
        joined: Utterances of several requests that a run of the graph answers; 1 for every request alone.
    """

    body_bytes: int = MAX_BODY_MB * 2**20
    values: int = 20_000_000
    seconds: float = REQUEST_SECONDS
    words: int = MAX_WORDS
    at_once: int = 2
    waiting: int = 64
    answer_seconds: float = ANSWER_SECONDS
    joined: int = JOINED_UTTERANCES


class HttpError(Exception):
    """A request that is refused, with its status."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def took_too_long(seconds: float) -> HttpError:
    """Returns the refusal of a request that is not answered in time."""
    return HttpError(
        504,
        f"The answer took longer than {seconds:g} s, which this server does not wait. Send less at once, or start it "
        "with a larger --time-limit",
    )


class Wait:
    """How long a request has waited for its turns.

    Attributes:
        seconds: All in all; None before the first turn.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None

    def add(self, seconds: float) -> None:
        self.seconds = (self.seconds or 0.0) + seconds


class Gate:
    """Lets requests in.

    Args:
        limits: What they may ask for.
        metrics: Where they are counted; None is a place of its own.
        queue: What metrics call those that it has let in.

    Attributes:
        limits, metrics: The same.
        turns: Limits the threads that work on them, at the model or on a large body.
        reading: Limits those that read small bodies, meanwhile.
        inside: Requests whose body is there, until they are answered.
    """

    def __init__(self, limits: RequestLimits, metrics: Metrics | None = None, queue: str = "model"):
        self.limits, self.metrics = limits, metrics or Metrics()
        self.turns, self.reading = (anyio.CapacityLimiter(limits.at_once) for _ in range(2))
        self.inside = 0
        self._arriving = 0  # Bytes of bodies that are not there yet.
        self.metrics.watch_queue(queue, self)

    @property
    def capacity(self) -> int:
        """How many requests may be inside."""
        return self.limits.at_once + self.limits.waiting

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Wait]:
        """Gives what a request's waits are added to, and counts their sum at the end of the block."""
        wait = Wait()
        try:
            yield wait
        finally:
            if wait.seconds is not None:
                self.metrics.waited(wait.seconds)

    async def in_turn(
        self, wait: Wait, work: Callable[..., Result], *arguments: object, turns: anyio.CapacityLimiter | None = None
    ) -> Result:
        """Runs work in a thread, when its turn comes, and adds the time until then to `wait`.

        Args:
            wait: What the request has waited.
            work, arguments: What is called with what.
            turns: One of the limiters; None is `turns`.

        Raises:
            HttpError: It did not come in time (504).
        """
        asked = time.monotonic()

        def begin() -> Result:
            wait.add(time.monotonic() - asked)
            return work(*arguments)

        with anyio.move_on_after(self.limits.answer_seconds):
            return await anyio.to_thread.run_sync(begin, limiter=turns or self.turns)
        raise took_too_long(self.limits.answer_seconds)

    @contextlib.asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Gives a request's body, and counts the request from then on until it is answered.

        One whose body is still arriving is not counted: else a few that never come would keep all others out.

        Raises:
            HttpError: Too many wait (503), or the body is too large (413), too slow (408), or not what its encoding
                says (400).
        """
        self._check_room()
        content = await self._read(request)
        self._check_room()
        self.inside += 1
        try:
            yield await self._decoded(request, content)
        finally:
            self.inside -= 1

    def _check_room(self) -> None:
        if self.inside >= self.capacity:
            raise HttpError(503, "Too many requests are waiting; try again later")

    async def _read(self, request: Request) -> bytes:
        parts: list[bytes] = []
        size = 0
        stream, deadline = request.stream(), anyio.current_time() + _LONGEST_BODY_SECONDS
        try:
            while True:
                with anyio.fail_after(min(_LONGEST_PAUSE_SECONDS, deadline - anyio.current_time())):
                    part = await anext(stream, None)
                if part is None:
                    return b"".join(parts)
                self._arriving += len(part)
                size += len(part)
                parts.append(part)
                if size > self.limits.body_bytes:
                    raise self._too_large()
                if size > _SMALL_BODY_BYTES and self._arriving > _BODIES_AT_ONCE * self.limits.body_bytes:
                    raise HttpError(503, "Too many large requests are arriving; try again later")
        except TimeoutError:
            raise HttpError(
                408,
                f"The body did not come within {_LONGEST_BODY_SECONDS} s, or nothing of it for "
                f"{_LONGEST_PAUSE_SECONDS} s",
            ) from None
        except ClientDisconnect:
            raise HttpError(400, "The client went away") from None  # Which nobody reads.
        finally:
            self._arriving -= size

    async def _decoded(self, request: Request, content: bytes) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding == "identity":
            return content
        if encoding != "gzip":
            raise HttpError(400, f"Content-Encoding {encoding!r} is not known; expected gzip or none")
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
