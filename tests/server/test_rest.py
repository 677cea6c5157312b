"""`can-tf serve` against TensorFlow Serving's REST contract; `test_hostile_requests` has the hostile requests."""

import concurrent.futures
import shutil
import threading
import time

import numpy as np
import pytest
import requests

from can_tf.alignment.spans import share_silence
from can_tf.alignment.word import Word
from can_tf.audio import read_audio
from can_tf.errors import ExportError, PredictionError, ServerError
from can_tf.prediction.requests import Request, inputs_of
from can_tf.prediction.servers import RestServer
from can_tf.server.bodies import parsed
from can_tf.server.json_tensors import BadRequestError, parse_request
from can_tf.server.versions import Versions
from tests.server.conftest import COLUMNS, INSTANCE, SAMPLES, predict

pytestmark = pytest.mark.long


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


def test_the_client_knows_labels_and_version(address, local_model):
    about = RestServer(address).about()
    assert (about, about.version) == (local_model.about(), 1)
    assert str(RestServer(address)) == f"{address}/v1/models/can"
    with pytest.raises(ServerError, match="nobody/metadata: answered 404"):
        RestServer(f"{address}/v1/models/nobody").about()
    with pytest.raises(ServerError, match="can/metadata: cannot be reached"):
        RestServer("http://127.0.0.1:9").about()


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


def test_others_are_answered_while_a_body_is_read(address, monkeypatch):
    begun, may_end = threading.Event(), threading.Event()

    def slowly(content):
        begun.set()
        assert may_end.wait(30)
        return parsed(content)

    monkeypatch.setattr("can_tf.server.rest.parsed", slowly)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(predict, address, {"instances": [INSTANCE]})
        assert begun.wait(30)
        assert requests.get(f"{address}/v1/models/can", timeout=10).status_code == 200
        may_end.set()
        assert answer.result().status_code == 200
