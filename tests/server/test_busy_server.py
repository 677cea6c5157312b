"""What a server shows and does when requests wait, or take too long; and what it shows of versions and root paths."""

import concurrent.futures
import re
import shutil
import threading

import pytest
import requests

from can_tf.server.bodies import parsed
from can_tf.server.gate import RequestLimits
from can_tf.server.metrics import Metrics
from can_tf.server.versions import Versions
from tests.conftest import wait_until
from tests.server.conftest import INSTANCE, predict
from tests.server.page_questions import SPOKEN, ask
from tests.server.scraped import samples_in, scrape, series
from tests.server.served import served

pytestmark = pytest.mark.long


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


def test_everything_is_there_under_a_root_path_and_the_page_asks_there(versions):
    with served(versions, root_path="/emotions") as address:
        page = requests.get(f"{address}/emotions/", timeout=30).text
        files = re.findall(r'(?:src|href)="([^":]+)"', page)
        scripts = [requests.get(f"{address}/emotions/{name}", timeout=30) for name in files]
        assert len(scripts) == 9
        assert all(script.status_code == 200 for script in scripts)
        asked = re.findall(r'(?:fetch|send)\("([^"]+)"', "".join(script.text for script in scripts))
        assert sorted(asked) == ["example.wav", "explain", "live", "page.html"]  # Relative: to where the page is.
        assert ask(f"{address}/emotions", audio=SPOKEN).status_code == 200
        assert predict(f"{address}/emotions", {"instances": [INSTANCE]}).status_code == 200
        for path in ("/healthz", "/readyz", "/v1/models/can"):
            assert requests.get(f"{address}/emotions{path}", timeout=30).status_code == 200
        found = scrape(f"{address}/emotions")
    for endpoint, count in (("page", 10), ("explain", 1), ("predict", 1), ("health", 2), ("status", 1)):
        assert found[series("can_tf_requests_total", endpoint=endpoint, status="200")] == count


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
