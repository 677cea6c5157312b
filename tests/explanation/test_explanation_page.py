"""The page of `can-tf explain`, opened from disk in a headless Chromium."""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from can_tf.alignment.word import Word
from can_tf.explanation.data import Explanation, spectrogram_levels
from can_tf.explanation.page import Group, write_page
from can_tf.prediction.label_colors import label_colors
from tests.browser import (
    errors_of,
    findings_of,
    requests_of,
    saved_by,
    view,
)
from tests.explanation.conftest import AUDIO, RATE_HZ, TEXT, WORDS, tones

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def address(explanation: Explanation, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(path, "tones </title><script>alert(1)</script>", [Group("", [explanation])], ["A <note>."])
    return path.as_uri()


@pytest.fixture
def page(browser, address: str) -> Iterator:
    view(browser, 1200, 1400)
    browser.get(address)
    yield browser
    assert errors_of(browser) == []


def _all(place, selector: str) -> list[WebElement]:
    return place.find_elements(By.CSS_SELECTOR, selector)


def _open_all(page) -> None:
    page.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")


def _screenshot(page) -> np.ndarray:
    """Returns what is to be seen of the page, `<float>[height, width, 3]`."""
    return imread(io.BytesIO(page.get_screenshot_as_png()), format="png")[:, :, :3]


def _box(element: WebElement) -> tuple[int, int, int, int]:
    """Returns left, top, right, bottom, in pixels."""
    box = element.rect
    return round(box["x"]), round(box["y"]), round(box["x"] + box["width"]), round(box["y"] + box["height"])


def test_the_page_asks_for_nothing_but_itself(page, address: str):
    requests_of(page)
    page.get(address)
    assert requests_of(page) == [address]


def test_what_is_seen_of_each_word_is_in_order_and_under_its_sound(page, explanation: Explanation):
    [canvas] = _all(page, ".spectrogram canvas")
    left, top, right, bottom = _box(canvas)
    seen = _screenshot(page)
    buttons = _all(page, ".word")
    assert [button.text for button in buttons] == [word.text for word in WORDS]
    bands = spectrogram_levels(tones()).shape[1]
    for button, word in zip(buttons, WORDS, strict=True):
        start, _, end, _ = _box(button)
        pixels_a_second = (right - left) / explanation.seconds
        assert start - left == pytest.approx(word.start * pixels_a_second, abs=1.5)
        assert end - left == pytest.approx(word.end * pixels_a_second, abs=1.5)
        # The brightest line of the picture above the word is its own tone.
        above = seen[top:bottom, (start + end) // 2].sum(axis=-1)
        line = (bands * (1 - (above.argmax() + 0.5) / len(above))) - 0.5
        frame = round(50 * (word.start + word.end))
        assert line == pytest.approx(int(spectrogram_levels(tones())[frame].argmax()), abs=1.5)
        # And there is writing in its button.
        a, b, c, d = _box(button)
        assert np.ptp(seen[b:d, a:c].sum(axis=-1)) > 1


def test_the_attention_shown_is_that_of_the_model(page):
    for kind, expected in (("text", TEXT), ("audio", AUDIO)):
        rows = [expected.mean(axis=0), *expected]
        shown = [
            [float(cell.get_attribute("data-share")) for cell in _all(row, ".cell")]
            for row in _all(page, f".row.{kind}")
        ]
        np.testing.assert_allclose(shown, rows, atol=1e-6)
        cells = _all(page, f".row.{kind}.mean .cell")
        for cell, button in zip(cells, _all(page, ".word"), strict=True):
            assert _box(cell)[::2] == pytest.approx(_box(button)[::2], abs=1.5)


def test_more_attention_is_more_color(page):
    _all(page, ".heads")[0].click()
    seen = _screenshot(page)
    [row] = _all(page, ".row.text.head")[1:2]  # .7, .1, .1, .1
    colors = []
    for cell in _all(row, ".cell"):
        left, top, right, bottom = _box(cell)
        colors.append(seen[(top + bottom) // 2, (left + right) // 2])
    background = seen[_box(row)[1] + 2, _box(row)[2] - 3]
    distance = [float(np.abs(color - background).sum()) for color in colors]
    assert distance[0] > 3 * distance[1]
    assert distance[1:] == pytest.approx([distance[1]] * 3, abs=0.05)


def test_the_answer_stands_first_in_plain_words_and_the_equations_behind_a_click(page):
    assert _all(page, ".utterance .emotion")[0].text == "sad"
    assert _all(page, ".utterance .sure")[0].text == "Fairly sure: 75%"
    assert [line.text for line in _all(page, ".says li")] == [
        "The voice sounds sad (90%).",
        "The words sound happy (60%).",
        "The two differ; the answer weighs both.",
        "The true label: happy",
        "This model is not calibrated: its percentages may be far too high or too low.",
    ]
    assert [line.text.split("\n") for line in _all(page, ".shares li")] == [["sad", "75%"], ["happy", "25%"]]
    colors = label_colors(["sad", "hap"])
    drawn = "return [...document.querySelectorAll('.gauge span')].map((e) => e.style.getPropertyValue('--color'))"
    assert page.execute_script(drawn) == [colors["sad"], colors["hap"]]
    emotion, table = _all(page, ".emotion")[0], _all(page, ".predictions")[0]
    assert _box(emotion)[1] < 300
    assert not table.is_displayed()


@pytest.mark.parametrize(
    "share,expected", [(0.95, "Very sure: 95%"), (0.6, "Not very sure: 60%"), (0.4, "Unsure: 40%")]
)
def test_how_sure_is_said_in_words(browser, explanation: Explanation, tmp_path: Path, share: float, expected: str):
    calibrated = {"sad": share, "hap": 0.5 - share / 2, "neu": 0.5 - share / 2}
    prediction = dataclasses.replace(
        explanation.prediction,
        probabilities=calibrated,
        calibrated_probabilities=calibrated,
        fused_probabilities=None,
        text_probabilities=None,
        audio_probabilities=None,
    )
    write_page(tmp_path / "page.html", "x", [Group("", [dataclasses.replace(explanation, prediction=prediction)])])
    browser.get((tmp_path / "page.html").as_uri())
    assert _all(browser, ".sure")[0].text == expected
    assert _all(browser, ".says li")[0].text == "This model has one answer for voice and words together."
    unsure = dataclasses.replace(prediction, label="uncertain")
    write_page(tmp_path / "page.html", "x", [Group("", [dataclasses.replace(explanation, prediction=unsure)])])
    browser.get((tmp_path / "page.html").as_uri())
    assert _all(browser, ".emotion")[0].text == "uncertain"
    assert _all(browser, ".sure")[0].text == f"{expected} for sad, too little for an answer"


def test_the_predictions_and_their_product_are_a_table(page):
    _open_all(page)
    head, *rows = _all(page, ".predictions tr")
    assert head.text.split("\n") == ["label final (Eq. 15) fused (Eq. 10) words alone (Eq. 11) voice alone (Eq. 12)"]
    assert [row.text for row in rows] == ["sad 0.750 0.700 0.400 0.900", "hap (happy) 0.250 0.300 0.600 0.100"]
    assert [cell.text for cell in _all(page, ".predictions .most")] == ["0.750", "0.700", "0.900", "0.600"]


def test_a_word_is_heard_by_click_and_by_keyboard(page):
    page.execute_script(
        """window.heard = [];
        const start = AudioBufferSourceNode.prototype.start;
        AudioBufferSourceNode.prototype.start = function (when, from, seconds) {
          window.heard.push([from, seconds, this.buffer.sampleRate, this.buffer.length]);
          return start.call(this, when, from, seconds);
        };"""
    )
    words = _all(page, ".word")
    words[1].click()
    words[0].send_keys(Keys.ENTER)
    words[0].send_keys(Keys.TAB, Keys.SPACE)  # Which goes on to the next.
    _all(page, ".play-all")[0].click()
    heard = page.execute_script("return window.heard")
    spans = [(0.5, 0.3), (0.0, 0.5), (0.5, 0.3), (0.0, 1.62)]
    assert len(heard) == len(spans)
    for (start, seconds, rate, length), expected in zip(heard, spans, strict=True):
        assert (start, seconds) == pytest.approx(expected, abs=1e-4)
        assert (rate, length) == (RATE_HZ, len(tones()))
    WebDriverWait(page, 10).until(lambda page: not _all(page, ".playing"))


def test_names_and_notes_are_text_whatever_they_hold(page):
    assert page.title == "tones </title><script>alert(1)</script>"
    assert _all(page, "main p")[0].text == "A <note>."


def test_a_word_that_plays_is_stopped_by_a_second_press(page):
    word = _all(page, ".word")[2]
    page.execute_script(
        "const word = arguments[0]; window.playing = []; "
        "new MutationObserver(() => window.playing.push(word.classList.contains('playing')))"
        ".observe(word, { attributes: true, attributeFilter: ['class'] })",
        word,
    )
    ActionChains(page).click(word).click(word).perform()  # In one go, for the word is over soon.
    assert page.execute_script("return window.playing") == [True, False]


def test_zoom_stretches_all_rows_alike(page):
    before = _box(_all(page, ".spectrogram canvas")[0])
    zoom = _all(page, "input[type=range]")[0]
    zoom.send_keys(Keys.END)
    tracks = {track.rect["width"] for track in _all(page, ".track")}
    assert tracks == {0, round(400 * 1.62)}  # Rows of heads are not shown.
    zoom.send_keys(Keys.HOME)
    assert {track.rect["width"] for track in _all(page, ".row:not(.head) .track")} == {round(60 * 1.62)}
    assert before[2] - before[0] > 300


def test_a_narrow_screen_scrolls_the_picture_and_not_the_page(page, address: str):
    view(page, 320)
    page.get(address)
    _all(page, "input[type=range]")[0].send_keys(Keys.END)
    wider = "const box = document.querySelector(arguments[0]); return box.scrollWidth > box.clientWidth"
    assert page.execute_script(wider, ".picture")
    assert not page.execute_script(wider, "html")


def test_what_has_no_text_has_a_description(page):
    for canvas in _all(page, "canvas"):
        assert canvas.aria_role in ("image", "img")
        assert canvas.accessible_name
    _all(page, ".heads")[0].click()
    names = [track.accessible_name for track in _all(page, ".row.text .track")]
    assert names[0] == "text attention, averaged over heads: highest at low, 0.400"
    assert names[1] == "text attention, head 1: highest at top, 0.400"
    assert [button.accessible_name.split(",")[0] for button in _all(page, ".word")] == [
        f"Play {word.text}" for word in WORDS
    ]
    assert page.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_hostile_words_stay_words_and_long_ones_have_room(browser, explanation: Explanation, tmp_path: Path):
    texts = ["</script><img src=x onerror=alert(1)>", "incomprehensibilities", "𝒳\ud800", "ok"]
    words = tuple(Word(text, word.start, word.end) for text, word in zip(texts, WORDS, strict=True))
    hostile = dataclasses.replace(explanation, prediction=dataclasses.replace(explanation.prediction, words=words))
    write_page(tmp_path / "page.html", "x", [Group("One", [hostile, explanation]), Group("None", [])])
    browser.get((tmp_path / "page.html").as_uri())
    assert [button.text for button in _all(browser, ".word")[:2]] == texts[
        :2
    ]  # Drivers cannot pass on half a character.
    assert not _all(browser, "img, b")
    assert [title.text for title in _all(browser, "h3")] == ["tones <b>& more"] * 2
    assert [title.text for title in _all(browser, "h2")] == ["One", "None"]
    assert errors_of(browser) == []


def test_the_answer_is_saved_as_a_picture(page):
    name, content = saved_by(page, _all(page, ".saving button")[0])
    assert name == "tones-b-more.png"
    drawn = imread(io.BytesIO(content), format="png")
    assert drawn.shape[:2] == (1520, 2400)
    emotion, sound, attention = drawn[150:270, 80:1000], drawn[700:1070, 300:2300], drawn[1240:1370, 300:2300]
    for part in (emotion, sound, attention):
        assert np.ptp(part[:, :, :3].sum(axis=-1)) > 1


@pytest.mark.parametrize("dark", [False, True])
def test_no_rule_of_accessibility_is_broken(page, address: str, dark: bool):
    view(page, 320, dark=dark)
    page.get(address)
    _open_all(page)
    assert findings_of(page) == []
