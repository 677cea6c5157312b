"""What those ask who run `can-tf serve`: probes and Prometheus. None of it waits for predictions.

GET /healthz   200 as long as the process answers
GET /readyz    200 while a version is loaded and the server is not about to end, else 503
GET /metrics   Prometheus's text format
GET /monitoring/prometheus/metrics   the same, and what TensorFlow Serving counts too also under its names
"""

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from can_tf.server.addresses import ALIVE_PATH, METRICS_PATH, MONITORING_PATH, READY_PATH
from can_tf.server.draining import Draining
from can_tf.server.metrics import CONTENT_TYPE, Metrics
from can_tf.server.replies import RETRY_AFTER
from can_tf.server.versions import Versions


def operation_routes(versions: Versions, metrics: Metrics, draining: Draining) -> list[Route]:
    """Returns the addresses."""
    one = anyio.CapacityLimiter(1)  # Metrics take milliseconds to write, in which probes shall not wait.

    async def alive(request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def ready(request: Request) -> Response:
        if draining.is_on:
            return JSONResponse({"ready": False, "reason": "the server is about to end"}, 503, RETRY_AFTER)
        return JSONResponse({"ready": True, "versions": {versions.name: versions.current.number}})

    async def ours(request: Request) -> Response:
        text = await anyio.to_thread.run_sync(metrics.text, limiter=one)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    async def monitoring(request: Request) -> Response:
        text = await anyio.to_thread.run_sync(metrics.monitoring_text, limiter=one)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    answers = {ALIVE_PATH: alive, READY_PATH: ready, METRICS_PATH: ours, MONITORING_PATH: monitoring}
    return [Route(path, answer, methods=["GET"]) for path, answer in answers.items()]
