"""TensorFlow Serving's REST contract as an ASGI application: predict, status and metadata, for work without Docker.

    GET  /v1/models/NAME[/versions/N]            status
    GET  /v1/models/NAME[/versions/N]/metadata   signatures
    POST /v1/models/NAME[/versions/N]:predict    `instances` or `inputs`, and perhaps `signature_name`

Errors are `{"error": "..."}` with TensorFlow Serving's status codes. Departs from it: bodies, sound, words and the
number of requests at once are bounded (413, 400, 503); one version is served, the newest; there are no labels.
"""

import asyncio
import contextlib
import dataclasses
import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import numpy as np
import tensorflow as tf
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from can_tf.limits import MAX_BODY_MB, MAX_WORDS, REQUEST_SECONDS
from can_tf.serving.json_tensors import BadRequestError, parse_request, render_response
from can_tf.serving.versions import Version, Versions
from can_tf.serving.wav import seconds_of

_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>/metadata|:predict|:classify|:regress)?",
    re.IGNORECASE,
)
_STATUS_OF_ERRORS: tuple[tuple[type, int], ...] = (
    (tf.errors.InvalidArgumentError, 400),
    (tf.errors.FailedPreconditionError, 400),
    (tf.errors.OutOfRangeError, 400),
    (tf.errors.NotFoundError, 404),
    (tf.errors.ResourceExhaustedError, 429),
    (tf.errors.UnimplementedError, 501),
)


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


class _HttpError(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def create_app(versions: Versions, limits: Limits = Limits(), *, seconds_between_looks: float = 1.0) -> Starlette:
    """Returns the application.

    Args:
        versions: What it serves.
        limits: What a request may ask for.
        seconds_between_looks: How often the model's folder is looked at for a newer version.
    """
    service = _Service(versions, limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(service.watch(seconds_between_looks))
        yield
        watching.cancel()

    routes = [Route("/v1/{path:path}", service.answer, methods=["GET", "POST", "PUT", "DELETE", "PATCH"])]
    # What nobody foresaw is answered in JSON too, and goes on to the server's log.
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={Exception: _internal_error})


async def _internal_error(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": f"Internal error: {type(error).__name__}"}, 500)


def _refusal(message: str, status: int) -> JSONResponse:
    """Returns an error; half a character of a request ("\\ud800"), which no reply can hold, becomes a question mark."""
    return JSONResponse({"error": message.encode("utf-8", "replace").decode()}, status)


class _Service:
    def __init__(self, versions: Versions, limits: Limits):
        self._versions, self._limits = versions, limits
        self._turns = anyio.CapacityLimiter(limits.at_once)
        self._inside = 0  # Requests from the first byte of their body to their answer.

    async def watch(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await anyio.to_thread.run_sync(self._versions.refresh)

    async def answer(self, request: Request) -> JSONResponse:
        try:
            return JSONResponse(await self._answer(request))
        except _HttpError as error:
            return _refusal(str(error), error.status)
        except BadRequestError as error:
            return _refusal(str(error), 400)
        except tf.errors.OpError as error:
            status = next((status for kind, status in _STATUS_OF_ERRORS if isinstance(error, kind)), 500)
            return _refusal(error.message, status)

    async def _answer(self, request: Request) -> dict[str, Any]:
        path = request.url.path
        found = _PATH.fullmatch(path)
        method = {None: "GET", "/metadata": "GET", ":predict": "POST"}
        what = found["what"] and found["what"].lower() if found else "nothing"
        if found is None or method.get(what) != request.method:
            raise _HttpError(400, f"Malformed request: {request.method} {path}")
        version = self._version(found)
        if what is None:
            rows = self._versions.status()
            wanted = [row for row in rows if not found["version"] or row["version"] == found["version"]]
            return {"model_version_status": wanted}
        if what == "/metadata":
            return self._metadata(version)
        return await self._predict(version, request)

    def _version(self, found: re.Match[str]) -> Version:
        current, name = self._versions.current, found["name"]
        if found["label"]:
            raise _HttpError(400, f"Unrecognized servable version label: {found['label']}")
        if name != self._versions.name:
            raise _HttpError(404, f"Servable not found for request: Latest({name})")
        if found["version"] and int(found["version"]) != current.number:
            raise _HttpError(404, f"Servable not found for request: Specific({name}, {found['version']})")
        return current

    def _metadata(self, version: Version) -> dict[str, Any]:
        spec = {"name": self._versions.name, "signature_name": "", "version": str(version.number)}
        return {"model_spec": spec, "metadata": {"signature_def": {"signature_def": dict(version.definitions)}}}

    async def _predict(self, version: Version, request: Request) -> dict[str, Any]:
        if self._inside >= self._limits.at_once + self._limits.waiting:
            raise _HttpError(503, "Too many requests are waiting; try again later")
        self._inside += 1
        try:
            content = await self._body(request)
            return await anyio.to_thread.run_sync(self._run, version, content, limiter=self._turns)
        finally:
            self._inside -= 1

    def _run(self, version: Version, content: bytes) -> dict[str, Any]:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadRequestError(f"JSON Parse error: {error}") from error
        try:
            signature, inputs, rows = parse_request(body, version.definitions)
        except RecursionError as error:
            raise BadRequestError("JSON Value: nested too deeply") from error
        for name, values in inputs.items():
            self._check_size(name, values)
        return render_response(version.run(signature, inputs), rows)

    def _check_size(self, name: str, values: np.ndarray) -> None:
        longest = max(map(len, values.flat), default=0) if values.dtype == object else 0
        if max(values.size, longest) > self._limits.values:
            raise BadRequestError(
                f"{name}: holds more than {self._limits.values} values, which this server does not take"
            )
        if name == "words" and values.size > self._limits.words:
            raise BadRequestError(
                f"words: {values.size} in one request, padding included; this server takes at most "
                f"{self._limits.words}. Send fewer utterances at once, or start it with a larger --max-words"
            )
        if name == "audio" and (seconds := sum(map(seconds_of, values.flat))) > self._limits.seconds:
            raise BadRequestError(
                f"audio: {seconds:.0f} s in one request; this server takes at most {self._limits.seconds:g} s. "
                "Send fewer or shorter recordings at once, or start it with a larger --max-seconds"
            )

    async def _body(self, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise _HttpError(400, f"Content-Encoding {encoding!r} is not known; expected gzip or none")
        too_large = _HttpError(
            413,
            f"The body is larger than {self._limits.body_bytes} bytes. Send fewer utterances at once, or start the "
            "server with a larger --max-body-mb",
        )
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._limits.body_bytes:
                raise too_large
            parts.append(part)
        content = b"".join(parts)
        if encoding == "identity":
            return content
        unpacking = zlib.decompressobj(wbits=31)
        try:
            unpacked = unpacking.decompress(content, self._limits.body_bytes + 1)
        except zlib.error as error:
            raise _HttpError(400, f"The body is not gzip ({error})") from error
        if len(unpacked) > self._limits.body_bytes:
            raise too_large
        return unpacked
