"""TensorFlow Serving's REST contract as an ASGI application: predict, status and metadata, for work without Docker.

    GET  /v1/models/NAME[/versions/N]            status
    GET  /v1/models/NAME[/versions/N]/metadata   signatures
    POST /v1/models/NAME[/versions/N]:predict    `instances` or `inputs`, and perhaps `signature_name`

Errors are `{"error": "..."}` with TensorFlow Serving's status codes. Departs from it: bodies, sound, words, the number
of requests at once and the time of an answer are bounded (413, 400, 503, 504); one version is served, the newest; there
are no labels.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

import anyio
import numpy as np
import tensorflow as tf
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from can_tf.audio.wav import longest_seconds
from can_tf.samples import SAMPLE_RATE_HZ
from can_tf.server.addresses import MODEL_PATH
from can_tf.server.batches import size_of
from can_tf.server.bodies import parsed
from can_tf.server.draining import Draining
from can_tf.server.gate import Gate, HttpError, RequestLimits
from can_tf.server.joiner import Joiner, Question
from can_tf.server.json_tensors import BadRequestError, parse_request, render_response
from can_tf.server.observed import Observed
from can_tf.server.operation import operation_routes
from can_tf.server.origins import OwnPagesOnly
from can_tf.server.replies import refusal
from can_tf.server.runs import CountedVersion
from can_tf.server.versions import Version, Versions

_LOG = logging.getLogger(__name__)
_KNOWN_TO_PAGES = ["X-Request-Id", "Retry-After"]  # Headers of answers that pages of other origins may read.
_LARGE_BODY_BYTES = 4 * 2**20  # Holds more than is joined. It is read in its turn: what was read takes memory.
_STATUS_OF_ERRORS: tuple[tuple[type, int], ...] = (
    (tf.errors.InvalidArgumentError, 400),
    (tf.errors.FailedPreconditionError, 400),
    (tf.errors.OutOfRangeError, 400),
    (tf.errors.NotFoundError, 404),
    (tf.errors.ResourceExhaustedError, 429),
    (tf.errors.UnimplementedError, 501),
)


def create_app(
    versions: Versions,
    gate: Gate | None = None,
    *,
    pages: Sequence[Route] = (),
    hosts: Collection[str] | None = None,
    origins: Sequence[str] = (),
    root_path: str = "",
    draining: Draining | None = None,
    seconds_between_looks: float = 1.0,
) -> Observed:
    """Returns the application.

    Args:
        versions: What it serves.
        gate: What it lets in, and where that is counted.
        pages: Other addresses that it answers.
        hosts: Names that it is asked under, as `can_tf.server.origins.hosts_of` gives them; None for any.
        origins: Of pages that may ask it and read its answers, such as `https://app.example`.
        root_path: Path that a proxy serves it under, such as `/emotions`; it is answered with it and without.
        draining: How far the server's end is.
        seconds_between_looks: How often the model's folder is looked at for a newer version.
    """
    gate, draining = gate or Gate(RequestLimits()), draining or Draining()
    service = _Service(versions, gate)
    gate.metrics.watch(versions, lambda: not draining.is_on)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(service.watch(seconds_between_looks))
        yield
        watching.cancel()

    routes = [
        *pages,
        *operation_routes(versions, gate.metrics, draining),
        Route("/v1/{path:path}", service.answer, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ]
    # What nobody foresaw is answered in JSON too, and goes on to the server's log.
    handlers = {Exception: _internal_error}
    guards = [Middleware(OwnPagesOnly, hosts=hosts, origins=origins)]
    if origins:
        guards.append(
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Content-Type", "X-Request-Id"],
                expose_headers=_KNOWN_TO_PAGES,
            )
        )
    app = Starlette(routes=routes, lifespan=lifespan, middleware=guards, exception_handlers=handlers)
    return Observed(app, gate.metrics, draining, {page.path: page.name for page in pages}, root_path)


async def _internal_error(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": f"Internal error: {type(error).__name__}"}, 500)


class _Service:
    def __init__(self, versions: Versions, gate: Gate):
        self._versions, self._gate, self._limits, self._joiner = versions, gate, gate.limits, Joiner(gate)

    async def watch(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await anyio.to_thread.run_sync(self._versions.refresh)
            except Exception:  # A folder that cannot be read now may be so later.
                _LOG.exception("the model's folder cannot be looked at")

    async def answer(self, request: Request) -> JSONResponse:
        try:
            return JSONResponse(await self._answer(request))
        except HttpError as error:
            return refusal(str(error), error.status)
        except BadRequestError as error:
            return refusal(str(error), 400)
        except tf.errors.OpError as error:
            status = next((status for kind, status in _STATUS_OF_ERRORS if isinstance(error, kind)), 500)
            return refusal(error.message, status)

    async def _answer(self, request: Request) -> dict[str, Any]:
        path = request.scope["path"]
        match = MODEL_PATH.fullmatch(path)
        method = {None: "GET", "/metadata": "GET", ":predict": "POST"}
        what = match["what"] and match["what"].lower() if match else "nothing"
        if match is None or method.get(what) != request.method:
            raise HttpError(400, f"Malformed request: {request.method} {path}")
        if what is None:
            return self._status(match)
        version = self._version(match)
        if what == "/metadata":
            return self._metadata(version)
        async with self._gate.body(request) as content:
            deadline = time.monotonic() + self._limits.answer_seconds
            with self._gate.waiting() as wait:
                if len(content) > _LARGE_BODY_BYTES or self._limits.joined == 1:
                    return await self._gate.in_turn(wait, self._answer_alone, version, content, deadline)
                read = self._gate.in_turn(wait, self._question, version, content, turns=self._gate.reading)
                question, rows = await read
                outputs = await self._joiner.answer(question, deadline, wait)
            return await anyio.to_thread.run_sync(render_response, outputs, rows, limiter=self._gate.reading)

    def _check_name(self, match: re.Match[str]) -> None:
        if match["label"]:
            raise HttpError(400, f"Unrecognized servable version label: {match['label']}")
        if match["name"] != self._versions.name:
            raise HttpError(404, f"Servable not found for request: Latest({match['name']})")

    def _status(self, match: re.Match[str]) -> dict[str, Any]:
        """Returns the state of all versions, or of the one asked for, also if it is loading or could not be loaded."""
        self._check_name(match)
        number = match["version"] and int(match["version"])
        rows = [row for row in self._versions.status() if number in (None, int(row["version"]))]
        if not rows:
            raise HttpError(404, f"Servable not found for request: Specific({match['name']}, {number})")
        return {"model_version_status": rows}

    def _version(self, found: re.Match[str]) -> Version:
        self._check_name(found)
        current, name = self._versions.current, found["name"]
        if found["version"] and int(found["version"]) != current.number:
            raise HttpError(404, f"Servable not found for request: Specific({name}, {found['version']})")
        return current

    def _metadata(self, version: Version) -> dict[str, Any]:
        spec = {"name": self._versions.name, "signature_name": "", "version": str(version.number)}
        return {"model_spec": spec, "metadata": {"signature_def": {"signature_def": dict(version.definitions)}}}

    def _answer_alone(self, version: Version, content: bytes, deadline: float) -> dict[str, Any]:
        question, rows = self._question(version, content)
        left = deadline - time.monotonic()
        counted = CountedVersion(version, self._gate.metrics, self._limits.answer_seconds, left)
        return render_response(counted.run(question.signature, question.inputs), rows)

    def _question(self, version: Version, content: bytes) -> tuple[Question, bool]:
        """Returns what a body asks, and whether the request comes in rows."""
        try:
            body = parsed(content)
        except ValueError as error:
            raise BadRequestError(f"JSON Parse error: {error}") from error
        try:
            signature, inputs, rows = parse_request(body, version.definitions)
        except RecursionError as error:
            raise BadRequestError("JSON Value: nested too deeply") from error
        for name, values in inputs.items():
            self._check_size(name, values)
        wav_seconds = sum(map(longest_seconds, inputs["audio"].flat)) if "audio" in inputs else 0.0
        self._check_seconds(version, inputs, wav_seconds)
        return Question(version, signature, inputs, size_of(signature, inputs, wav_seconds)), rows

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

    def _check_seconds(self, version: Version, inputs: Mapping[str, np.ndarray], wav_seconds: float) -> None:
        """Raises BadRequestError where a request holds more sound than the server takes, whatever holds it."""
        name, seconds = "audio", wav_seconds
        if "waveform" in inputs:
            name, seconds = "waveform", inputs["waveform"].size / SAMPLE_RATE_HZ
        elif "segment_frames" in inputs and version.frames_per_second is not None:
            name, seconds = "frames", float(np.maximum(inputs["segment_frames"], 0).sum()) / version.frames_per_second
        if seconds > self._limits.seconds:
            raise BadRequestError(
                f"{name}: {seconds:.0f} s in one request; this server takes at most {self._limits.seconds:g} s. "
                "Send fewer or shorter recordings at once, or start it with a larger --max-seconds"
            )
