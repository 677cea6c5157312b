"""Shows the `Example:` of a docstring as code, as the Python reference does with `Examples:`, the heading it knows."""

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Gives the heading its plural; without it, an example would be read as Markdown, and a list in it as a link."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
