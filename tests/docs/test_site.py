"""The documentation as a site: it builds without a warning, and needs nothing that is not in its folder."""

import html
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from can_tf.cli.main import main
from tests.browser import findings_of, is_wider_than_the_screen, start_browser, view
from tests.docs.shown import PAGES, ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_each_page_is_in_the_list_of_pages(site):
    listed = set(re.findall(r'<li><a href="([\w-]+\.html)"', (site / "index.html").read_text()))
    assert {f"{Path(page).stem}.html" for page in PAGES if page.startswith("docs/")} < listed
    assert listed == {path.name for path in site.glob("*.html")}


def test_nothing_is_loaded_from_elsewhere_and_all_that_is_loaded_is_there(site):
    for page in site.glob("*.html"):
        text = page.read_text()
        loaded = re.findall(r'<(?:script|img|source)[^>]* src="([^"]*)"|<link[^>]* href="([^"]*)"', text)
        for address in filter(None, (one or other for one, other in loaded)):
            assert address == "data:," or (site / unquote(address)).is_file(), f"{page.name} loads {address}"
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\((?!['\"]?data:)", style.read_text()), f"{style.name} loads something"


def test_each_command_and_option_has_its_help(site):
    text = html.unescape((site / "commands.html").read_text())
    for name, command in main.commands.items():
        section = text.split(f'<h2 id="can-tf-{name}">')[1].split("<h2")[0]
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert all(option in section for option in parameter.opts), f"{name} {parameter.opts}"


def test_the_examples_of_docstrings_are_code(site):
    text = (site / "api.html").read_text()
    assert "<blockquote>" not in text
    examples = re.findall(r'<div class="[^"]*codehilite[^"]*">.*?</div>', text, re.DOTALL)
    assert any("read_alignment" in re.sub("<[^>]+>", "", example) for example in examples)


def test_the_readmes_links_are_those_of_the_site(site):
    text = (site / "index.html").read_text()
    for address in ("tutorial.html", "deploy.html", "contributing.html", "demo-data.html"):
        assert f'href="{address}"' in text


def test_the_search_has_its_index_as_a_script(site):
    assert (site / "search" / "index.js").read_text().startswith("const pages = [{")
    assert (site / "search" / "lunr.js").is_file()


@pytest.mark.long
def test_no_page_breaks_a_rule_of_accessibility_or_scrolls_sideways(site, tmp_path):
    browser = start_browser(tmp_path / "profile")
    try:
        for index, page in enumerate(sorted(site.glob("*.html"))):
            view(browser, 320, dark=index % 2 == 0)  # Colors are the same on all pages.
            browser.get(page.as_uri())
            assert not is_wider_than_the_screen(browser), page.name
            assert findings_of(browser) == [], page.name
            view(browser, 1280, dark=index % 2 == 1)
            assert findings_of(browser) == [], page.name
    finally:
        browser.quit()
