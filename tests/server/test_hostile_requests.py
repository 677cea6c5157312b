"""What `can-tf serve` says to requests that are wrong, too large or too many."""

import base64
import gzip
import json
from typing import Any

import anyio
import numpy as np
import pytest

from can_tf.audio import wav_bytes
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.json_tensors import BadRequestError, parse_request
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.server.conftest import COLUMNS, INSTANCE, LIMITS, predict

pytestmark = pytest.mark.long


def changed(**values):
    instance = {name: value for name, value in {**INSTANCE, **values}.items() if value is not None}
    return {"instances": [instance]}


def wav_of(size):
    return {"b64": base64.b64encode(b"RIFF" + bytes(size)).decode()}


def wav_of_seconds(seconds):
    return {"b64": base64.b64encode(wav_bytes(np.zeros(seconds * 16_000))).decode()}


WORDS = {name: values for name, values in COLUMNS.items() if name != "audio"}
FRAMES = [[[[0.0] * 40] * 2]]
HOSTILE = {  # body, status, part of the message
    "not JSON": (b"{", 400, "JSON Parse error"),
    "not an object": (b"[]", 400, "not a JSON object"),
    "empty": (b"", 400, "JSON Parse error"),
    "neither form": ({}, 400, "Missing 'inputs' or 'instances' key"),
    "both forms": ({"instances": [INSTANCE], "inputs": COLUMNS}, 400, "only one of"),
    "unknown signature": ({"signature_name": "x", "instances": [INSTANCE]}, 400, '"x" not found in signature def'),
    "signature not a string": ({"signature_name": 3, "instances": [INSTANCE]}, 400, "must be a string"),
    "no instances": ({"instances": []}, 400, "non-empty list"),
    "instances not a list": ({"instances": 3}, 400, "non-empty list"),
    "instance not an object": ({"instances": [3]}, 400, "expecting an object"),
    "column not an object": ({"inputs": 3}, 400, "expecting an object"),
    "missing key": (changed(num_words=None), 400, "missing input: num_words"),
    "key too many": (changed(extra=1), 400, "unexpected input: extra"),
    "float for an integer": (changed(num_words=2.0), 400, "not of expected type"),
    "boolean for an integer": (changed(num_words=True), 400, "not of expected type"),
    "integer too large": (changed(num_words=2**40), 400, "num_words"),
    "number beyond floats": (changed(start=[10**400, 1]), 400, "not of expected type"),
    "number beyond float32": (changed(start=[1e308, 1]), 400, "not of expected type"),
    "more dimensions than arrays have": (b'{"inputs": {"audio": ' + b"[" * 40 + b"]" * 40 + b"}}", 400, ""),
    "half a character in a key": (changed(**{"\ud800": 1}), 400, "unexpected input: ?"),
    "half a character for a signature": ({"signature_name": "\ud800"}, 400, 'name: "?" not found'),
    "string for a number": (changed(start=["0", "1"]), 400, "not of expected type"),
    "null": ({"instances": [{**INSTANCE, "start": None}]}, 400, "start"),
    "number for a string": (changed(words=[1, 2]), 400, "not of expected type"),
    "ragged list": (changed(words=[["a", "b"], ["c"]]), 400, "unexpected size"),
    "wrong rank": (changed(words="good"), 400, "expected a tensor of shape"),
    "unequal lengths": (changed(start=[0.0]), 400, ""),
    "unequal rows": ({"instances": [INSTANCE, {**INSTANCE, "words": ["a"]}]}, 400, "Expecting tensor shape"),
    "invalid base64": (changed(audio={"b64": "***"}), 400, "base64"),
    "base64 of another key": (changed(audio={"b65": "AAAA"}), 400, "not of expected type"),
    "not a wav": (changed(audio="hello"), 400, "RIFF"),
    "bytes that are no text": (changed(audio={"b64": base64.b64encode(b"\xff" * 50).decode()}), 400, "\\xff"),
    "61 seconds by another signature": (
        {"signature_name": "waveform", "inputs": {**WORDS, "waveform": [[0.0] * 976_001], "num_samples": [8]}},
        400,
        "waveform: 61 s in one request; this server takes at most 60 s",
    ),
    "61 seconds of frames": (
        {"signature_name": "features", "inputs": {"words": [["a"]], "frames": FRAMES, "segment_frames": [[6_100]]}},
        400,
        "frames: 61 s in one request",
    ),
    "sound beyond all scale": (
        {"signature_name": "waveform", "inputs": {**WORDS, "waveform": [[1e18] * 16_000], "num_samples": [16_000]}},
        400,
        "expected finite samples, in [-1, 1]",
    ),
    "empty audio": (changed(audio=""), 400, ""),
    "no words": (changed(words=[], start=[], end=[], num_words=0), 400, "num_words"),
    "number of words beyond the words": (changed(num_words=3), 400, "num_words"),
    "NaN times": (changed(start=[float("nan"), 0.5]), 400, "finite"),
    "infinite times": (changed(end=[0.5, float("inf")]), 400, "finite"),
    "words outside the audio": (changed(start=[5.0, 6.0], end=[6.0, 7.0]), 400, "inside its audio"),
    "deep nesting": (b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, ""),
    "50 MB that are no wav": (changed(audio=wav_of(37 * 2**20)), 400, "more than"),
    "a body beyond the limit": (
        b" " * (81 * 2**20),
        413,
        "larger than 83886080 bytes. Send less at once, or start the server with a larger --max-body-mb",
    ),
    "61 seconds in 61 recordings": (
        {"instances": [INSTANCE] * 61},
        400,
        "audio: 61 s in one request; this server takes at most 60 s. Send fewer or shorter recordings at once, or "
        "start it with a larger --max-seconds",
    ),
    "61 seconds in one recording": (changed(audio=wav_of_seconds(61)), 400, "audio: 61 s in one request"),
    "more words than the limit": (
        changed(words=["a"] * 501, start=[0.0] * 501, end=[1.0] * 501, num_words=501),
        400,
        "words: 501 in one request, padding included; this server takes at most 500. Send fewer utterances at once, or "
        "start it with a larger --max-words",
    ),
    "padding beyond the limit": (
        {"instances": [changed(words=["a"] * 26, start=[0.0] * 26, end=[1.0] * 26)["instances"][0]] * 20},
        400,
        "words: 520 in one request",
    ),
    "a million words": (
        changed(words=["a"] * 10**6, start=[0.0] * 10**6, end=[1.0] * 10**6, num_words=10**6),
        400,
        "words: 1000000 in one request",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_gets_a_status_and_a_reason_and_the_server_lives(address, name):
    body, status, message = HOSTILE[name]
    response = predict(address, body)
    assert response.status_code == status, response.text[:300]
    assert message in response.json()["error"]
    assert set(response.json()) == {"error"}
    assert predict(address, {"instances": [INSTANCE]}).status_code == 200


def test_gzip_bodies_are_taken_up_to_the_same_limit(address):
    body = gzip.compress(json.dumps({"instances": [INSTANCE]}).encode())
    assert predict(address, body, headers={"Content-Encoding": "gzip"}).status_code == 200
    bomb = gzip.compress(bytes(LIMITS.body_bytes + 1))
    assert predict(address, bomb, headers={"Content-Encoding": "gzip"}).status_code == 413
    assert predict(address, b"xx", headers={"Content-Encoding": "gzip"}).status_code == 400
    assert predict(address, body, headers={"Content-Encoding": "br"}).status_code == 400


def test_more_requests_than_may_wait_are_turned_away_before_their_bodies_are_read(model_folder, monkeypatch):
    app = create_app(Versions(model_folder), Gate(RequestLimits(at_once=1, waiting=1)))

    async def crowd():
        statuses, asked, may_go_on = [], [], anyio.Event()

        async def ask(number):
            async def receive():
                asked.append(number)
                return {"type": "http.request", "body": b"{}", "more_body": False}

            async def send(message):
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                    may_go_on.set()

            path = "/v1/models/can:predict"
            scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
            await app({**scope, "server": ("127.0.0.1", 80), "scheme": "http", "root_path": ""}, receive, send)

        def wait(*_):
            anyio.from_thread.run(may_go_on.wait)  # An answer that takes its time.
            raise BadRequestError("late")

        monkeypatch.setattr("can_tf.server.rest.parse_request", wait)
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(ask, number)
        return statuses, asked

    assert anyio.run(crowd) == ([503, 400, 400], [0, 1])


def test_what_nobody_foresaw_is_json_too(address, monkeypatch):
    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("can_tf.server.rest.parse_request", broken)
    response = predict(address, {})
    assert (response.status_code, response.json()) == (500, {"error": "Internal error: RuntimeError"})


def test_lists_in_lists_beyond_what_arrays_have_are_refused():
    definition = {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}}}}
    value: Any = 1.0
    for _ in range(33):
        value = [value]
    with pytest.raises(BadRequestError, match="x is nested more than 32 deep"):
        parse_request({"inputs": value}, {"serving_default": definition})
