"""Every number of /metrics after requests that are known, as Prometheus's own parser reads it."""

import base64
import collections
import importlib.metadata
import shutil
import time

import pytest
import requests

import can_tf
from can_tf.audio import wav_bytes
from can_tf.server.versions import Versions
from tests.server.conftest import COLUMNS, INSTANCE, SAMPLES, predict
from tests.server.page_questions import SPEECH, SPOKEN, ask
from tests.server.scraped import Samples, histogram, scrape, series
from tests.server.served import served

pytestmark = pytest.mark.long

SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0]
LENGTHS = [0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0, 120.0, 600.0]
REQUESTS = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
CONFIDENCES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]


class Load:
    """Requests, and what they are known to add to the metrics."""

    def __init__(self, address):
        self.address = address
        self.statuses: collections.Counter[tuple[str, int]] = collections.Counter()
        self.labels: list[str] = []
        self.confidences: list[float] = []
        self.lengths: list[float] = []
        self.runs = self.turns = 0

    def count(self, endpoint, status, answer):
        assert answer.status_code == status, answer.text
        self.statuses[endpoint, status] += 1

    def predict(self, body, status, *, runs=0, turns=1, lengths=(), **settings):
        answer = predict(self.address, body, **settings)
        self.count("predict", status, answer)
        self.runs += runs
        self.turns += turns
        rows = answer.json().get("predictions", [])
        if "outputs" in answer.json():
            outputs = answer.json()["outputs"]
            rows = [{name: values[row] for name, values in outputs.items()} for row in range(len(outputs["label"]))]
        self.labels += [row["label"] for row in rows]
        self.confidences += [max(row["probabilities"]) for row in rows]
        self.lengths += lengths
        assert len(rows) == len(lengths)

    def get(self, endpoint, status, path, method="GET", **settings):
        self.count(endpoint, status, requests.request(method, self.address + path, timeout=60, **settings))

    def explain(self):
        answer = ask(self.address, audio=SPOKEN)
        self.count("explain", 200, answer)
        self.runs += 1
        self.turns += 1
        self.labels.append(answer.json()["label"])
        self.confidences.append(max(answer.json()["probabilities"].values()))
        self.lengths.append(len(can_tf.read_audio(SPEECH)) / 16_000)


def ask_everything(address):
    """Asks good and bad questions."""
    load = Load(address)
    half = base64.b64encode(wav_bytes(SAMPLES[:8_000])).decode()
    short = {**INSTANCE, "audio": {"b64": half}, "start": [0.0, 0.25], "end": [0.25, 0.5]}
    for _ in range(3):
        load.predict({"instances": [INSTANCE]}, 200, runs=1, lengths=[1.0])
    load.predict({"instances": [short, short]}, 200, runs=1, lengths=[0.5, 0.5])
    load.predict({"inputs": COLUMNS}, 200, runs=1, lengths=[1.0])
    load.predict(b"{", 400)  # It has its turn, in which it is read.
    load.predict({"instances": [{**INSTANCE, "num_words": 3}]}, 400, runs=1)  # The graph itself refuses it.
    load.predict(b" " * (2**20 + 1), 413, turns=0)
    load.predict({}, 403, turns=0, headers={"Origin": "https://evil.example"})
    load.get("predict", 404, "/v1/models/nobody:predict", "POST")
    load.get("status", 200, "/v1/models/can")
    load.get("status", 404, "/v1/models/can/versions/9")
    load.get("metadata", 200, "/v1/models/can/metadata")
    load.get("other", 400, "/v1/models/can:classify", "POST")
    load.get("other", 404, "/wp-login.php")
    load.get("other", 404, "/%00%1b")
    load.get("page", 200, "/")
    load.get("page", 200, "/try.js")
    load.get("explain", 405, "/explain")
    load.get("explain", 415, "/explain", "POST", data="{}")
    load.get("preflight", 405, "/explain", "OPTIONS")
    load.get("health", 200, "/healthz")
    load.get("health", 200, "/readyz")
    load.get("health", 403, "/readyz", headers={"Host": "evil.example"})
    load.explain()
    return load


def expected_of(load) -> Samples:
    """Returns all that is known, before anything is scraped: not how long the answers took."""
    found = {
        series("can_tf_requests_total", endpoint=endpoint, status=str(status)): float(count)
        for (endpoint, status), count in load.statuses.items()
    }
    outcomes: collections.Counter[tuple[str, str]] = collections.Counter()
    for (endpoint, status), count in load.statuses.items():
        outcomes[endpoint, "ok" if status < 400 else "error"] += count
    for (endpoint, outcome), count in outcomes.items():
        found[series("can_tf_request_seconds_count", endpoint=endpoint, outcome=outcome)] = float(count)
    found[series("can_tf_queue_seconds_count")] = float(load.turns)
    found[series("can_tf_model_seconds_count")] = float(load.runs)
    found |= histogram("can_tf_run_requests", [1.0] * load.runs, REQUESTS)
    found[series("can_tf_run_requests_sum")] = float(load.runs)
    for label, count in collections.Counter(load.labels).items():
        found[series("can_tf_predictions_total", label=label)] = float(count)
    found |= histogram("can_tf_confidence", load.confidences, CONFIDENCES)
    found |= histogram("can_tf_recording_seconds", load.lengths, LENGTHS)
    found |= {
        series("can_tf_requests_in_progress"): 0.0,
        series("can_tf_build_info", version=importlib.metadata.version("can_tf")): 1.0,
        series("can_tf_ready"): 1.0,
        series("can_tf_model_version", model="can"): 1.0,
        series("can_tf_model_loads_total", outcome="ok"): 1.0,
        series("can_tf_model_loads_total", outcome="error"): 0.0,
    }
    for queue, capacity in (("model", 2.0), ("page", 9.0)):
        found[series("can_tf_queue_requests", queue=queue)] = 0.0
        found[series("can_tf_queue_capacity", queue=queue)] = capacity
    return found


def check_times(found: Samples, seconds: float) -> set:
    """Checks sums and buckets of times, and returns which series they are."""
    checked = set()
    for (name, labels), count in found.items():
        if name not in [f"can_tf_{of}_seconds_count" for of in ("request", "queue", "model")]:
            continue
        family = name.removesuffix("_count")
        assert 0 < found[f"{family}_sum", labels] < seconds
        buckets = [found[f"{family}_bucket", labels | {("le", str(bound))}] for bound in [*SECONDS, "+Inf"]]
        assert buckets == sorted(buckets)
        assert buckets[-1] == count
        checked |= {(f"{family}_sum", labels)}
        checked |= {(f"{family}_bucket", labels | {("le", str(bound))}) for bound in [*SECONDS, "+Inf"]}
    return checked


def test_every_number_is_right_after_a_known_load(exported, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    started = time.monotonic()
    with served(Versions(tmp_path / "can")) as address:
        load = ask_everything(address)
        found = scrape(address)
        monitoring = scrape(address, "/monitoring/prometheus/metrics")
    seconds = time.monotonic() - started
    expected = expected_of(load)
    known = {key: found[key] for key in expected}
    assert known == expected
    sums = {series("can_tf_confidence_sum"): sum(load.confidences)}
    sums[series("can_tf_recording_seconds_sum")] = sum(load.lengths)
    assert {key: found[key] for key in sums} == pytest.approx(sums)
    rest = found.keys() - expected.keys() - sums.keys() - check_times(found, seconds)
    assert {name.partition("_")[0] for name, _ in rest} == {"process"}
    check_tensorflow_names(monitoring, found, load)


def check_tensorflow_names(monitoring: Samples, ours: Samples, load) -> None:
    """The other address has the same numbers, and some under TensorFlow Serving's names too."""
    codes = {200: "OK", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 413: "INVALID_ARGUMENT"}
    counts: collections.Counter[str] = collections.Counter()
    for (endpoint, status), count in load.statuses.items():
        if endpoint in ("predict", "status", "metadata"):
            counts[codes[status]] += count
    of = ":tensorflow:serving:"
    for code, count in counts.items():
        assert monitoring[series(f"{of}request_count", model_name="can", status=code)] == count
    predicted = {"endpoint": "predict", "outcome": "ok"}
    for name, labels, our_name, our_labels in (
        ("request_latency", {"API": "predict", "entrypoint": "REST"}, "can_tf_request_seconds", predicted),
        ("runtime_latency", {"API": "Predict", "runtime": "TF1"}, "can_tf_model_seconds", {}),
    ):
        labels = {**labels, "model_name": "can"}
        assert monitoring[series(f"{of}{name}_count", **labels)] == ours[series(f"{our_name}_count", **our_labels)]
        microseconds = 1e6 * ours[series(f"{our_name}_sum", **our_labels)]
        assert monitoring[series(f"{of}{name}_sum", **labels)] == pytest.approx(microseconds)
        for bound in SECONDS:
            theirs = monitoring[series(f"{of}{name}_bucket", le=f"{bound * 1e6:.0f}", **labels)]
            assert theirs == ours[series(f"{our_name}_bucket", le=str(bound), **our_labels)]
    shared = {key for key in ours if not key[0].startswith("process_")}
    asked = series("can_tf_requests_total", endpoint="metrics", status="200")
    assert monitoring[asked] == 1.0  # The scrape before.
    of_scrapes = {key for key in monitoring if ("endpoint", "metrics") in key[1]}
    assert {key: monitoring[key] for key in shared} == {key: ours[key] for key in shared}
    extra = {key for key in monitoring.keys() - shared - of_scrapes if not key[0].startswith("process_")}
    assert all(name.startswith(of) for name, _ in extra)
