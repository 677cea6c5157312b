"""TensorFlow Serving as a backend, over REST or gRPC. `can-tf serve` speaks the same REST contract."""

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from can_tf.alignment.word import Word
from can_tf.errors import PredictionError, ServerError
from can_tf.prediction.answers import predictions_of
from can_tf.prediction.backends import Arrays, Backend, reason_of
from can_tf.prediction.description import About
from can_tf.prediction.requests import SIGNATURE, Request, inputs_of
from can_tf.samples import SAMPLE_RATE_HZ

_DEFAULT_MODEL = "can"
_SECONDS = 60.0
_LONGEST_VERSION = 18  # In digits.
_GRPC_BYTES = 2**31 - 1  # gRPC's own limit of 4 MB for a reply is soon reached by attention over long batches.


class RestServer:
    """A server that speaks TensorFlow Serving's REST contract.

    Args:
        url: `http://host:port`, perhaps with a path such as `/v1/models/can/labels/canary`; without one, the model is
            `can`.
    """

    def __init__(self, url: str):
        import requests

        self._session = requests.Session()  # Keeps its connection.
        path = urlsplit(url).path.rstrip("/")
        self._model = url.rstrip("/") + ("" if path else f"/v1/models/{_DEFAULT_MODEL}")
        self._url = f"{self._model}:predict"

    def __str__(self) -> str:
        return self._model

    def about(self) -> About:
        url = f"{self._model}/metadata"
        version = self._version(url, self._asked("GET", url))
        request = _something()
        return About(_labels_in(self.answer(inputs_of([request])), request), version)

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        return self._outputs(self._asked("POST", self._url, body_of(inputs, signature)))

    def _asked(self, method: str, url: str, body: str | None = None) -> Any:
        import requests

        try:
            return self._session.request(method, url, data=body, timeout=_SECONDS)
        except requests.RequestException as error:
            raise ServerError(f"{url}: cannot be reached ({_first_line(error)}). Is the server up?") from error

    def close(self) -> None:
        """Ends its connection."""
        self._session.close()

    def _version(self, url: str, response: Any) -> int | None:
        """Returns the version that a model's metadata tell; None where they tell none."""
        answer = self._json(url, response)
        spec = answer.get("model_spec") if isinstance(answer, dict) else None
        if response.status_code != 200 or not isinstance(spec, dict):
            raise ServerError(f"{url}: answered {response.status_code}: {_first_line(answer)[:300]}")
        version = str(spec.get("version"))
        return int(version) if version.isdecimal() and len(version) <= _LONGEST_VERSION else None

    def _json(self, url: str, response: Any) -> Any:
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            raise ServerError(
                f"{url}: answered {response.status_code} without JSON; expected TensorFlow Serving"
            ) from error

    def _outputs(self, response: Any) -> dict[str, np.ndarray]:
        answer = self._json(self._url, response)
        if response.status_code == 200 and isinstance(answer, dict) and isinstance(answer.get("outputs"), dict):
            return {name: self._array(name, values) for name, values in answer["outputs"].items()}
        message = answer.get("error", answer) if isinstance(answer, dict) else answer
        if response.status_code == 400:
            raise PredictionError(reason_of(str(message)))
        raise ServerError(f"{self._url}: answered {response.status_code}: {_first_line(message)}")

    def _array(self, name: str, values: Any) -> np.ndarray:
        try:
            return np.array(values)
        except (ValueError, OverflowError, RecursionError) as error:
            raise ServerError(f"{self._url}: answered with {ascii(name)[:60]} of no shape; expected numbers") from error


def body_of(inputs: Arrays, signature: str = SIGNATURE) -> str:
    """Returns the body of a request for predictions, in columns.

    Example:
        >>> body_of({"num_words": np.array([2])})
        '{"signature_name": "serving_default", "inputs": {"num_words": [2]}}'
    """
    return json.dumps(
        {"signature_name": signature, "inputs": {name: _as_json(values) for name, values in inputs.items()}}
    )


def _as_json(values: np.ndarray) -> Any:
    if values.dtype != object:
        return values.tolist()
    return [
        _as_json(value)
        if isinstance(value, np.ndarray)
        else {"b64": base64.b64encode(value).decode()}
        if isinstance(value, bytes)
        else value
        for value in values
    ]


class GrpcServer:
    """TensorFlow Serving over gRPC.

    Args:
        url: `grpc://host:port`, perhaps with `/NAME`; without it, the model is `can`.
    """

    def __init__(self, url: str):
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        parts = urlsplit(url)
        self._url, self._model = url, parts.path.strip("/") or _DEFAULT_MODEL
        options = [("grpc.max_receive_message_length", _GRPC_BYTES), ("grpc.max_send_message_length", _GRPC_BYTES)]
        channel = grpc.insecure_channel(parts.netloc, options)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def __str__(self) -> str:
        return f"{self._url} (model {self._model})"

    def about(self) -> About:
        asked = _something()
        response = self._response(inputs_of([asked]), SIGNATURE)
        spec = response.model_spec
        version = int(spec.version.value) if spec.HasField("version") else None
        return About(_labels_in(_arrays_of(response), asked), version)

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        return _arrays_of(self._response(inputs, signature))

    def _response(self, inputs: Arrays, signature: str) -> Any:
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self._model, signature
        for name, values in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
        try:
            return self._stub.Predict(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE):
                raise PredictionError(reason_of(error.details())) from error
            raise ServerError(f"{self._url}: {error.code().name}: {_first_line(error.details())}") from error


def _arrays_of(response: Any) -> dict[str, np.ndarray]:
    """Returns the outputs in an answer over gRPC."""
    import tensorflow as tf

    return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}


def connect(url: str) -> Backend:
    """Returns the client of a server, by the scheme of its address.

    Raises:
        ServerError: It is neither `http://`, `https://` nor `grpc://`.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.netloc:
        return RestServer(url)
    if parts.scheme == "grpc" and parts.netloc:
        return GrpcServer(url)
    raise ServerError(f"{url}: expected http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT")


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _something() -> Request:
    """Returns what to ask a server about to know its labels, which it says in answers alone."""
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE_HZ // 2)
    return Request(noise.astype(np.float32), (Word("a", 0.0, 0.5),))


def _labels_in(outputs: Arrays, request: Request) -> tuple[str, ...]:
    [prediction] = predictions_of(outputs, [request])
    return tuple(prediction.probabilities)
