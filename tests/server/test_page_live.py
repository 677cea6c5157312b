"""The live mode of the page: over HTTP, and in a headless Chromium whose microphone hears speech again and again."""

import base64

import numpy as np
import pytest
import requests
import soundfile
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from can_tf.alignment.pauses import find_stretches
from can_tf.audio import read_audio
from can_tf.samples import pcm16
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.browser import errors_of, findings_of, is_wider_than_the_screen, start_browser, view
from tests.prediction.stand_ins import StandInFinder
from tests.running import running
from tests.server.page_questions import SPEECH

pytestmark = pytest.mark.long

SPOKEN = read_audio(SPEECH)
SILENCE = np.zeros(16_000, np.float32)


@pytest.fixture(scope="module")
def address(versions: Versions):
    gate = Gate(RequestLimits())
    with running(create_app(versions, gate, pages=try_it(versions, gate, StandInFinder()))) as found:
        yield found


def ask(address: str, samples: np.ndarray, *, last: bool = False) -> requests.Response:
    content = base64.b64encode(pcm16(samples).astype("<i2").tobytes()).decode()
    return requests.post(f"{address}/live", json={"samples": {"b64": content}, "last": last}, timeout=60)


def test_what_has_ended_is_answered_and_done_with(address: str):
    samples = np.concatenate([SPOKEN, SILENCE])
    [expected] = find_stretches(samples)
    answer = ask(address, samples).json()
    [stretch] = answer["stretches"]
    assert (stretch["start"], stretch["end"]) == pytest.approx(expected, abs=1e-3)
    assert [word["word"] for word in stretch["words"]] == [
        f"w{index}" for index in range(int(expected.end - expected.start))
    ]
    assert stretch["color"].startswith("#")
    assert expected.end < answer["done"] <= len(samples) / 16_000


def test_what_goes_on_is_kept_until_it_ends(address: str):
    begun = ask(address, np.concatenate([SILENCE, SPOKEN[:24_000]])).json()
    assert begun["stretches"] == []
    assert 0.7 < begun["done"] < 1.3
    rest = np.concatenate([SILENCE, SPOKEN])[round(begun["done"] * 16_000) :]
    ended = ask(address, rest, last=True).json()
    assert len(ended["stretches"]) == 1
    assert ended["done"] == len(rest) / 16_000


def test_silence_is_forgotten_and_a_sound_without_words_says_so(address: str):
    assert ask(address, np.zeros(80_000, np.float32)).json() == {"stretches": [], "done": pytest.approx(4.9, abs=0.1)}
    [stretch] = ask(address, np.concatenate([SPOKEN[:8_000], SILENCE])).json()["stretches"]
    assert "no words were recognized" in stretch["error"]


@pytest.mark.parametrize(
    "body, status, expected",
    [
        ({"samples": {"b64": "AA"}, "last": False}, 400, "samples: is not base64"),
        ({"samples": {"b64": "AAAA"}}, 400, "The body is not live sound: it lacks last"),
        ({"samples": {"b64": "AA=="}, "last": True}, 400, "samples: are not integers of 16 bits"),
        ({"samples": {"b64": base64.b64encode(bytes(2 * 960_001)).decode()}, "last": True}, 413, "longer than 60 s"),
    ],
)
def test_what_is_no_sound_is_one_line(address: str, body: dict, status: int, expected: str):
    answer = requests.post(f"{address}/live", json=body, timeout=60)
    assert answer.status_code == status, answer.text
    assert expected in answer.json()["error"]


def test_what_a_form_of_another_site_could_send_is_refused(address: str):
    assert (
        requests.post(f"{address}/live", data="{}", headers={"Content-Type": "text/plain"}, timeout=60).status_code
        == 415
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, address: str):
    folder = tmp_path_factory.mktemp("browser")
    samples = np.concatenate([SPOKEN, np.zeros(24_000, np.float32)])
    soundfile.write(folder / "microphone.wav", samples, 16_000, subtype="PCM_16")
    driver = start_browser(folder / "profile", f"--use-file-for-fake-audio-capture={folder / 'microphone.wav'}")
    driver.get(address)
    errors_of(driver)
    yield driver
    driver.quit()


def _one(page, name: str):
    return page.find_element(By.ID, name)


def test_stretches_appear_once_a_button_is_pressed(page):
    page.execute_script(
        """window.tracks = [];
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          const stream = await ask(wanted);
          window.tracks.push(...stream.getTracks());
          return stream;
        };"""
    )
    _one(page, "live").click()
    WebDriverWait(page, 60).until(lambda page: len(page.find_elements(By.CSS_SELECTOR, "#stretches li")) >= 3)
    assert (_one(page, "live-status").text, _one(page, "live").text) == ("Listening", "Stop listening")
    for width, dark in ((320, True), (400, False)):
        view(page, width, dark=dark)
        assert not is_wider_than_the_screen(page)
        assert findings_of(page) == []
    _one(page, "live").click()
    WebDriverWait(page, 60).until(lambda page: _one(page, "live-status").text == "Stopped")
    shown = [item.text for item in page.find_elements(By.CSS_SELECTOR, "#stretches li")]
    seconds = len(SPOKEN) / 16_000 + 1.5
    begins = [float(text.split()[0]) for text in shown]
    assert np.diff(begins[1:3]) == pytest.approx([seconds], abs=0.4)  # As often as it is played.
    assert " w0 w1" in shown[1]
    assert page.execute_script("return window.tracks.map((track) => track.readyState)") == ["ended"]
    assert errors_of(page) == []


def test_a_microphone_that_is_refused_and_a_server_that_is_gone_are_told(page, address: str):
    page.get(address)
    page.execute_script(
        """window.ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error("Permission denied"));"""
    )
    _one(page, "live").click()
    WebDriverWait(page, 20).until(lambda page: "(Permission denied)" in _one(page, "live-error").text)
    page.execute_script(
        """navigator.mediaDevices.getUserMedia = window.ask;
        window.fetch = () => Promise.reject(new TypeError("gone"));"""
    )
    _one(page, "live").click()
    WebDriverWait(page, 20).until(lambda page: "The server does not answer" in _one(page, "live-error").text)
    assert _one(page, "live").text == "Listen live"
