"""The page of `can-tf serve`: record or upload speech, type its words or have them recognized, see the explanation.

    GET  /           the page
    POST /explain    `{"audio": {"b64": "..."}, "transcript": "..." or null, "name": "..."}` to an explanation
    POST /live       `{"samples": {"b64": "..."}, "last": false}` to the stretches of speech that have ended in it

Nothing is kept: a recording is in memory until its answer is made.
"""

import dataclasses
import html
import json
from collections.abc import Awaitable, Callable
from string import Template
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from can_tf.errors import AlignmentError, AudioError, CanError, PredictionError, SetupError, TimeLimitError, WorkerError
from can_tf.explanation.data import explanation_of
from can_tf.explanation.page import SYNTHETIC, empty_page
from can_tf.limits import PICTURE_SECONDS, WORDS_SECONDS, Limits
from can_tf.pages.files import site_file
from can_tf.prediction.answers import Prediction
from can_tf.prediction.backends import LocalModel
from can_tf.prediction.options import PredictionOptions
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.requests import Request as Asked
from can_tf.prediction.word_process import SERVER_NICENESS, WordProcess
from can_tf.prediction.words import FindsWords
from can_tf.samples import SAMPLE_RATE_HZ
from can_tf.server import example
from can_tf.server.bodies import from_base64, read_body
from can_tf.server.gate import Gate, HttpError
from can_tf.server.live import hear
from can_tf.server.replies import refusal
from can_tf.server.runs import CountedVersion
from can_tf.server.versions import Versions

_QUESTION = {"audio": {"b64": str}, "transcript": (str, None), "name": str}
_LONGEST_NAME = 200
_WAITING = 8  # More are turned away: an answer may take a minute.
_FILES = {  # By the package whose they are.
    "can_tf.pages": ("design.css",),
    "can_tf.explanation": ("picture.css", "picture.js", "answer.js", "save.js"),
    __package__: ("try.css", "sound.js", "try.js", "live.js", "microphone.js"),
}
_TYPES = {"css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src blob:; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def try_it(versions: Versions, gate: Gate, word_finder: FindsWords | None = None) -> list[Route]:
    """Returns the page's addresses.

    Args:
        versions: The model.
        gate: What stands before it.
        word_finder: Finds the words of recordings; None is a process with the best recognizer at hand.
    """
    word_finder = word_finder or WordProcess(
        max_words=gate.limits.words, max_wait=WORDS_SECONDS, niceness=SERVER_NICENESS
    )
    asking = _Asking(versions, gate, word_finder)
    files = {name: site_file(name, package) for package, names in _FILES.items() for name in names}
    contents = {name: (content, _TYPES[name.rpartition(".")[2]]) for name, content in files.items()}
    contents["page.html"] = (empty_page(), "text/plain")  # Which the browser fills with an answer that it saves.
    # By its name, an address is counted.
    files_routes = [Route(f"/{name}", _file(*about), methods=["GET"], name="page") for name, about in contents.items()]
    return [
        Route("/", asking.page, methods=["GET"], name="page"),
        Route("/explain", asking.explain, methods=["POST"], name="explain"),
        Route("/live", asking.live, methods=["POST"], name="live"),
        Route("/example.wav", asking.example, methods=["GET"], name="page"),
        *files_routes,
    ]


def _file(content: str, kind: str) -> Any:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=kind, headers=_HEADERS)

    return answer


class _Asking:
    """Answers the page. Its requests wait among themselves, so that they do not keep others from the model."""

    def __init__(self, versions: Versions, gate: Gate, word_finder: FindsWords):
        self._versions, self._model_gate = versions, gate
        # Words are found for one request at a time, in a process that has the cores left by the model.
        self._gate = Gate(dataclasses.replace(gate.limits, at_once=1, waiting=_WAITING), gate.metrics, "page")
        self._seconds = min(gate.limits.seconds, PICTURE_SECONDS)
        self._word_finder = word_finder
        self._recognition = _recognition(word_finder, self._seconds)
        self._example_turns = anyio.CapacityLimiter(1)

    async def page(self, request: Request) -> Response:
        version = self._versions.current
        text = Template(site_file("try.html", __package__)).substitute(
            model=html.escape(self._versions.name),
            version=version.number,
            rate=SAMPLE_RATE_HZ,
            seconds=f"{self._seconds:g}",
            recognized_seconds=f"{self._recognition[0]:g}",
            recognition=html.escape(self._recognition[1]),
            example=example.TRANSCRIPT if example.can_be_made() else "",
            warning=f'<p class="warning">{SYNTHETIC}</p>' if version.records["corpus"]["synthetic"] else "",
        )
        return HTMLResponse(text, headers=_HEADERS)

    async def explain(self, request: Request) -> Response:
        return await self._answer_or_refusal(request, self._explanation)

    async def example(self, request: Request) -> Response:
        try:
            content = await anyio.to_thread.run_sync(example.recording, limiter=self._example_turns)
        except CanError as error:
            return refusal(" ".join(str(error).split()), 501)
        return Response(content, media_type="audio/wav", headers=_HEADERS)

    async def live(self, request: Request) -> Response:
        return await self._answer_or_refusal(request, self._stretches)

    async def _answer_or_refusal(
        self, request: Request, answer: Callable[[bytes, Predictor], Awaitable[str]]
    ) -> Response:
        try:
            # Which pages of other sites cannot send without being asked whether they may.
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise HttpError(415, "Expected the content type application/json")
            predictor = self._predictor()
            async with self._gate.body(request) as content:
                return Response(await answer(content, predictor), media_type="application/json")
        except HttpError as error:
            return refusal(str(error), error.status)
        except SetupError as error:
            return refusal(" ".join(str(error).split()), 501)
        except WorkerError as error:
            return refusal(str(error), 504 if isinstance(error, TimeLimitError) else 500)
        except (AlignmentError, AudioError, PredictionError) as error:
            return refusal(" ".join(error.without_option.split()), 400)

    def _predictor(self) -> Predictor:
        version = self._versions.current
        limits = Limits(seconds=self._seconds, words=self._gate.limits.words)
        options = PredictionOptions(fillers=version.records["fillers"], limits=limits)
        counted = CountedVersion(version, self._gate.metrics, self._gate.limits.answer_seconds)
        return Predictor(LocalModel(counted), options, word_finder=self._word_finder)

    async def _explanation(self, content: bytes, predictor: Predictor) -> str:
        run = anyio.to_thread.run_sync
        question = await run(read_question, content, limiter=self._gate.turns)
        asked = await run(question.asked_of, predictor, limiter=self._gate.turns)
        [prediction] = await self._predictions(predictor, [asked])
        if isinstance(prediction, PredictionError):
            raise prediction
        return await run(_answer, question.name, asked, prediction, limiter=self._gate.turns)

    async def _stretches(self, content: bytes, predictor: Predictor) -> str:
        run = anyio.to_thread.run_sync
        sound = await run(hear, content, limiter=self._gate.turns)
        requests = await run(sound.requests, predictor, limiter=self._gate.turns)
        good = [request for request in requests if isinstance(request, Asked)]
        return sound.answer(requests, await self._predictions(predictor, good) if good else [])

    async def _predictions(self, predictor: Predictor, requests: list[Asked]) -> list[Prediction | PredictionError]:
        with self._model_gate.waiting() as wait:
            return await self._model_gate.in_turn(wait, predictor.predict_all, requests)


def _answer(name: str, asked: Asked, prediction: Prediction) -> str:
    """Returns the explanation as JSON, in ASCII, whatever a word is made of."""
    return json.dumps(explanation_of(name, asked, prediction).to_page())


def _recognition(word_finder: FindsWords, seconds: float) -> tuple[float, str]:
    """Returns the longest recording whose words are recognized, and what to say of them."""
    try:
        return min(seconds, word_finder.longest_seconds), f"have it recognized by {word_finder.recognizer}"
    except SetupError:
        return seconds, "be told that this server has nothing to recognize words with"


@dataclasses.dataclass(frozen=True)
class Question:
    """A recording's bytes, in any format; what is said in it, None if that is to be recognized; its name."""

    audio: bytes
    transcript: str | None
    name: str

    def asked_of(self, predictor: Predictor) -> Asked:
        """Returns what a model is asked."""
        return predictor.request(self.audio, transcript=self.transcript, name=self.name)


def read_question(content: bytes) -> Question:
    """Returns what the body of a request asks.

    Raises:
        HttpError: It is no question.
    """
    body = read_body(content, _QUESTION, "a question")
    audio = from_base64(body["audio"]["b64"], "audio")
    # A field that was left empty is no transcript.
    transcript = (body.get("transcript") or "").strip() or None
    return Question(audio, transcript, body["name"].strip()[:_LONGEST_NAME].strip() or "recording")
