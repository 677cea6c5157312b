"""Those who answer: a SavedModel in this process, and TensorFlow Serving over REST or gRPC.

Each takes a signature's inputs by name and returns its outputs by name. `can-tf serve` speaks
the same REST contract, so `RestServer` is the client of both.
"""

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np

from can_tf.errors import ExportError, PredictionError, ServerError
from can_tf.prediction.requests import SIGNATURE

Arrays = Mapping[str, np.ndarray]

_DEFAULT_MODEL = "can"
_CHECKED = re.compile(r"assertion failed: \[([^\]]*)\]((?: ?\[[^{\n]*\])?)")  # A message, then values in brackets.
_NOT_TELLING = ("Graph execution error", "Detected at node", "<stack traces", "[[")
_SECONDS = 60.0
_GRPC_BYTES = 2**31 - 1  # gRPC's own limit of 4 MB for a reply is soon reached by attention over long batches.


class Backend(Protocol):
    """Answers a batch."""

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature for a batch of inputs.

        Raises:
            PredictionError: The inputs were refused.
            ServerError: Nobody answers, or not as a model of can_tf does.
        """
        ...


def version_folders(folder: Path) -> list[Path]:
    """Returns the versions in a model's folder: folders named by a number, each with a SavedModel."""
    return [path for path in folder.glob("*") if path.name.isdecimal() and (path / "saved_model.pb").is_file()]


def newest_version(path: Path) -> Path:
    """Returns a version's folder: `path` itself, or the largest number in it.

    Raises:
        ExportError: There is none.
    """
    if (path / "saved_model.pb").is_file():
        return path
    versions = version_folders(path)
    if not versions:
        raise ExportError(
            f"{path}: holds no exported model. Give another folder, or make one with: can-tf export RUN --out {path}"
        )
    return max(versions, key=lambda folder: int(folder.name))


class LocalModel:
    """A SavedModel in this process.

    Args:
        version: `can_tf.prediction.saved_model.LoadedVersion`.

    Raises:
        ExportError: It is not one of can_tf.
    """

    def __init__(self, version: Any):
        self.folder: Path = version.folder
        self._version = version
        if SIGNATURE not in version.definitions:
            raise ExportError(f"{self.folder}: has no signature {SIGNATURE}. Export it again.")

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        if signature not in self._version.definitions:
            raise ExportError(f"{self.folder}: has no signature {signature}. Export it again.")
        with refusals_as_errors():
            return self._version.run(signature, inputs)


@contextlib.contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Raises PredictionError where the graph, in this process, refuses its inputs."""
    import tensorflow as tf

    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError, tf.errors.OutOfRangeError) as error:
        raise PredictionError(reason_of(error.message)) from error
    except UnicodeDecodeError as error:  # A refusal that quotes bytes which are no text.
        raise PredictionError(reason_of(error.object.decode("utf-8", "backslashreplace"))) from error


def open_model(path: Path) -> LocalModel:
    """Returns a SavedModel.

    Args:
        path: A version's folder, or a model's, whose newest version is taken.

    Raises:
        ExportError: There is none, or it cannot be loaded.
    """
    from can_tf.prediction.saved_model import LoadedVersion

    return LocalModel(LoadedVersion(newest_version(path)))


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
        self._url = url.rstrip("/") + ("" if path else f"/v1/models/{_DEFAULT_MODEL}") + ":predict"

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        import requests

        body = {"signature_name": signature, "inputs": {name: _as_json(values) for name, values in inputs.items()}}
        try:
            response = self._session.post(self._url, data=json.dumps(body), timeout=_SECONDS)
        except requests.RequestException as error:
            raise ServerError(f"{self._url}: cannot be reached ({_first_line(error)}). Is the server up?") from error
        return self._outputs(response)

    def close(self) -> None:
        """Ends its connection."""
        self._session.close()

    def _outputs(self, response: Any) -> dict[str, np.ndarray]:
        try:
            answer = response.json()
        except (ValueError, RecursionError) as error:
            raise ServerError(
                f"{self._url}: answered {response.status_code} without JSON; expected TensorFlow Serving"
            ) from error
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

    def answer(self, inputs: Arrays, signature: str = SIGNATURE) -> dict[str, np.ndarray]:
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self._model, signature
        for name, values in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
        try:
            response = self._stub.Predict(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE):
                raise PredictionError(reason_of(error.details())) from error
            raise ServerError(f"{self._url}: {error.code().name}: {_first_line(error.details())}") from error
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


def reason_of(message: str) -> str:
    """Returns what the graph says of a refused input, without the names of the nodes that say it."""
    if checked := _CHECKED.search(message):
        text, values = checked.groups()
        return f"{text} {' '.join(values.split())}".rstrip()
    lines = [line.strip() for line in message.splitlines()]
    telling = [line for line in lines if line and not line.startswith(_NOT_TELLING)]
    return telling[0] if telling else "the inputs were refused"
