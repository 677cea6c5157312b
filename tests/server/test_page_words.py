"""Who finds the words for the page of `can-tf serve`, and what that costs others."""

import concurrent.futures
import contextlib
import sys
import threading

import numpy as np
import pytest
import requests
import soundfile

from can_tf.alignment.recognition import RecognizerOptions
from can_tf.errors import AlignmentError
from can_tf.prediction.word_process import WordProcess
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.conftest import wait_until
from tests.running import running
from tests.server.page_questions import SPEECH, SPOKEN, TRANSCRIPT, ask, sound

pytestmark = pytest.mark.long


def test_the_model_answers_others_while_words_are_found(versions: Versions, monkeypatch: pytest.MonkeyPatch):
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def slow(*_: object) -> None:
        begun.release()
        assert go_on.wait(60)
        raise AlignmentError("slow")

    monkeypatch.setattr("can_tf.server.page.WordProcess.find", slow)
    gate = Gate(RequestLimits(at_once=1, waiting=1))
    with (
        running(create_app(versions, gate, pages=try_it(versions, gate))) as address,
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        try:
            asking = [pool.submit(ask, address, audio=SPOKEN) for _ in range(3)]
            assert begun.acquire(timeout=60)
            answer = requests.post(f"{address}/v1/models/can:predict", json={"instances": []}, timeout=20)
            assert answer.status_code == 400
            assert not begun.acquire(blocking=False)  # One at a time.
        finally:
            go_on.set()
        assert [each.result().json() for each in asking] == [{"error": "slow"}] * 3


def test_one_too_many_is_told_when_to_come_again(versions: Versions, monkeypatch: pytest.MonkeyPatch):
    go_on, inside = threading.Event(), threading.Semaphore(0)

    def slow(*_: object) -> None:
        inside.release()
        assert go_on.wait(60)
        raise AlignmentError("slow")

    monkeypatch.setattr("can_tf.server.page.WordProcess.find", slow)
    monkeypatch.setattr("can_tf.server.page._WAITING", 0)
    gate = Gate(RequestLimits())
    with (
        running(create_app(versions, gate, pages=try_it(versions, gate))) as address,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        try:
            first = pool.submit(ask, address, audio=SPOKEN)
            assert inside.acquire(timeout=60)
            answer = ask(address, audio=SPOKEN)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
            assert "Too many requests are waiting" in answer.json()["error"]
        finally:
            go_on.set()
        assert "Retry-After" not in first.result().headers


@pytest.mark.parametrize("recognition", ["dies", "takes too long"])
def test_a_recognizer_that_fails_costs_its_one_request(versions: Versions, recognition: str):
    gate, late = Gate(RequestLimits()), recognition == "takes too long"
    options = RecognizerOptions(name="sphinx")
    with (
        contextlib.closing(WordProcess(options, max_wait=0.05 if late else None)) as finder,
        running(create_app(versions, gate, pages=try_it(versions, gate, finder))) as address,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        asking = pool.submit(ask, address, audio=sound(np.tile(soundfile.read(SPEECH)[0], 10)))
        if not late:
            wait_until(lambda: finder._child is not None)
            assert requests.get(f"{address}/v1/models/can", timeout=20).status_code == 200
            finder._child.process.kill()
        answer = asking.result()
        assert answer.status_code == (504 if late else 500)
        said = "not found within 0.05 s, and the search was given up" if late else "died of it (SIGKILL)"
        assert said in answer.json()["error"]
        finder._max_wait = None
        assert ask(address, audio=SPOKEN, transcript=TRANSCRIPT).status_code == 200


def test_the_page_says_who_recognizes_words_and_how_much(versions: Versions, monkeypatch: pytest.MonkeyPatch):
    gate = Gate(RequestLimits())
    with running(create_app(versions, gate, pages=try_it(versions, gate))) as address:
        page = requests.get(address, timeout=60).text
        assert 'data-recognized-seconds="60"' in page
        assert "leave it empty to have it recognized by pocketsphinx, which knows English alone" in page
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with running(create_app(versions, gate, pages=try_it(versions, gate))) as address:
        assert "be told that this server has nothing to recognize words with" in requests.get(address, timeout=60).text
        answer = ask(address, audio=SPOKEN)
        assert (answer.status_code, "no recognizer is at hand" in answer.json()["error"]) == (501, True)
