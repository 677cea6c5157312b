"""The page of `can-tf serve`: record or upload speech, type its words or have them recognised, see the explanation.

    GET  /           the page
    POST /explain    `{"audio": {"b64": "..."}, "transcript": "..." or null, "name": "..."}` to an explanation

Nothing is kept: a recording is a temporary file until its answer is made.
"""

import base64
import dataclasses
import html
import json
import tempfile
import threading
from collections.abc import Mapping
from string import Template
from typing import Any

import numpy as np
import tensorflow as tf
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from can_tf.errors import CanError, MissingExtraError, PredictionError
from can_tf.explanation.data import explanation_of
from can_tf.explanation.page import SYNTHETIC, site_file
from can_tf.limits import PICTURE_SECONDS
from can_tf.limits import Limits as RecordingLimits
from can_tf.serving.backends import reason_of
from can_tf.serving.gate import Gate, HttpError
from can_tf.serving.messages import SIGNATURE
from can_tf.serving.predictor import Predictor, description_of
from can_tf.serving.rest import refusal
from can_tf.serving.spoken import SpokenWords
from can_tf.serving.versions import Version, Versions
from can_tf.shapes import mismatch

_QUESTION = {"audio": {"b64": str}, "transcript": (str, None), "name": str}
_LONGEST_NAME = 200
_TYPES = {"picture.js": "text/javascript", "try.js": "text/javascript", "picture.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; media-src blob:; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def try_it(versions: Versions, gate: Gate) -> list[Route]:
    """Returns the page's addresses."""
    asking = _Asking(versions, gate)
    files = [Route(f"/{name}", _file(name, kind), methods=["GET"]) for name, kind in _TYPES.items()]
    return [Route("/", asking.page, methods=["GET"]), Route("/explain", asking.explain, methods=["POST"]), *files]


def _file(name: str, kind: str) -> Any:
    content = site_file(name)

    async def answer(request: Request) -> Response:
        return Response(content, media_type=kind, headers=_HEADERS)

    return answer


class _Served:
    """A version as a `Backend`."""

    def __init__(self, version: Version):
        self._version = version

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            return self._version.run(SIGNATURE, inputs)
        except tf.errors.InvalidArgumentError as error:
            raise PredictionError(reason_of(error.message)) from error


class _Asking:
    def __init__(self, versions: Versions, gate: Gate):
        self._versions, self._gate = versions, gate
        self._seconds = min(gate.limits.seconds, PICTURE_SECONDS)
        self._spoken_words = SpokenWords(max_words=gate.limits.words)
        self._one_at_a_time = threading.Lock()  # For the words: pocketsphinx is not for several threads.

    async def page(self, request: Request) -> Response:
        version = self._versions.current
        records = description_of(version.folder)
        text = Template(site_file("try.html")).substitute(
            model=html.escape(self._versions.name),
            version=version.number,
            rate=records["features"]["sample_rate_hz"],
            seconds=f"{self._seconds:g}",
            warning=f'<p class="warning">{SYNTHETIC}</p>' if records["corpus"]["synthetic"] else "",
        )
        return HTMLResponse(text, headers=_HEADERS)

    async def explain(self, request: Request) -> Response:
        try:
            answer = await self._gate.answer(request, self._explanation)
        except HttpError as error:
            return refusal(str(error), error.status)
        except MissingExtraError as error:
            return refusal(str(error), 501)
        except CanError as error:
            return refusal(" ".join(str(error).split()), 400)
        return Response(json.dumps(answer), media_type="application/json")  # ASCII, whatever a word is made of.

    def _explanation(self, content: bytes) -> dict[str, Any]:
        question = read_question(content)
        version = self._versions.current
        records = description_of(version.folder)
        predictor = Predictor(
            _Served(version),
            sample_rate_hz=records["features"]["sample_rate_hz"],
            fillers=records["fillers"],
            limits=RecordingLimits(seconds=self._seconds, words=self._gate.limits.words),
        )
        predictor.spoken_words = self._spoken_words
        with tempfile.NamedTemporaryFile(prefix="can-tf-") as file:
            file.write(question.audio)
            file.flush()
            try:
                with self._one_at_a_time:
                    asked = predictor.request(file.name, transcript=question.transcript)
                [prediction] = predictor.predict_all([asked])
            except MissingExtraError:
                raise
            except CanError as error:
                raise CanError(str(error).replace(file.name, question.name)) from error
        if isinstance(prediction, CanError):
            raise prediction
        return explanation_of(question.name, asked, prediction).to_page()


@dataclasses.dataclass(frozen=True)
class Question:
    """A recording's bytes, in any format; what is said in it, None if that is to be recognised; its name."""

    audio: bytes
    transcript: str | None
    name: str


def read_question(content: bytes) -> Question:
    """Returns what the body of a request asks.

    Raises:
        HttpError: It is no question.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HttpError(400, f"The body is not JSON ({error})") from error
    if wrong := mismatch(body, _QUESTION):
        raise HttpError(400, f"The body is not a question: {wrong}")
    try:
        audio = base64.b64decode(body["audio"]["b64"], validate=True)
    except ValueError as error:
        raise HttpError(400, f"audio: is not base64 ({error})") from error
    # A field that was left empty is no transcript.
    transcript = (body.get("transcript") or "").strip() or None
    return Question(audio, transcript, body["name"].strip()[:_LONGEST_NAME].strip() or "recording")
