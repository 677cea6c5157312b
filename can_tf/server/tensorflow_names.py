"""Metrics under the names that TensorFlow Serving 2.16 gives them, from the numbers that stand under ours.

    :tensorflow:serving:request_count     requests under /v1/models, by status; there under the code of gRPC
    :tensorflow:serving:request_latency   predictions that succeeded, in microseconds
    :tensorflow:serving:runtime_latency   runs of the graph, in microseconds

Departs from it: the buckets are ours; a malformed address is not counted; the counter has no type, since one whose name
does not end in `_total` can have none in prometheus_client.
"""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric, UntypedMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from can_tf.server.addresses import METADATA, PREDICT, STATUS

_PREFIX = ":tensorflow:serving:"
_MICROSECONDS = 1e6
_CODES = {  # Of gRPC, by HTTP's status; as TensorFlow Serving turns the one into the other.
    "200": "OK",
    "400": "INVALID_ARGUMENT",
    "403": "PERMISSION_DENIED",
    "404": "NOT_FOUND",
    "408": "DEADLINE_EXCEEDED",
    "413": "INVALID_ARGUMENT",
    "429": "RESOURCE_EXHAUSTED",
    "499": "CANCELLED",  # codespell:ignore
    "501": "UNIMPLEMENTED",
    "503": "UNAVAILABLE",
    "504": "DEADLINE_EXCEEDED",
}


class TensorFlowNames(Collector):
    """Gives a server's metrics other names.

    Args:
        model: The model's name.
        registry: Where ours are.
    """

    def __init__(self, model: str, registry: CollectorRegistry):
        self._model, self._registry = model, registry

    def collect(self) -> Iterable[Metric]:
        ours = {metric.name: metric for metric in self._registry.collect()}
        yield self._request_count(ours["can_tf_requests"])
        predictions = [
            sample
            for sample in ours["can_tf_request_seconds"].samples
            if (sample.labels["endpoint"], sample.labels["outcome"]) == (PREDICT, "ok")
        ]
        yield self._latency("request_latency", predictions, {"API": "predict", "entrypoint": "REST"})
        runs = ours["can_tf_model_seconds"].samples
        yield self._latency("runtime_latency", runs, {"API": "Predict", "runtime": "TF1"})

    def _request_count(self, requests: Metric) -> Metric:
        counts: Counter[str] = Counter()
        for sample in requests.samples:
            if sample.labels["endpoint"] in (PREDICT, STATUS, METADATA):
                counts[_CODES.get(sample.labels["status"], "INTERNAL")] += int(sample.value)
        family = UntypedMetricFamily(
            f"{_PREFIX}request_count", "The total number of requests.", labels=["model_name", "status"]
        )
        for code, count in sorted(counts.items()):
            family.add_metric([self._model, code], count)
        return family

    def _latency(self, name: str, seconds: Iterable[Sample], labels: dict[str, str]) -> Metric:
        """Returns a histogram in microseconds."""
        family = Metric(f"{_PREFIX}{name}", "Distribution of wall time, in microseconds.", "histogram")
        for sample in seconds:
            part = sample.name[sample.name.rindex("_") :]
            shown = {"model_name": self._model, **labels}
            if part == "_bucket":
                shown["le"] = _bound(sample.labels["le"])
            value = sample.value * _MICROSECONDS if part == "_sum" else sample.value
            family.add_sample(f"{_PREFIX}{name}{part}", shown, value)
        return family


def _bound(seconds: str) -> str:
    return seconds if seconds == "+Inf" else f"{float(seconds) * _MICROSECONDS:.0f}"
