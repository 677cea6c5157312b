"""Text and tables of a model card."""

import html
import re
from collections.abc import Sequence
from typing import Any


def plain(value: Any) -> str:
    r"""Returns text that Markdown takes for text: a corpus names its own labels.

    Example:
        >>> print(plain("<b> a|b"))
        &lt;b&gt; a\|b
    """
    return re.sub(r"([\\`*\[\]|!])", r"\\\1", html.escape(" ".join(str(value).split()), quote=False))


def table(headers: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """Returns a table, its cells as plain text.

    Example:
        >>> print(table(["label", "recall"], [["calm", "0.5"]]))
        | label | recall |
        | --- | --- |
        | calm | 0.5 |
    """
    lines = [[plain(header) for header in headers], ["---"] * len(headers)]
    lines += [[plain(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
