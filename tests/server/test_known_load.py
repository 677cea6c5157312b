"""Every number of /metrics after requests that are known, as Prometheus's own parser reads it."""

import base64
import collections
import concurrent.futures
import contextlib
import importlib.metadata
import shutil
import threading
import time

import pytest
import requests

import can_tf
from can_tf.audio import wav_bytes
from can_tf.server.bodies import parsed
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.metrics import Metrics
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.conftest import wait_until
from tests.prediction.stand_ins import StandInFinder
from tests.running import running
from tests.server.conftest import COLUMNS, INSTANCE, SAMPLES, predict
from tests.server.page_questions import SPEECH, SPOKEN, ask
from tests.server.scraped import Samples, histogram, samples_in, scrape, series

pytestmark = pytest.mark.long

SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0]
LENGTHS = [0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0, 120.0, 600.0]
CONFIDENCES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]
LIMITS = RequestLimits(body_bytes=2**20, seconds=60.0, words=500, at_once=1, waiting=1)


@contextlib.contextmanager
def served(versions, limits=LIMITS):
    gate = Gate(limits)
    pages = try_it(versions, gate, StandInFinder())
    with running(create_app(versions, gate, pages=pages, hosts=[])) as address:
        yield address


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


def test_the_queue_is_seen_while_it_is_full_and_nobody_who_probes_waits_in_it(versions, monkeypatch):
    go_on = threading.Event()

    def slowly(content):
        assert go_on.wait(60)
        return parsed(content)

    monkeypatch.setattr("can_tf.server.rest.parsed", slowly)
    with served(versions) as address, concurrent.futures.ThreadPoolExecutor(2) as pool:
        try:
            answers = [pool.submit(predict, address, {"instances": [INSTANCE]}) for _ in range(2)]
            wait_until(lambda: scrape(address)[series("can_tf_queue_requests", queue="model")] == 2, seconds=30)
            assert scrape(address)[series("can_tf_requests_in_progress")] == 2
            refused = predict(address, {"instances": [INSTANCE]})
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
            for path in ("/healthz", "/readyz", "/v1/models/can"):
                assert requests.get(f"{address}{path}", timeout=10).status_code == 200
        finally:
            go_on.set()
        assert [answer.result().status_code for answer in answers] == [200, 200]
        found = scrape(address)
    assert found[series("can_tf_requests_total", endpoint="predict", status="503")] == 1
    assert found[series("can_tf_requests_in_progress")] == 0
    assert found[series("can_tf_queue_requests", queue="model")] == 0


def test_an_answer_that_takes_too_long_is_given_up(versions):
    with served(versions, RequestLimits(at_once=1, answer_seconds=0.001)) as address:
        body = {"instances": [INSTANCE] * 20}
        answer = predict(address, body)
        assert answer.status_code == 504
        assert "took longer than 0.001 s" in answer.json()["error"]
        assert "--time-limit" in answer.json()["error"]
        assert ask(address, audio=SPOKEN).status_code == 504
        found = scrape(address)
    assert found[series("can_tf_requests_total", endpoint="predict", status="504")] == 1
    assert not [name for name, _ in found if name == "can_tf_predictions_total"]


def test_a_request_whose_turn_does_not_come_is_given_up(versions, monkeypatch):
    go_on = threading.Event()

    def slowly(content):
        assert go_on.wait(60)
        return parsed(content)

    monkeypatch.setattr("can_tf.server.rest.parsed", slowly)
    limits = RequestLimits(at_once=1, waiting=5, answer_seconds=1.0)
    with served(versions, limits) as address, concurrent.futures.ThreadPoolExecutor(2) as pool:
        try:
            first = pool.submit(predict, address, {"instances": [INSTANCE]})
            wait_until(lambda: scrape(address)[series("can_tf_queue_requests", queue="model")] == 1, seconds=30)
            assert predict(address, {"instances": [INSTANCE]}).status_code == 504
        finally:
            go_on.set()
        assert first.result().status_code == 504  # Nothing was left for the graph.


def test_versions_that_are_loaded_and_not_loaded_are_seen(exported, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    versions, metrics = Versions(tmp_path / "can"), Metrics()
    metrics.watch(versions, lambda: True)
    shutil.copytree(exported.folder, tmp_path / "can" / "2")
    assert versions.refresh()
    (tmp_path / "can" / "3").mkdir()
    (tmp_path / "can" / "3" / "saved_model.pb").write_bytes(b"\x0a\x03abc")
    assert not versions.refresh()
    found = samples_in(metrics.text().decode())
    assert found[series("can_tf_model_version", model="can")] == 2
    assert found[series("can_tf_model_loads_total", outcome="ok")] == 2
    assert found[series("can_tf_model_loads_total", outcome="error")] == 1
