"""`can-tf serve` against TensorFlow Serving's REST contract, with good requests and hostile ones."""

import base64
import concurrent.futures
import gzip
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
import requests

from can_tf.alignment.spans import share_silence
from can_tf.audio import read_audio, wav_bytes
from can_tf.errors import ExportError, PredictionError, ServerError
from can_tf.prediction.backends import RestServer
from can_tf.prediction.requests import Request, inputs_of
from can_tf.server.gate import Gate, Limits
from can_tf.server.json_tensors import BadRequestError, parse_request
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.running import running

pytestmark = pytest.mark.long

LIMITS = Limits(body_bytes=80 * 2**20, values=2_000_000, seconds=60.0, words=500, at_once=2, waiting=64)
SAMPLES = np.random.default_rng(0).normal(size=16_000) * 0.1
INSTANCE = {
    "audio": {"b64": base64.b64encode(wav_bytes(SAMPLES)).decode()},
    "words": ["good", "day"],
    "start": [0.0, 0.5],
    "end": [0.5, 1.0],
    "num_words": 2,
}
COLUMNS = {name: [value] for name, value in INSTANCE.items()}


@pytest.fixture(scope="module")
def model_folder(exported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve") / "can"
    shutil.copytree(exported.folder, folder / "1")
    return folder


@pytest.fixture(scope="module")
def address(model_folder):
    app = create_app(Versions(model_folder), Gate(LIMITS), seconds_between_looks=0.2)
    with running(app) as found:
        yield found


def predict(address, body, **settings):
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(f"{address}/v1/models/can:predict", data=data, timeout=60, **settings)


def test_rows_and_columns_give_the_same_numbers_as_the_graph(address, local_model):
    rows = predict(address, {"instances": [INSTANCE, INSTANCE]}).json()["predictions"]
    columns = predict(address, {"signature_name": "serving_default", "inputs": COLUMNS}).json()["outputs"]
    request = Request(SAMPLES, share_words(INSTANCE))
    expected = local_model.answer(inputs_of([request]))
    for row in rows:
        assert set(row) == set(expected)
        np.testing.assert_allclose(row["probabilities"], expected["probabilities"][0], atol=1e-5)
    np.testing.assert_allclose(columns["text_attention"], expected["text_attention"], atol=1e-5)
    assert columns["label"] == [expected["label"][0].decode()]


def share_words(instance):
    from can_tf.alignment.word import Word

    return tuple(Word(*word) for word in zip(instance["words"], instance["start"], instance["end"], strict=True))


def test_the_client_gets_what_the_graph_gives(address, local_model, trained):
    utterances = [trained.utterances[name] for name in ("short", "many")]
    requests_ = [Request(read_audio(each.audio_path), share_silence(each.words)) for each in utterances]
    answer = RestServer(address).answer(inputs_of(requests_))
    expected = local_model.answer(inputs_of(requests_))
    assert set(answer) == set(expected)
    np.testing.assert_allclose(answer["probabilities"], expected["probabilities"], atol=1e-5)
    with pytest.raises(PredictionError, match="num_words"):
        RestServer(address).answer({**inputs_of(requests_), "num_words": np.array([0, 1], np.int32)})
    with pytest.raises(ServerError, match="answered 404"):
        RestServer(f"{address}/v1/models/nobody").answer(inputs_of(requests_))
    with pytest.raises(ServerError, match="cannot be reached"):
        RestServer("http://127.0.0.1:9").answer(inputs_of(requests_))


def changed(**values):
    instance = {name: value for name, value in {**INSTANCE, **values}.items() if value is not None}
    return {"instances": [instance]}


def wav_of(size):
    return {"b64": base64.b64encode(b"RIFF" + bytes(size)).decode()}


def wav_of_seconds(seconds):
    return {"b64": base64.b64encode(wav_bytes(np.zeros(seconds * 16_000))).decode()}


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


@pytest.mark.parametrize(
    "method, path, status, message",
    [
        ("GET", "/v1/models/nobody", 404, "Servable not found for request: Latest(nobody)"),
        ("GET", "/v1/models/can/versions/9", 404, "Specific(can, 9)"),
        ("POST", "/v1/models/can/versions/9:predict", 404, "Specific(can, 9)"),
        ("GET", "/v1/models/can/labels/canary", 400, "Unrecognized servable version label: canary"),
        ("GET", "/v1/models/can:predict", 400, "Malformed request: GET /v1/models/can:predict"),
        ("POST", "/v1/models/can", 400, "Malformed request: POST /v1/models/can"),
        ("POST", "/v1/models/can:classify", 400, "Malformed request"),
        ("GET", "/v1/nothing", 400, "Malformed request"),
    ],
)
def test_other_addresses(address, method, path, status, message):
    response = requests.request(method, address + path, data="{}", timeout=10)
    assert response.status_code == status
    assert message in response.json()["error"]


def test_status_and_metadata(address):
    status = requests.get(f"{address}/v1/models/can", timeout=10).json()
    ok = {"error_code": "OK", "error_message": ""}
    assert status == {"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": ok}]}
    metadata = requests.get(f"{address}/v1/models/can/versions/1/metadata", timeout=10).json()
    assert metadata["model_spec"] == {"name": "can", "signature_name": "", "version": "1"}
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "waveform", "features"} <= set(signatures)
    audio = signatures["serving_default"]["inputs"]["audio"]
    assert audio["dtype"] == "DT_STRING"
    assert audio["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"


def test_a_new_version_is_taken_up_without_a_failed_request(address, model_folder):
    stop = threading.Event()
    failures, versions = [], set()

    def ask():
        while not stop.is_set():
            if (response := predict(address, {"instances": [INSTANCE]})).status_code != 200:
                failures.append(response.text)

    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        futures = [executor.submit(ask) for _ in range(3)]
        aside = model_folder / "being-written"
        shutil.copytree(model_folder / "1", aside)
        aside.rename(model_folder / "2")
        (model_folder / "3").mkdir()  # Without a model in it: not a version yet.
        ends = time.monotonic() + 60
        while "2" not in versions and time.monotonic() < ends:
            status = requests.get(f"{address}/v1/models/can", timeout=10).json()["model_version_status"]
            versions |= {row["version"] for row in status if row["state"] == "AVAILABLE"}
            time.sleep(0.05)
        stop.set()
        for future in futures:
            future.result()
    assert not failures
    assert "2" in versions
    old = requests.post(f"{address}/v1/models/can/versions/1:predict", data="{}", timeout=10)
    assert old.status_code == 404
    shutil.rmtree(model_folder / "2")
    shutil.rmtree(model_folder / "3")


def test_a_version_that_does_not_load_is_reported_and_the_old_one_goes_on(exported, tmp_path):
    folder = tmp_path / "can"
    shutil.copytree(exported.folder, folder / "1")
    versions = Versions(folder)
    (folder / "2").mkdir()
    (folder / "2" / "saved_model.pb").write_bytes(b"\x0a\x03abc")
    assert not versions.refresh()
    assert not versions.refresh()
    assert versions.current.number == 1
    states = {row["version"]: row["state"] for row in versions.status()}
    assert states == {"1": "AVAILABLE", "2": "END"}
    with pytest.raises(ExportError, match="expected a model's folder"):
        Versions(folder / "1")
    shutil.rmtree(folder)
    assert not versions.refresh()  # All are gone: what is loaded goes on.
    assert versions.current.number == 1


def test_more_requests_than_may_wait_are_turned_away_before_their_bodies_are_read(model_folder):
    app = create_app(Versions(model_folder), Gate(Limits(at_once=1, waiting=1)))

    async def crowd():
        statuses, may_go_on = [], anyio.Event()

        async def ask():
            async def receive():
                await may_go_on.wait()  # A body that takes its time.
                return {"type": "http.request", "body": b"{}", "more_body": False}

            async def send(message):
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                    may_go_on.set()

            path = "/v1/models/can:predict"
            scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
            await app({**scope, "server": ("127.0.0.1", 80), "scheme": "http", "root_path": ""}, receive, send)

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask)
        return statuses

    assert anyio.run(crowd) == [503, 400, 400]


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


def test_one_input_may_stand_bare_as_in_tensorflow_serving():
    definition = {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}}}}
    for body in (
        {"inputs": [1, 2.5]},
        {"inputs": {"x": [1, 2.5]}},
        {"instances": [1, 2.5]},
        {"instances": [{"x": 1}, {"x": 2.5}]},
    ):
        name, inputs, _ = parse_request(body, {"serving_default": definition})
        assert name == "serving_default"
        np.testing.assert_array_equal(inputs["x"], np.array([1, 2.5], np.float32))
    with pytest.raises(BadRequestError, match="expected a tensor of shape"):
        parse_request({"inputs": 3}, {"serving_default": definition})


def test_the_health_check_of_the_compose_file_hears_the_server(address):
    compose = (Path(__file__).parents[2] / "tools" / "serving" / "docker-compose.yml").read_text()
    [line] = [line.strip() for line in compose.splitlines() if "/dev/tcp" in line]
    check = line.removeprefix("- '").removesuffix("'")
    port = address.rpartition(":")[2]
    for where, code in ((port, 0), ("9", 1)):
        done = subprocess.run(["bash", "-c", check.replace("8501", where)], capture_output=True, timeout=10)
        assert bool(done.returncode) == bool(code), done.stderr


def test_the_configuration_files_are_what_tensorflow_serving_parses():
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (Path(__file__).parents[2] / "tools" / "serving" / "models.config").read_text()
    parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    [config] = parsed.model_config_list.config
    assert (config.name, config.base_path) == ("can", "/models/can")
    labels = "".join(
        line.lstrip("# ") for line in text.splitlines(keepends=True) if "version" in line and "#  " in line
    )
    canary = text_format.Parse(labels, model_server_config_pb2.ModelConfig())
    assert dict(canary.version_labels) == {"stable": 1, "canary": 2}
