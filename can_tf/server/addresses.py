"""The addresses of `can-tf serve`, and the names under which metrics count them: few, whatever clients ask for."""

import re
from collections.abc import Mapping

MODEL_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d{1,18})|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>/metadata|:predict|:classify|:regress)?",
    re.IGNORECASE,
)
ALIVE_PATH, READY_PATH = "/healthz", "/readyz"
METRICS_PATH, MONITORING_PATH = "/metrics", "/monitoring/prometheus/metrics"

PREDICT, STATUS, METADATA = "predict", "status", "metadata"
HEALTH, METRICS = "health", "metrics"
_PREFLIGHT, _OTHER = "preflight", "other"
_OPERATION = {ALIVE_PATH: HEALTH, READY_PATH: HEALTH, METRICS_PATH: METRICS, MONITORING_PATH: METRICS}
_OF_MODELS = {None: STATUS, "/metadata": METADATA, ":predict": PREDICT}


def is_operation(path: str) -> bool:
    """Tells whether an address is for those who run the server: probes and Prometheus."""
    return path in _OPERATION


def endpoint_of(method: str, path: str, pages: Mapping[str, str]) -> str:
    """Returns the name that a request is counted under.

    Args:
        method: Of HTTP.
        path: Without the root path.
        pages: Names of further addresses.

    Example:
        >>> endpoint_of("POST", "/v1/models/can/versions/3:predict", {})
        'predict'
        >>> endpoint_of("GET", "/wp-login.php", {"/": "page"})
        'other'
    """
    if method == "OPTIONS":
        return _PREFLIGHT
    match = MODEL_PATH.fullmatch(path)
    if match:
        what = match["what"]
        return _OF_MODELS.get(what and what.lower(), _OTHER)
    return _OPERATION.get(path) or pages.get(path, _OTHER)


def without_root(path: str, root: str) -> str:
    """Returns a path without the one under which a proxy serves everything; one without it as it is.

    Example:
        >>> without_root("/emotions/v1/models/can", "/emotions"), without_root("/healthz", "/emotions")
        ('/v1/models/can', '/healthz')
    """
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
