"""What is counted, and that the number of series is bounded; `test_known_load` asks a server."""

import numpy as np
import pytest

from can_tf.server.addresses import endpoint_of
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.metrics import Metrics
from can_tf.server.runs import recording_seconds
from tests.server.scraped import samples_in, series

PAGES = {"/": "page", "/explain": "explain"}


def outputs(labels, probabilities, **more):
    return {
        "label": np.array([label.encode() for label in labels], object),
        "probabilities": np.array(probabilities, np.float32),
        **{name: np.array(values, np.float32) for name, values in more.items()},
    }


def shown(metrics):
    return samples_in(metrics.text().decode())


def test_predictions_are_counted_by_label_confidence_and_length():
    metrics = Metrics()
    metrics.predicted(outputs(["sad", "hap", "sad"], [[0.25, 0.75], [0.5, 0.5], [1.0000001, 0.0]]), [1.5, 2.0, 700.0])
    found = shown(metrics)
    assert found[series("can_tf_predictions_total", label="sad")] == 2
    assert found[series("can_tf_predictions_total", label="hap")] == 1
    confidences = {"0.4": 0, "0.5": 1, "0.7": 1, "0.8": 2, "0.95": 2, "1.0": 3, "+Inf": 3}
    assert {bound: found[series("can_tf_confidence_bucket", le=bound)] for bound in confidences} == confidences
    assert found[series("can_tf_confidence_sum")] == pytest.approx(2.25)
    lengths = {"1.0": 0, "2.0": 2, "600.0": 2, "+Inf": 3}
    assert {bound: found[series("can_tf_recording_seconds_bucket", le=bound)] for bound in lengths} == lengths
    assert found[series("can_tf_recording_seconds_sum")] == pytest.approx(703.5)


def test_confidence_is_calibrated_where_the_model_is():
    metrics = Metrics()
    metrics.predicted(outputs(["sad"], [[0.9, 0.1]], calibrated_probabilities=[[0.625, 0.375]]), [])
    assert shown(metrics)[series("can_tf_confidence_sum")] == pytest.approx(0.625)


def test_labels_of_ever_new_models_do_not_become_ever_more_series():
    metrics = Metrics()
    for number in range(500):
        metrics.predicted(outputs([f"label {number}" + "x" * 1000], [[1.0]]), [])
    counts = {labels: value for (name, labels), value in shown(metrics).items() if name == "can_tf_predictions_total"}
    assert len(counts) == 65
    assert counts[frozenset({("label", "other")})] == 500 - 64
    assert max(len(dict(labels)["label"]) for labels in counts) == 64


@pytest.mark.parametrize(
    "method, path, expected",
    [
        ("POST", "/v1/models/can:predict", "predict"),
        ("POST", "/v1/models/nobody/labels/canary:predict", "predict"),
        ("POST", "/V1/MODELS/can:PREDICT", "predict"),
        ("GET", "/v1/models/can/versions/3", "status"),
        ("GET", "/v1/models/can/metadata", "metadata"),
        ("POST", "/v1/models/can:classify", "other"),
        ("GET", "/v1/nothing", "other"),
        ("GET", "/", "page"),
        ("DELETE", "/explain", "explain"),
        ("OPTIONS", "/explain", "preflight"),
        ("GET", "/healthz", "health"),
        ("GET", "/readyz", "health"),
        ("GET", "/metrics", "metrics"),
        ("GET", "/monitoring/prometheus/metrics", "metrics"),
        ("GET", "/metrics/", "other"),
        ("BREW", "/\x1b[2J", "other"),
    ],
)
def test_an_address_has_one_of_few_names(method, path, expected):
    assert endpoint_of(method, path, PAGES) == expected


def test_the_length_of_recordings_is_known_by_every_signature():
    from can_tf.audio import wav_bytes

    audio = np.array([wav_bytes(np.zeros(8_000)), wav_bytes(np.zeros(16_000))], object)
    assert recording_seconds({"audio": audio}, None) == [0.5, 1.0]
    padded = {"waveform": np.zeros((2, 32_000)), "num_samples": np.array([16_000, 32_000], np.int32)}
    assert recording_seconds(padded, None) == [1.0, 2.0]
    frames = {"segment_frames": np.array([[50, 25, 0], [100, 50, 50]], np.int32)}
    assert recording_seconds(frames, 100.0) == [0.75, 2.0]
    assert recording_seconds(frames, None) == []


def test_queues_are_shown_as_they_are():
    metrics = Metrics()
    gate = Gate(RequestLimits(at_once=2, waiting=5), metrics)
    Gate(RequestLimits(at_once=1, waiting=0), metrics, "page")
    gate.inside = 3
    found = shown(metrics)
    assert found[series("can_tf_queue_requests", queue="model")] == 3
    assert found[series("can_tf_queue_capacity", queue="model")] == 7
    assert found[series("can_tf_queue_requests", queue="page")] == 0
    assert found[series("can_tf_queue_capacity", queue="page")] == 1
