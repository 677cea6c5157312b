"""Pieces of HTML that reports are made of, and the page around them: no network, no script, pictures inside.

What comes from files, labels and paths among it, is escaped: `Html` marks what is markup already.
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.files import replacing
from can_tf.pages.files import site_file
from can_tf.prediction.label_colors import label_colors
from can_tf.report.statistics import f1_interval, wilson_interval

SYNTHETIC = (
    "<strong>Synthetic speech.</strong> The records hold no voice of a person. The figures show that all parts work "
    "together, and say nothing about how well emotions of people are recognized."
)


class Html(str):
    """Text that is markup, and is not escaped again."""


def document(template: str, title: str, subtitle: str, synthetic: bool, **parts: Any) -> str:
    """Returns a page.

    Args:
        template: Its file in `can_tf/report/data`.
        title: Its heading.
        subtitle: Below it.
        synthetic: Whether to say that the speech is synthetic.
        parts: What else the template names. They are taken as they are: escape what is no markup.
    """
    data = resources.files("can_tf.report") / "data"
    return string.Template((data / template).read_text(encoding="utf-8")).substitute(
        style=site_file("design.css") + (data / "report.css").read_text(encoding="utf-8"),
        title=escape(title),
        subtitle=escape(subtitle),
        synthetic=f'<p class="warning">{SYNTHETIC}</p>' if synthetic else "",
        **parts,
    )


def write_html(path: Path, text: str) -> Path:
    """Writes a page, and returns its path."""
    with replacing(path) as temporary:
        # JSON may hold halves of characters, which UTF-8 has no bytes for.
        temporary.write_bytes(text.encode("utf-8", "xmlcharrefreplace"))
    return path


def labels_table(confusion: np.ndarray | Sequence[Sequence[int]], labels: Sequence[str]) -> Html:
    """Returns recall, precision and F1 of each label, with bars and 95 % intervals.

    Args:
        confusion: `<float>[labels, labels]`, a row for each true label.
        labels: In index order.
    """
    counts = np.asarray(confusion)
    names = _colored(labels)
    rows: list[list[Any]] = []
    for index in range(len(labels)):
        right, occurring, given = counts[index, index], counts[index].sum(), counts[:, index].sum()
        missed, wrongly_given = occurring - right, given - right
        f1 = "absent"
        if occurring:
            f1 = bar(2 * right / (occurring + given), f1_interval(right, missed, wrongly_given))
        shares = _share(right, occurring, "absent"), _share(right, given, "never predicted")
        rows.append([names[index], _number(occurring), *shares, f1])
    caption = "Each label, with 95 % intervals: the thin lines in the bars"
    return table(caption, ["label", "utterances", "recall", "precision", "F1"], rows)


def _colored(labels: Sequence[str]) -> list[Html]:
    """Returns labels beside their colors."""
    colors = label_colors(labels)
    return [Html(f'<span class="swatch" style="--color: {colors[label]}"></span>{escape(label)}') for label in labels]


def _number(count: float) -> str:
    return f"{round(float(count), 1):.10g}"


def _share(right: float, count: float, otherwise: str) -> str:
    return bar(right / count, wilson_interval(right, count)) if count else otherwise


def bar(value: float, interval: tuple[float, float]) -> Html:
    """Returns a score with its interval in figures, and the same drawn."""
    low, high = interval
    drawing = (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * value:.1f}" height="10"/>'
        f'<line x1="{100 * low:.1f}" x2="{100 * high:.1f}" y1="5" y2="5"/></svg>'
    )
    return Html(f"{value:.3f} ({low:.2f} to {high:.2f}){drawing}")


def confusion_table(confusion: np.ndarray | Sequence[Sequence[int]], labels: Sequence[str]) -> Html:
    """Returns a confusion matrix, whose cells are shaded by their shares; arguments are those of `labels_table`."""
    rows = []
    for name, counts in zip(_colored(labels), confusion, strict=True):
        shares = [count / max(sum(counts), 1) for count in counts]
        cells = [
            Html(f'<td class="share" style="--share: {share:.3f}">{_number(count)} ({share:.0%})</td>')
            for count, share in zip(counts, shares, strict=True)
        ]
        rows.append([name, *cells])
    caption = "Confusion matrix: a row a true label, a column a predicted one; shares are of the row"
    return table(caption, ["true label", *labels], rows)


def named_values(caption: str, values: Mapping[str, Any]) -> Html:
    """Returns a table of values by their names."""
    rows = [
        [name, Html(f'<td class="text">{escape("none" if value is None else str(value))}</td>')]
        for name, value in values.items()
    ]
    return table(caption, ["name", "value"], rows)


def table(caption: str, headers: Iterable[str], rows: Iterable[Sequence[Any]]) -> Html:
    """Returns a table whose first column names its rows. Cells are escaped, but for markup; `<td>` may be its own."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row">{name if isinstance(name, Html) else escape(str(name))}</th>'
        f"{''.join(map(_cell, cells))}</tr>\n"
        for name, *cells in rows
    )
    return Html(
        f'<div class="wide" role="group" tabindex="0" aria-label="{escape(caption)}">\n'
        f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}</tbody>\n</table>\n</div>"
    )


def _cell(value: Any) -> str:
    if isinstance(value, Html):
        return value if value.startswith("<td") else f"<td>{value}</td>"
    return f"<td>{escape(str(value))}</td>"


def picture(svg: str, description: str) -> Html:
    """Returns a picture with a description for those who do not see it."""
    return Html(f'<figure role="img" aria-label="{escape(description)}">{svg}</figure>')
