"""The parsers of serving: requests of clients, answers of servers, and an export's description."""

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.from_thread
import numpy as np
import tensorflow as tf

from can_tf.alignment.word import Word
from can_tf.audio import wav_bytes
from can_tf.errors import PredictionError, ServerError
from can_tf.limits import ANSWER_SECONDS
from can_tf.prediction.answers import predictions_of
from can_tf.prediction.description import DESCRIPTION_FILE, description_of
from can_tf.prediction.requests import Request
from can_tf.prediction.servers import RestServer
from can_tf.server.gate import Gate, HttpError, RequestLimits
from can_tf.server.json_tensors import BadRequestError, parse_request
from can_tf.server.page import read_question
from can_tf.server.rest import create_app
from tests.fuzz.parser import Parser, binary_parser, json_parser

NUMPY_TYPES = {"DT_STRING": object, "DT_FLOAT": np.float32, "DT_INT32": np.int32, "DT_BOOL": np.bool_}


def _tensor(dtype: str, dimensions: int) -> dict[str, Any]:
    return {"dtype": dtype, "tensor_shape": {"dim": [{"size": "-1"}] * dimensions}}


WORDS = {"words": _tensor("DT_STRING", 2), "start": _tensor("DT_FLOAT", 2), "end": _tensor("DT_FLOAT", 2)}
INPUTS = {"audio": _tensor("DT_STRING", 1), **WORDS, "num_words": _tensor("DT_INT32", 1)}
DEFINITIONS = {
    "serving_default": {"inputs": INPUTS},
    "flag": {"inputs": {"x": _tensor("DT_BOOL", 1)}},
    "none": {},
}
WAV = wav_bytes(np.linspace(-0.5, 0.5, 32))
INSTANCE = {
    "audio": {"b64": base64.b64encode(WAV).decode()},
    "words": ["good", "day"],
    "start": [0.0, 0.5],
    "end": [0.5, 1],
    "num_words": 2,
}
BODIES = [
    {"instances": [INSTANCE, INSTANCE]},
    {"signature_name": "serving_default", "inputs": {name: [value] for name, value in INSTANCE.items()}},
    {"signature_name": "flag", "inputs": [True, False]},
]
ANSWER = {
    "outputs": {
        "probabilities": [[0.75, 0.25]],
        "text_probabilities": [[0.5, 0.5]],
        "calibrated_probabilities": [[0.625, 0.375]],
        "label": ["calm"],
        "labels": [["calm", "loud"]],
        "text_attention": [[[0.5, 0.5], [1.0, 0.0]]],
        "audio_attention": [[[0.25, 0.75], [0.5, 0.5]]],
    }
}
DESCRIPTION = {
    "labels": ["calm", "loud"],
    "records": {
        "features": {"name": "mfcc"},
        "fillers": "keep",
        "corpus": {"name": "manifest", "synthetic": True},
    },
}
REQUESTS = [Request(np.zeros(32, np.float32), (Word("good", 0.0, 0.5), Word("day", 0.5, 1.0)))]


def check_inputs(inputs: Mapping[str, np.ndarray], signature: str) -> None:
    """Tensors are what the signature says."""
    definition = DEFINITIONS[signature]["inputs"]
    assert set(inputs) == set(definition)
    for name, tensor in definition.items():
        assert inputs[name].dtype == NUMPY_TYPES[tensor["dtype"]]
        assert inputs[name].ndim == len(tensor["tensor_shape"]["dim"])
        if tensor["dtype"] == "DT_STRING":
            assert all(isinstance(value, bytes) for value in inputs[name].flat)


def _parsed(content: bytes, folder: Path) -> None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("as the server says") from error
    signature, inputs, _ = parse_request(body, DEFINITIONS)
    check_inputs(inputs, signature)


class _FakeVersion:
    number, folder = 1, Path()
    definitions = DEFINITIONS
    frames_per_second = None

    def run(self, signature: str, inputs: Mapping[str, np.ndarray], *, seconds: float) -> dict[str, np.ndarray]:
        check_inputs(inputs, signature)
        assert 0 < seconds <= ANSWER_SECONDS
        rows = len(next(iter(inputs.values())))
        return {"label": np.array([b"calm"] * rows, object), "probabilities": np.ones((rows, 1), np.float32)}


_APP = create_app(
    SimpleNamespace(name="can", current=_FakeVersion(), status=list, refresh=bool, loads={}),
    Gate(RequestLimits(body_bytes=1 << 20, values=10_000)),
)


async def _post(content: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/models/can:predict",
        "headers": headers,
        "query_string": b"",
    }
    await _APP({**scope, "server": ("127.0.0.1", 80), "scheme": "http", "root_path": ""}, receive, send)
    return sent[0]["status"], sent[1]["body"]


def _posted(*headers: tuple[bytes, bytes]):
    def feed(content: bytes, folder: Path) -> None:
        status, body = anyio.run(_post, content, list(headers))
        answer = json.loads(body)
        if status in (400, 413):
            raise BadRequestError(answer["error"])
        assert status == 200
        assert set(answer) in ({"predictions"}, {"outputs"})

    return feed


def _served_wav(content: bytes, folder: Path) -> None:
    """What the exported graph does with the bytes of a request; TensorFlow's refusal is answered with status 400."""
    samples, rate = tf.audio.decode_wav(content)
    assert samples.shape.rank == 2
    assert samples.shape[0] <= len(content)
    assert rate.dtype == tf.int32


def _answer(content: bytes, folder: Path) -> None:
    status = 200 if len(content) % 5 else 400
    response = SimpleNamespace(status_code=status, json=lambda: json.loads(content))
    [prediction] = predictions_of(RestServer("http://localhost:1")._outputs(response), REQUESTS)
    told = prediction.to_json()
    assert [word["word"] for word in told["words"]] == ["good", "day"]
    assert np.isfinite([*told["probabilities"].values(), *(told["calibrated_probabilities"] or {}).values()]).all()
    assert 0 <= told["confidence"] <= 1.001


def _metadata(content: bytes, folder: Path) -> None:
    response = SimpleNamespace(status_code=200, json=lambda: json.loads(content))
    version = RestServer("http://localhost:1")._version("http://localhost:1", response)
    assert version is None or version >= 0


METADATA = {"model_spec": {"name": "can", "signature_name": "", "version": "3"}, "metadata": {}}


def _prepare_version(folder: Path) -> None:
    (folder / DESCRIPTION_FILE).parent.mkdir()


def _described(content: bytes, folder: Path) -> None:
    (folder / DESCRIPTION_FILE).write_bytes(content)
    records = description_of(folder)["records"]
    assert isinstance(records["features"]["name"], str)
    assert records["fillers"] in ("keep", "drop")


def _question(content: bytes, folder: Path) -> None:
    question = read_question(content)
    assert question.name.strip() == question.name != ""
    assert question.transcript is None or question.transcript.strip()


QUESTION = {"audio": {"b64": base64.b64encode(WAV).decode()}, "transcript": "good day", "name": "a.wav"}
_TENSORFLOWS = (tf.errors.InvalidArgumentError, UnicodeDecodeError)  # The second where it quotes the bytes.
_REFUSED = (BadRequestError,)
_PACKED = [gzip.compress(json.dumps(body).encode(), mtime=0) for body in BODIES]

PARSERS: Mapping[str, Parser] = {
    "REST body": json_parser(BODIES, _parsed, refusals=_REFUSED),
    "REST request": json_parser(BODIES, _posted(), refusals=_REFUSED),
    "REST request, gzipped": binary_parser(_PACKED, _posted((b"content-encoding", b"gzip")), refusals=_REFUSED),
    "question of the page": json_parser([QUESTION], _question, refusals=(HttpError,)),
    "wav in a request": binary_parser([WAV], _served_wav, refusals=_TENSORFLOWS),
    "server's answer": json_parser([ANSWER], _answer, refusals=(ServerError, PredictionError)),
    "server's metadata": json_parser([METADATA], _metadata, refusals=(ServerError,)),
    "can_tf.json": json_parser([DESCRIPTION], _described, prepare=_prepare_version),
}
