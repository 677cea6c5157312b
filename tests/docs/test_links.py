"""Links and pictures of the pages as a Git host shows them. The site's own are checked when it is built."""

import re
from pathlib import Path

import pytest

from tests.docs.shown import PAGES, ROOT, prose, read

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_ONLY_ON_THE_SITE = "docs/api.md"  # Its headings are made of docstrings.


def slugs(page: Path) -> set[str]:
    """Returns the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        "CHANGELOG.md",
        "can_tf/corpus/data/README.md",
        "can_tf/features/whisper/data/README.md",
        "saved_models/README.md",
    ],
)
def test_links_lead_to_files_and_headings_that_exist(page):
    for _, _, target in _LINK.findall(prose("", read(page))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.is_file(), f"{page}: there is no {target}"
        if anchor and not str(file.resolve().relative_to(ROOT)).startswith(_ONLY_ON_THE_SITE):
            assert anchor in slugs(file), f"{page}: {path or page} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_pictures_have_a_text_for_who_does_not_see_them(page):
    for text in re.findall(r"!\[([^\]]*)\]", read(page)):
        assert len(text.split()) > 3, f"{page}: a picture says {text!r}"


def test_no_page_is_without_a_link_from_the_readme():
    linked = {target.partition("#")[0] for _, _, target in _LINK.findall(read("README.md"))}
    assert {page for page in PAGES if page != "README.md"} <= linked


def test_the_anchors_of_a_page_are_those_of_a_git_host(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# What the paper leaves open, and what we chose\n```sh\n# not one\n```\n## `can-tf` serve\n")
    assert slugs(page) == {"what-the-paper-leaves-open-and-what-we-chose", "can-tf-serve"}
