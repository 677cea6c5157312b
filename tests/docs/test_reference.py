"""The pages of commands and Python names are what click and the docstrings say today."""

import hooks
import pytest
import reference

from tests.docs.shown import read


@pytest.mark.parametrize(
    "page, write", [("docs/commands.md", reference.with_commands), ("docs/api.md", reference.with_names)]
)
def test_pages_are_what_the_code_says(page, write):
    assert read(page) == write(read(page)), "run: python tools/site/reference.py"


def test_a_name_has_its_parameters_and_the_first_sentence_of_its_docstring():
    line = reference.name_line("can_tf.load")
    assert line == "- `can_tf.load(path, **options)`: Returns an exported model; ask it with `predict(audio, words)`."


def test_the_site_has_the_docstring_in_place_of_the_line():
    page = "Before.\n\n<!-- ::: can_tf.load -->\n- `can_tf.load(path)`: Returns\n  a model.\n\nAfter.\n"
    assert hooks.DOCSTRING.sub(r"\1\n", page) == "Before.\n\n::: can_tf.load\n\nAfter.\n"


def test_what_click_shows_is_no_markup_but_for_code():
    assert reference.as_text("see `a_b <c>` or d_e") == r"see `a_b <c>` or d\_e"
    assert reference.as_text("a_b *c* [d] <e>") == r"a\_b \*c\* \[d\] &lt;e&gt;"
