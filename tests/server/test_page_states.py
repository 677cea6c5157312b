"""The states of the page of `can-tf serve`: empty, dragged over, at work, answered, failed; at all widths."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from can_tf.audio import read_audio
from can_tf.server.example import TRANSCRIPT as EXAMPLE
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.browser import errors_of, findings_of, is_wider_than_the_screen, saved_by, start_browser, view
from tests.prediction.stand_ins import StandInFinder
from tests.running import running
from tests.server.page_questions import SPEECH

pytestmark = pytest.mark.long

WIDTHS = (320, 400, 1280)


@pytest.fixture(scope="module")
def finder() -> StandInFinder:
    return StandInFinder()


@pytest.fixture(scope="module")
def address(versions: Versions, finder: StandInFinder) -> Iterator[str]:
    gate = Gate(RequestLimits(body_bytes=2**20))
    with running(create_app(versions, gate, pages=try_it(versions, gate, finder))) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, address: str, finder: StandInFinder) -> Iterator:
    finder.go_on.set()
    view(browser, 1280)
    browser.get(address)
    errors_of(browser)
    yield browser
    finder.go_on.set()


def _one(page, name: str):
    return page.find_element(By.ID, name)


def _until(page, condition):
    return WebDriverWait(page, 60).until(condition)


def _emotions(page) -> list[str]:
    return [each.text for each in page.find_elements(By.CSS_SELECTOR, "#result .emotion")]


def _answered(page) -> str:
    _one(page, "file").send_keys(str(SPEECH))
    _one(page, "explain").click()
    return _until(page, _emotions)[0]


def _looks_good(page) -> None:
    """Checks all widths, light and dark; what axe-core says depends on the width of few things, on colors of many."""
    for dark in (False, True):
        for width in WIDTHS:
            view(page, width, dark=dark)
            assert not is_wider_than_the_screen(page), width
        view(page, WIDTHS[0], dark=dark)
        assert findings_of(page) == []


def _drag(page, event: str, name: str | None, content: bytes = b"") -> None:
    page.execute_script(
        """const [event, name, content] = arguments, dataTransfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
        if (name) dataTransfer.items.add(new File([bytes], name));
        else dataTransfer.setData("text/plain", "words");
        const options = { dataTransfer, bubbles: true, cancelable: true };
        document.querySelector("h1").dispatchEvent(new DragEvent(event, options));""",
        event,
        name,
        base64.b64encode(content).decode(),
    )


def test_one_button_stands_out_and_nothing_is_answered_yet(page):
    assert [button.text for button in page.find_elements(By.CSS_SELECTOR, "button.primary")] == ["Show the emotion"]
    assert _emotions(page) == []
    assert not _one(page, "progress").is_displayed()
    _looks_good(page)


def test_a_file_is_dropped_anywhere_on_the_page(page, address: str):
    _drag(page, "dragover", SPEECH.name)
    assert "over" in _one(page, "drop").get_attribute("class")
    _looks_good(page)
    _drag(page, "drop", SPEECH.name, SPEECH.read_bytes())
    assert "over" not in _one(page, "drop").get_attribute("class")
    assert _one(page, "status").text == f"Ready: {SPEECH.name}"
    _one(page, "explain").click()
    assert _until(page, _emotions)
    _drag(page, "drop", None)
    assert _one(page, "error").text == "That is no file. Drop a sound file."
    assert page.current_url == f"{address}/"


def test_it_says_that_it_works_and_for_how_long(page, finder: StandInFinder):
    finder.go_on.clear()
    _one(page, "file").send_keys(str(SPEECH))
    _one(page, "explain").click()
    assert _one(page, "explain").text == "Working…"
    assert _one(page, "explain").get_attribute("aria-disabled") == "true"
    assert _one(page, "progress").is_displayed()
    assert _one(page, "status").text.startswith("Working")
    _until(page, lambda page: _one(page, "elapsed").text == "2 s")
    _looks_good(page)
    finder.go_on.set()
    _until(page, _emotions)
    assert not _one(page, "progress").is_displayed()
    assert (_one(page, "explain").text, _one(page, "elapsed").text) == ("Show the emotion", "")


def test_the_answer_is_the_largest_text_and_is_in_sight(page):
    emotion = _answered(page)
    assert emotion in {"angry", "excited", "happy", "sad", "frustrated", "surprised", "neutral"}
    sizes = page.execute_script(
        "return [...document.querySelectorAll('main *')].map((each) => parseFloat(getComputedStyle(each).fontSize))"
    )
    [shown] = page.find_elements(By.CSS_SELECTOR, "#result .emotion")
    assert float(shown.value_of_css_property("font-size")[:-2]) == max(sizes)
    top = page.execute_script("return arguments[0].getBoundingClientRect().top", shown)
    assert 0 <= top < 300
    says = [each.text for each in page.find_elements(By.CSS_SELECTOR, "#result .says li")]
    assert [line.split()[:3] for line in says[:2]] == [["The", "voice", "sounds"], ["The", "words", "sound"]]
    assert not page.find_element(By.CSS_SELECTOR, "#result .predictions").is_displayed()
    _looks_good(page)
    page.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    page.find_element(By.CSS_SELECTOR, ".heads").click()
    _looks_good(page)


def test_the_last_answer_stays_when_the_next_one_fails(page, tmp_path: Path):
    emotion = _answered(page)
    (tmp_path / "no.wav").write_bytes(b"no sound at all")
    _one(page, "file").send_keys(str(tmp_path / "no.wav"))
    _one(page, "explain").click()
    _until(page, lambda page: "no.wav: cannot be read as audio" in _one(page, "error").text)
    assert _emotions(page) == [emotion]
    assert _one(page, "kept").text == f"Below is still the answer for {SPEECH.name}."
    _looks_good(page)
    _one(page, "file").send_keys(str(SPEECH))
    assert (_one(page, "error").text, _one(page, "kept").text) == ("", "")


@pytest.mark.parametrize(
    "status,expected",
    [
        (413, "The recording is too large for this server. Choose a shorter one."),
        (503, "The server is busy. Try again in 10 seconds."),
        (500, "The server returned status 500 without a reason."),
    ],
)
def test_refusals_are_said_in_plain_words(page, status: int, expected: str):
    page.execute_script(
        """const [status] = arguments;
        window.fetch = async () => new Response("<html>", { status, headers: { "Retry-After": "10" } });""",
        status,
    )
    _one(page, "file").send_keys(str(SPEECH))
    _one(page, "explain").click()
    _until(page, lambda page: _one(page, "error").text == expected)


def test_an_example_is_there_to_try(page, address: str):
    content = requests.get(f"{address}/example.wav", timeout=60).content
    assert 1 < len(read_audio(content)) / 16_000 < 5
    _one(page, "example").click()
    assert _until(page, _emotions)
    assert _one(page, "transcript").get_attribute("value") == EXAMPLE
    assert page.find_element(By.CSS_SELECTOR, "#result h2").text == "example.wav"


def test_no_example_is_offered_where_it_cannot_be_made(address: str, monkeypatch: pytest.MonkeyPatch):
    assert f'data-example="{EXAMPLE}"' in requests.get(address, timeout=60).text
    monkeypatch.setattr("can_tf.server.example.can_be_made", lambda: False)
    assert 'data-example=""' in requests.get(address, timeout=60).text


def test_what_is_saved_as_a_page_is_the_answer_alone(page, tmp_path: Path):
    emotion = _answered(page)
    name, content = saved_by(page, page.find_element(By.CSS_SELECTOR, ".saving button"))
    assert name == f"{SPEECH.name}.html"
    (tmp_path / "saved.html").write_bytes(content)
    page.get((tmp_path / "saved.html").as_uri())
    assert [each.text for each in page.find_elements(By.CSS_SELECTOR, ".emotion")] == [emotion]
    assert page.title == SPEECH.name
    assert "trained on synthetic speech" in page.find_element(By.CLASS_NAME, "warning").text
    assert errors_of(page) == []  # Its policy lets its script run.


def test_files_have_the_policy_of_the_page(address: str):
    for name in ("", "design.css", "answer.js", "page.html", "example.wav"):
        policy = requests.get(f"{address}/{name}", timeout=60).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; media-src blob:; img-src data:"), name
