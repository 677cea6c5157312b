"""The page of a timeline, opened from disk in a headless Chromium."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from can_tf.explanation.timeline_page import write_timeline_page
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors
from can_tf.report.timeline_text import RecordingTimeline
from tests.browser import errors_of, findings_of, is_wider_than_the_screen, requests_of, start_browser, view
from tests.conftest import write_tone
from tests.moments import answered, unanswered

pytestmark = pytest.mark.long

EVIL = '</script><script>document.title="bad"</script><img/src=x/onerror=alert(1)>"\'&$x'
LABELS = ("happy<b>", "sad")
MOMENTS = [
    answered(0.5, 1.5, EVIL, 0.75, labels=LABELS, speaker=EVIL),
    unanswered(2.0, 2.5, f"no words: {EVIL}"),
    answered(118.0, 121.0, "not again", 0.25, labels=LABELS),
    answered(122.0, 123.0, "oh", 0.25, labels=LABELS, label="uncertain"),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timeline")
    talk = write_tone(folder / "a<i>$x.wav", 125.0)
    other = write_tone(folder / "b.wav", 2.0)
    recordings = [RecordingTimeline(talk, MOMENTS), RecordingTimeline(other, [answered(0.5, 1.0, "yes", 0.9)])]
    write_timeline_page(folder / "page.html", recordings)
    return folder / "page.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    driver = start_browser(tmp_path_factory.mktemp("profile"), "--autoplay-policy=no-user-gesture-required")
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, path: Path):
    view(browser, 1200, 1400)
    browser.get(path.as_uri())
    yield browser
    assert errors_of(browser) == []


def _all(place, selector: str):
    return place.find_elements(By.CSS_SELECTOR, selector)


def test_the_sound_is_that_of_the_recording(path: Path):
    first = re.findall(r'class="sound">([^<]+)<', path.read_text(encoding="utf-8"))[0]
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(first)))
    spoken, _ = soundfile.read(path.parent / "a<i>$x.wav")
    assert (rate, len(samples)) == (16_000, len(spoken))
    assert np.corrcoef(samples[16_000:48_000], spoken[16_000:48_000])[0, 1] > 0.9


def test_the_page_asks_for_nothing_but_itself(page, path: Path):
    requests_of(page)
    page.get(path.as_uri())
    assert [asked for asked in requests_of(page) if not asked.startswith("blob:")] == [path.as_uri()]


def test_words_and_names_are_text_and_nothing_else(page):
    assert page.title == "2 recordings"
    item = _all(page, ".stretches li")[0]
    assert item.find_element(By.CLASS_NAME, "words").text == EVIL
    assert item.find_element(By.CLASS_NAME, "speaker").text == EVIL
    assert item.find_element(By.CLASS_NAME, "chip").text == "happy<b>"
    assert _all(page, "h2")[0].text == "a<i>$x.wav"
    assert EVIL in _all(page, ".stretches li")[1].text
    assert not _all(page, "main img, main b, main i, main iframe")
    assert len(_all(page, "script")) == 1


def test_no_other_script_runs(page):
    page.execute_script(
        """const evil = document.createElement("script");
        evil.textContent = "window.evil = true";
        document.body.append(evil);"""
    )
    assert page.execute_script("return window.evil") is None
    assert any("Content Security Policy" in error for error in errors_of(page))


def test_each_stretch_stands_in_its_place_and_color(page):
    colors = label_colors([*LABELS, "happy", "sad"])
    lines = _all(page, ".recording:first-of-type .line")
    assert len(lines) == 2  # Two minutes in a row.
    svg = _all(lines[0], "svg")[0]
    assert _all(lines[1], "svg")[0].rect["width"] == pytest.approx(svg.rect["width"] * 5 / 120, rel=0.1)
    rects = _all(page, ".recording:first-of-type rect")
    assert [rect.get_attribute("fill") for rect in rects] == [
        colors["happy<b>"],
        "none",
        colors["sad"],
        colors["sad"],  # Goes on in the next row.
        UNCERTAIN_COLOR,
    ]
    tags = page.execute_script(
        "return [...document.querySelectorAll('.recording:first-of-type .tag')].map((tag) => tag.textContent)"
    )
    assert tags == ["happy<b>", "sad", "uncertain"]
    scale = svg.rect["width"] / 120
    assert rects[0].rect["x"] - svg.rect["x"] == pytest.approx(0.5 * scale, abs=2)
    assert rects[0].rect["width"] == pytest.approx(1.0 * scale, abs=2)


def _playing(page):
    return page.execute_script(
        "return document.querySelector('audio').paused ? -1 : document.querySelector('audio').currentTime"
    )


def test_a_stretch_is_heard_from_its_button_and_from_its_place(page):
    button = _all(page, ".stretches button")[2]
    assert button.accessible_name == "Play 1:58.0 to 2:01.0"
    button.send_keys(Keys.ENTER)
    WebDriverWait(page, 20).until(lambda page: 118.0 <= _playing(page) < 121.0)
    WebDriverWait(page, 20).until(lambda page: "playing" in _all(page, ".stretches li")[2].get_attribute("class"))
    button.send_keys(Keys.ENTER)  # Which stops it.
    WebDriverWait(page, 20).until(lambda page: _playing(page) == -1)
    page.execute_script(
        """document.querySelector('a[href="#r0s0"]').dispatchEvent(
          new MouseEvent("click", { bubbles: true, cancelable: true }));"""
    )
    WebDriverWait(page, 20).until(lambda page: 0.5 <= _playing(page) < 1.5)
    WebDriverWait(page, 20).until(lambda page: _playing(page) == -1)  # At its end.
    assert page.execute_script("return document.querySelector('audio').currentTime") == pytest.approx(1.5, abs=0.4)


def test_a_narrow_screen_shows_it_all(page, path: Path):
    for dark in (False, True):
        view(page, 320, dark=dark)
        page.get(path.as_uri())
        assert not is_wider_than_the_screen(page)
        assert findings_of(page) == []
