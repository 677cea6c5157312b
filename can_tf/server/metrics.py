"""What `can-tf serve` counts and measures for Prometheus.

One process serves, so the numbers are kept in its memory: none of prometheus_client's files for several processes. No
label takes its values from what clients send, so the number of series is bounded.
"""

import contextlib
import importlib.metadata
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from can_tf.server.tensorflow_names import TensorFlowNames

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OK, ERROR = "ok", "error"  # How requests and loads of versions end.
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_RECORDING_SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0, 120.0, 600.0)
_REQUESTS_OF_A_RUN = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_MOST_LABELS = 64  # Of all versions that were served; those of further ones are counted together.
_LONGEST_LABEL = 64
_OTHER_LABELS = "other"

prometheus_client.disable_created_metrics()  # Else each series has another one with the time of its first value.


class Queue(Protocol):
    """Requests that were let in, and the number beyond which others are turned away."""

    @property
    def inside(self) -> int: ...

    @property
    def capacity(self) -> int: ...


class Metrics:
    """Counts and durations of one server.

    Attributes:
        under_way: Requests that are not answered yet, but for those of probes and of Prometheus.

    Example:
        >>> metrics = Metrics()
        >>> metrics.answered("predict", 200, seconds=0.02)
        >>> 'can_tf_requests_total{endpoint="predict",status="200"} 1.0' in metrics.text().decode()
        True
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "can_tf_requests", "Requests by their answers' status.", ["endpoint", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "can_tf_request_seconds",
            "Time from a request's headers to the end of its answer.",
            ["endpoint", "outcome"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._queue_seconds = self._histogram(
            "queue_seconds", "Time that requests for predictions waited for their turn.", _REQUEST_SECONDS
        )
        self._model_seconds = self._histogram("model_seconds", "Time of a run of the graph.", _REQUEST_SECONDS)
        self._run_requests = self._histogram(
            "run_requests", "Requests that a run of the graph was for.", _REQUESTS_OF_A_RUN
        )
        self._predictions = Counter("can_tf_predictions", "Predictions by label.", ["label"], registry=registry)
        self._confidence = self._histogram("confidence", "Confidence of predictions.", _CONFIDENCES)
        self._recording_seconds = self._histogram(
            "recording_seconds", "Length of the recordings that were predicted.", _RECORDING_SECONDS
        )
        self._in_progress = Gauge("can_tf_requests_in_progress", "Requests under way, probes aside.", registry=registry)
        self._in_progress.set_function(lambda: self.under_way)
        self._state = _State()
        registry.register(self._state)
        _show_process(registry)
        self._monitoring = CollectorRegistry()
        self.under_way = 0
        self._labels: set[str] = set()
        self._lock = threading.Lock()

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        """Returns a histogram without labels."""
        return Histogram(f"can_tf_{name}", about, buckets=buckets, registry=self._registry)

    def watch_queue(self, name: str, queue: Queue) -> None:
        """Shows from now on how full a queue is."""
        self._state.queues[name] = queue

    def watch(self, versions: Any, is_ready: Callable[[], bool]) -> None:
        """Shows from now on which version of a model is served, and whether the server is ready.

        Args:
            versions: `can_tf.server.versions.Versions`.
            is_ready: Tells it.
        """
        self._state.versions, self._state.is_ready = versions, is_ready
        self._monitoring.register(TensorFlowNames(versions.name, self._registry))

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Counts a request as under way until the block ends. For the event loop's thread."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def answered(self, endpoint: str, status: int, *, seconds: float) -> None:
        """Counts a request that was answered, or given up."""
        self._requests.labels(endpoint, str(status)).inc()
        self._request_seconds.labels(endpoint, OK if status < 400 else ERROR).observe(seconds)

    def waited(self, seconds: float) -> None:
        """Counts the time that a request waited for its turn."""
        self._queue_seconds.observe(seconds)

    def ran(self, seconds: float, requests: int) -> None:
        """Counts the time that the graph took for a batch, and the requests in it."""
        self._model_seconds.observe(seconds)
        self._run_requests.observe(requests)

    def predicted(self, outputs: Mapping[str, np.ndarray], recording_seconds: Iterable[float]) -> None:
        """Counts predictions.

        Args:
            outputs: Of a signature that predicts: `label` and probabilities.
            recording_seconds: Length of each recording; none where that is not known.
        """
        confidences = outputs.get("calibrated_probabilities", outputs["probabilities"]).max(axis=-1)
        for label, confidence in zip(outputs["label"], confidences, strict=True):
            self._predictions.labels(self._bounded(label.decode("utf-8", "replace"))).inc()
            self._confidence.observe(min(float(confidence), 1.0))  # Sums of float32 miss 1 by a little.
        for seconds in recording_seconds:
            self._recording_seconds.observe(seconds)

    def text(self) -> bytes:
        """Returns all of it in Prometheus's text format."""
        return prometheus_client.generate_latest(self._registry)

    def monitoring_text(self) -> bytes:
        """Returns the same, and what TensorFlow Serving counts too also under its names."""
        return prometheus_client.generate_latest(self._monitoring)

    def _bounded(self, label: str) -> str:
        label = label[:_LONGEST_LABEL]
        with self._lock:
            if label not in self._labels and len(self._labels) >= _MOST_LABELS:
                return _OTHER_LABELS
            self._labels.add(label)
        return label


class _State(Collector):
    """What is not counted but looked at when somebody asks."""

    def __init__(self) -> None:
        self.queues: dict[str, Queue] = {}
        self.versions: Any = None
        self.is_ready: Callable[[], bool] | None = None

    def collect(self) -> Iterable[Metric]:
        inside = GaugeMetricFamily(
            "can_tf_queue_requests", "Requests that were let in: those that run, and those that wait.", labels=["queue"]
        )
        capacity = GaugeMetricFamily(
            "can_tf_queue_capacity", "Requests beyond which others are turned away (503).", labels=["queue"]
        )
        for name, queue in self.queues.items():
            inside.add_metric([name], queue.inside)
            capacity.add_metric([name], queue.capacity)
        yield inside
        yield capacity
        if self.is_ready is not None:
            yield GaugeMetricFamily("can_tf_ready", "1 where /readyz says so.", value=int(self.is_ready()))
        if self.versions is not None:
            yield from _version_metrics(self.versions)


def _show_process(registry: CollectorRegistry) -> None:
    """Shows the version of can_tf, and what the process takes."""
    version = importlib.metadata.version("can_tf")
    Info("can_tf_build", "Version of can_tf.", registry=registry).info({"version": version})
    ProcessCollector(registry=registry)


def _version_metrics(versions: Any) -> Iterable[Metric]:
    # A number and no label: a server that takes up a version every hour would have a new series each time.
    number = GaugeMetricFamily("can_tf_model_version", "Version that is served.", labels=["model"])
    number.add_metric([versions.name], versions.current.number)
    yield number
    loads = CounterMetricFamily("can_tf_model_loads", "Versions that were loaded, or could not be.", labels=["outcome"])
    for outcome, count in versions.loads.items():
        loads.add_metric([outcome], count)
    yield loads
