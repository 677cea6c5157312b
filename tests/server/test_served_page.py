"""The page of `can-tf serve`, in a headless Chromium and over HTTP."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import can_tf
from can_tf.export.write import Exported
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.browser import errors_of, requests_of, start_browser, view
from tests.running import running
from tests.server.page_questions import SPEECH, SPOKEN, TRANSCRIPT, ask, sound

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def address(versions: Versions) -> Iterator[str]:
    gate = Gate(RequestLimits(body_bytes=2**21, seconds=20))
    with running(create_app(versions, gate, pages=try_it(versions, gate))) as found:
        yield found


def test_the_answer_is_what_the_model_says_of_the_aligned_words(address: str, exported: Exported):
    answer = ask(address, audio=SPOKEN, transcript=TRANSCRIPT, name="austen.flac").json()
    expected = can_tf.load(exported.folder).predict(SPEECH, transcript=TRANSCRIPT)
    assert (answer["name"], answer["label"], answer["words_from"]) == ("austen.flac", expected.label, "transcript")
    assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
    assert [word["word"] for word in answer["words"]] == [word.text for word in expected.words]
    shown = [word["audio_attention_by_head"] for word in answer["words"]]
    np.testing.assert_allclose(np.transpose(shown), expected.audio_attention, atol=1e-5)


def test_an_empty_transcript_has_the_words_recognized(address: str):
    answer = ask(address, audio=SPOKEN, transcript="  ").json()
    assert answer["words_from"] == "recognition"
    assert answer["words"]


@pytest.mark.parametrize(
    "question,status,expected",
    [
        ({"audio": sound(np.zeros(16_000)), "transcript": "good day"}, 400, "x.wav: is silent: each of its"),
        ({"audio": SPOKEN, "transcript": "\u4f60\u597d"}, 400, "is not written in the Latin alphabet"),
        ({"audio": {"b64": "AAAA"}}, 400, "x.wav: cannot be read as audio"),
        ({"audio": {"b64": "*"}}, 400, "audio: is not base64"),
        ({"audio": sound(np.zeros(21 * 8_000), rate=8_000)}, 400, "is 21 s long"),
        ({"audio": {"b64": "AAAA" * 2**19}}, 413, "The body is larger"),
        ({"audio": "none"}, 400, "audio: expected an object"),
        ({"audio": SPOKEN, "name": 3}, 400, "name: expected text"),
        ({"audio": {"b64": "AAAA"}, "name": "\ud800\0/../x"}, 400, "cannot be read as audio"),
    ],
)
def test_what_cannot_be_answered_is_one_line(address: str, question: dict, status: int, expected: str):
    answer = ask(address, **question)
    assert answer.status_code == status, answer.text
    message = answer.json()["error"]
    assert expected in message
    assert "\n" not in message
    assert "/tmp" not in message


def test_a_body_that_is_not_json_is_refused(address: str):
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = requests.post(f"{address}/explain", data=b"[" * 100_000, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "The body is not JSON (it is nested too deeply)")


def test_what_a_form_of_another_site_could_send_is_refused(address: str):
    body = json.dumps({"audio": SPOKEN, "name": "x"})
    answer = requests.post(f"{address}/explain", data=body, headers={"Content-Type": "text/plain"}, timeout=60)
    assert answer.status_code == 415


def test_the_page_goes_on_when_its_version_is_gone(exported: Exported, tmp_path: Path):
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    versions, gate = Versions(tmp_path / "can"), Gate(RequestLimits())
    with running(create_app(versions, gate, pages=try_it(versions, gate))) as address:
        shutil.rmtree(tmp_path / "can")
        assert requests.get(address, timeout=60).status_code == 200
        assert ask(address, audio=SPOKEN, transcript=TRANSCRIPT).status_code == 200


def test_the_rest_contract_is_there_beside_the_page(address: str):
    assert requests.get(f"{address}/v1/models/can", timeout=60).json()["model_version_status"][0]["version"] == "1"
    assert requests.get(f"{address}/nothing", timeout=60).status_code == 404


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    """Its microphone hears the speech, again and again."""
    folder = tmp_path_factory.mktemp("browser")
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(folder / "microphone.wav", samples, rate, subtype="PCM_16")
    driver = start_browser(folder / "profile", f"--use-file-for-fake-audio-capture={folder / 'microphone.wav'}")
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, address: str):
    view(browser, 1200, 1400)
    browser.get(address)
    errors_of(browser)
    return browser


def _one(page, name: str):
    return page.find_element(By.ID, name)


def _until(page, condition, seconds: float = 60):
    return WebDriverWait(page, seconds).until(condition)


def _words(page) -> list[str]:
    return [button.text for button in page.find_elements(By.CSS_SELECTOR, "#result .word")]


def test_an_upload_with_its_words_becomes_the_picture(page, address: str):
    requests_of(page)
    _one(page, "file").send_keys(str(SPEECH))
    _one(page, "transcript").send_keys(TRANSCRIPT)
    _one(page, "explain").click()
    _until(page, _words)
    expected = ask(address, audio=SPOKEN, transcript=TRANSCRIPT).json()
    assert _words(page) == [word["word"] for word in expected["words"]]
    shares = page.find_elements(By.CSS_SELECTOR, "#result .row.text.mean .cell")
    assert [float(cell.get_attribute("data-share")) for cell in shares] == pytest.approx(
        [word["text_attention"] for word in expected["words"]], abs=1e-6
    )
    sure = f"{100 * expected['confidence']:.0f}%"
    assert _one(page, "status").text == f"Answered: {expected['emotions'][expected['label']]['word']}, {sure}"
    assert sure in page.find_element(By.CSS_SELECTOR, "#result .sure").text
    assert all(asked.startswith(address) for asked in requests_of(page))
    assert errors_of(page) == []


def test_what_the_microphone_hears_is_answered(page):
    _one(page, "record").click()
    _until(page, lambda page: _one(page, "clock").text == "3 s")
    assert (_one(page, "status").text, _one(page, "record").text) == ("Recording", "Stop")
    _one(page, "explain").click()  # Which ends the recording too.
    _until(page, _words)
    assert "recognized; some words may be wrong" in _one(page, "result").text
    assert errors_of(page) == []


def test_the_microphone_is_given_back_however_often_one_presses(page):
    page.execute_script(
        """window.tracks = [];
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          const stream = await ask(wanted);
          window.tracks.push(...stream.getTracks());
          return stream;
        };
        const record = document.getElementById("record");
        record.click();
        record.click();"""
    )
    _until(page, lambda page: _one(page, "status").text == "Recording")
    _one(page, "record").click()
    _until(page, lambda page: _one(page, "status").text == "Ready: recording")
    assert page.execute_script("return window.tracks.map((track) => track.readyState)") == ["ended"]


def test_errors_are_said_where_they_are_heard(page, tmp_path: Path):
    _one(page, "explain").click()
    assert _one(page, "error").text == "Record something or choose a file first."
    assert _one(page, "error").get_attribute("role") == "alert"
    (tmp_path / "no.wav").write_bytes(b"no sound at all")
    _one(page, "file").send_keys(str(tmp_path / "no.wav"))
    assert _one(page, "error").text == ""
    _one(page, "explain").click()
    _until(page, lambda page: "no.wav: cannot be read as audio" in _one(page, "error").text)
    (tmp_path / "no.m4a").write_bytes(b"no sound at all")
    _one(page, "file").send_keys(str(tmp_path / "no.m4a"))
    _one(page, "explain").click()
    _until(page, lambda page: "no.m4a: cannot be read as audio" in _one(page, "error").text)
    _one(page, "file").send_keys(str(SPEECH))
    _one(page, "transcript").send_keys("nothing of this is said in there at all")
    _one(page, "explain").click()
    _until(page, lambda page: "do not fit the recording" in _one(page, "error").text)
    assert _one(page, "explain").get_attribute("aria-disabled") is None
    assert page.switch_to.active_element.get_attribute("id") == "explain"  # The focus stays.
    assert not _words(page)


def test_a_server_that_is_gone_is_told(page):
    page.execute_script("window.fetch = () => Promise.reject(new TypeError('gone'))")
    _one(page, "file").send_keys(str(SPEECH))
    _one(page, "explain").click()
    _until(page, lambda page: "The server does not answer" in _one(page, "error").text)


def test_a_microphone_that_is_refused_is_told(page):
    page.execute_script("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('Permission denied'))")
    _one(page, "record").click()
    _until(page, lambda page: "The microphone cannot be used (Permission denied)" in _one(page, "error").text)


def test_the_page_is_used_by_keyboard_and_says_what_everything_is(page):
    assert "trained on synthetic speech" in page.find_element(By.CLASS_NAME, "warning").text
    controls = ["record", "file", "example", "transcript", "explain"]
    for name in controls:
        assert _one(page, name).accessible_name, name
    reached = []
    for _ in controls:
        ActionChains(page).send_keys(Keys.TAB).perform()
        reached.append(page.switch_to.active_element.get_attribute("id"))
    assert reached == controls
