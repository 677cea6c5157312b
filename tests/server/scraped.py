"""What stands in Prometheus's text format, as Prometheus reads it."""

import requests
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset], float]


def samples_in(text: str) -> Samples:
    """Returns the value of each series."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(address: str, path: str = "/metrics") -> Samples:
    """Returns the value of each series of a server."""
    answer = requests.get(f"{address}{path}", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples_in(answer.text)


def series(name: str, **labels: str) -> tuple[str, frozenset]:
    return name, frozenset(labels.items())


def histogram(name: str, values: list[float], bounds: list[float], **labels: str) -> Samples:
    """Returns the buckets and the number of values that a histogram of them has; not their sum."""
    found = {
        series(f"{name}_bucket", le=str(bound), **labels): float(sum(value <= bound for value in values))
        for bound in bounds
    }
    found[series(f"{name}_bucket", le="+Inf", **labels)] = float(len(values))
    found[series(f"{name}_count", **labels)] = float(len(values))
    return found
