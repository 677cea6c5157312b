"""The table in front of several explanations, in a headless Chromium."""

import dataclasses
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from can_tf.explanation.data import Explanation
from can_tf.explanation.page import Group, write_page
from tests.browser import errors_of, findings_of, is_wider_than_the_screen, view

pytestmark = pytest.mark.long


def all_of(place, selector: str) -> list:
    return place.find_elements(By.CSS_SELECTOR, selector)


@pytest.fixture
def several(browser, explanation: Explanation, tmp_path: Path):
    """A page of three: two wrong ones of one group, and one that is right."""
    happy = dataclasses.replace(
        explanation.prediction, label="hap", most_probable="hap", probabilities={"hap": 0.9, "sad": 0.1}
    )
    right = dataclasses.replace(explanation, name="b2", prediction=happy)
    wrong = [dataclasses.replace(explanation, name=name) for name in ("b10", "a")]
    write_page(tmp_path / "page.html", "x", [Group("Sure: very", [right]), Group("Wrong", wrong), Group("None", [])])
    view(browser, 1200, 400)
    browser.get((tmp_path / "page.html").as_uri())
    yield browser
    assert errors_of(browser) == []


def _table(page) -> list[str]:
    return [row.text for row in all_of(page, "#contents tbody tr") if row.is_displayed()]


def test_several_have_a_table_that_leads_to_each(several):
    assert [head.text for head in all_of(several, "#contents th[scope=col]")] == [
        "recording",
        "emotion",
        "how sure",
        "true emotion",
        "why it is here",
    ]
    assert _table(several) == ["b2 happy 90% happy Sure", "b10 sad 75% happy Wrong", "a sad 75% happy Wrong"]
    all_of(several, "#contents a")[1].click()
    top = several.execute_script("return document.getElementById('explanation-2').getBoundingClientRect().top")
    assert abs(top) < 20


def test_the_table_is_sorted_by_a_press_and_the_other_way_by_a_second(several):
    heads = all_of(several, "#contents th[scope=col]")
    for head, expected in ((0, ["a", "b2", "b10"]), (0, ["b10", "b2", "a"]), (2, ["b10", "a", "b2"])):
        all_of(heads[head], "button")[0].click()
        assert [row.split()[0] for row in _table(several)] == expected
    assert [head.get_attribute("aria-sort") for head in heads] == [None, None, "ascending", None, None]


@pytest.mark.parametrize(
    "select, choice, expected", [("emotion", "sad", ["b10", "a"]), ("right", "right", ["b2"]), ("right", "all", None)]
)
def test_what_is_filtered_out_is_neither_in_the_table_nor_below_it(several, select, choice, expected):
    Select(all_of(several, f"#{select}")[0]).select_by_visible_text(choice)
    expected = expected or ["b2", "b10", "a"]
    assert [row.split()[0] for row in _table(several)] == expected
    assert [title.text for title in all_of(several, "h3") if title.is_displayed()] == expected
    assert all_of(several, "#contents [role=status]")[0].text == f"{len(expected)} of 3"


def test_the_table_breaks_no_rule_of_accessibility_and_makes_no_page_wider(several):
    assert findings_of(several) == []
    view(several, 320)
    assert not is_wider_than_the_screen(several)
