"""Requests that a server answers together have the answers that they have alone."""

import concurrent.futures
import itertools
import threading

import numpy as np
import pytest

from can_tf.alignment.spans import share_silence
from can_tf.audio import read_audio
from can_tf.prediction.requests import Request, inputs_of
from can_tf.prediction.saved_model import LoadedVersion
from can_tf.prediction.servers import RestServer
from can_tf.server.draining import Draining
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.joiner import Joiner
from can_tf.server.rest import create_app
from can_tf.server.versions import Version
from tests.conftest import wait_until
from tests.running import running
from tests.server.conftest import INSTANCE, predict
from tests.server.scraped import scrape, series
from tests.server.served import served

pytestmark = pytest.mark.long

LIMITS = RequestLimits(at_once=1, waiting=64)


class Held:
    """Keeps the first run of the graph until it may go on. `asked`: questions that were read."""

    def __init__(self, monkeypatch):
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        run = LoadedVersion.run

        def held(*arguments, **settings):
            self.begun.set()
            assert self.may_go_on.wait(60)
            return run(*arguments, **settings)

        monkeypatch.setattr(Version, "run", held)
        self.asked = 0
        answer = Joiner.answer

        def counted(*arguments):
            self.asked += 1
            return answer(*arguments)

        monkeypatch.setattr(Joiner, "answer", counted)


def asked_behind_another(address, held, questions):
    """Returns what the questions are answered that wait while another one is."""
    with concurrent.futures.ThreadPoolExecutor(len(questions) + 1) as pool:
        try:
            first = pool.submit(predict, address, {"instances": [INSTANCE]})
            assert held.begun.wait(60)
            answers = [pool.submit(question) for question in questions]
            wait_until(lambda: held.asked == len(questions) + 1, seconds=60)
        finally:
            held.may_go_on.set()
        assert first.result().status_code == 200
        return [answer.result() for answer in answers]


def waveform_inputs(request):
    inputs = inputs_of([request])
    del inputs["audio"]
    samples = np.asarray(request.samples, np.float32)[None]
    return {**inputs, "waveform": samples, "num_samples": np.array([samples.shape[1]], np.int32)}


@pytest.mark.parametrize("signature", ["serving_default", "waveform"])
def test_answers_together_are_those_alone(versions, trained, local_model, monkeypatch, signature):
    in_numbers = signature == "waveform"  # As which "many" is a body too large to be joined.
    names = [*itertools.islice(trained.utterances, 5), "short", *(() if in_numbers else ("many",))]
    inputs_for = waveform_inputs if in_numbers else lambda request: inputs_of([request])
    chosen = [trained.utterances[name] for name in names]
    inputs = [inputs_for(Request(read_audio(each.audio_path), share_silence(each.words))) for each in chosen]
    expected = [local_model.answer(each, signature) for each in inputs]
    held = Held(monkeypatch)
    with served(versions, LIMITS) as address:
        questions = [lambda each=each: RestServer(address).answer(each, signature) for each in inputs]
        answers = asked_behind_another(address, held, questions)
        found = scrape(address)
    for answer, alone in zip(answers, expected, strict=True):
        assert set(answer) == set(alone)
        for name, values in alone.items():
            if values.dtype == object:
                assert np.asarray(answer[name]).astype(str).tolist() == np.char.decode(values.astype(bytes)).tolist()
            else:
                np.testing.assert_allclose(answer[name], values, atol=1e-5)
    assert found[series("can_tf_run_requests_count")] == 2
    assert found[series("can_tf_run_requests_sum")] == 1 + len(inputs)
    assert found[series("can_tf_queue_seconds_count")] == 1 + len(inputs)


def test_an_invalid_request_among_others_is_refused_alone(versions, monkeypatch):
    held = Held(monkeypatch)
    bodies = [INSTANCE, {**INSTANCE, "end": [0.5, float("inf")]}, INSTANCE]
    with served(versions, LIMITS) as address:
        questions = [lambda body=body: predict(address, {"instances": [body]}) for body in bodies]
        answers = asked_behind_another(address, held, questions)
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert "finite seconds" in answers[1].json()["error"]
    assert answers[0].json() == answers[2].json()


def test_requests_that_wait_are_answered_though_the_server_is_about_to_end(versions, monkeypatch):
    held, gate, draining = Held(monkeypatch), Gate(LIMITS), Draining()
    with running(create_app(versions, gate, draining=draining)) as address:

        def ask():
            return predict(address, {"instances": [INSTANCE]})

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            try:
                answers = [pool.submit(ask) for _ in range(4)]
                wait_until(lambda: gate.inside == 4, seconds=30)
                draining.begin()
                assert ask().status_code == 503
            finally:
                held.may_go_on.set()
            assert [answer.result().status_code for answer in answers] == [200] * 4
    assert (gate.inside, gate.metrics.under_way) == (0, 0)
