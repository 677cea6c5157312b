"""The gRPC client against a server made from TensorFlow Serving's own service definition."""

import concurrent.futures

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from can_tf.alignment.spans import share_silence
from can_tf.audio import read_audio
from can_tf.errors import PredictionError, ServerError
from can_tf.prediction.requests import Request, inputs_of
from can_tf.prediction.servers import RestServer, connect

pytestmark = pytest.mark.long


class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self.model = model

    def Predict(self, request, context):  # noqa: N802  The service's name.
        if request.model_spec.name != "can":
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({request.model_spec.name})"
            )
        assert request.model_spec.signature_name == "serving_default"
        try:
            outputs = self.model.answer({name: tf.make_ndarray(value) for name, value in request.inputs.items()})
        except PredictionError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"assertion failed: [{error}]\n\t [[{{{{node Assert}}}}]]")
        response = predict_pb2.PredictResponse()
        response.model_spec.version.value = 3
        for name, values in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
        return response


@pytest.fixture(scope="module")
def address(local_model):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(local_model), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"grpc://127.0.0.1:{port}"
    server.stop(None)


def test_the_client_gets_what_the_graph_gives(address, local_model, trained):
    requests = [
        Request(read_audio(utterance.audio_path), share_silence(utterance.words))
        for utterance in (trained.utterances[name] for name in ("short", "many", "long"))
    ]
    answer = connect(address).answer(inputs_of(requests))
    expected = local_model.answer(inputs_of(requests))
    assert set(answer) == set(expected)
    for name, values in expected.items():
        if values.dtype == object:
            np.testing.assert_array_equal(answer[name], values)
        else:
            np.testing.assert_allclose(answer[name], values, atol=1e-6)


def test_the_client_knows_labels_and_version(address, local_model):
    about = connect(address).about()
    assert (about.labels, about.version) == (local_model.about().labels, 3)
    assert str(connect(address)) == f"{address} (model can)"


def test_errors_say_what_was_wrong(address, trained):
    utterance = trained.utterances["short"]
    inputs = inputs_of([Request(read_audio(utterance.audio_path), share_silence(utterance.words))])
    with pytest.raises(PredictionError, match="^num_words: expected numbers from 1"):
        connect(address).answer({**inputs, "num_words": np.array([0], np.int32)})
    with pytest.raises(ServerError, match="NOT_FOUND: Servable not found"):
        connect(f"{address}/nobody").answer(inputs)
    with pytest.raises(ServerError, match="UNAVAILABLE"):
        connect("grpc://127.0.0.1:9").answer(inputs)


def test_an_address_tells_its_protocol():
    assert isinstance(connect("http://localhost:8501"), RestServer)
    for url in ("localhost:8500", "ftp://x", "grpc://"):
        with pytest.raises(ServerError, match="expected http://HOST:PORT"):
            connect(url)
