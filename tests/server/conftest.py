"""A server of TensorFlow Serving's REST contract, and requests to it."""

import base64
import json
import shutil

import numpy as np
import pytest
import requests

from can_tf.audio import wav_bytes
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.running import running

LIMITS = RequestLimits(body_bytes=80 * 2**20, values=2_000_000, seconds=60.0, words=500, at_once=2, waiting=64)
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


@pytest.fixture(scope="module")
def versions(model_folder) -> Versions:
    return Versions(model_folder)
