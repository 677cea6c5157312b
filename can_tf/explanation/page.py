"""Explanations as one HTML file that needs nothing else: no network, no server."""

import base64
import dataclasses
import hashlib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from can_tf.explanation.data import Explanation
from can_tf.files import replacing
from can_tf.pages.files import site_file

SYNTHETIC = (
    "The model was trained on synthetic speech: this shows how it works, and nothing about the emotions of people."
)

_SCRIPTS = ("picture.js", "answer.js", "save.js", "page.js")


@dataclasses.dataclass(frozen=True)
class Group:
    """Explanations under a title, which may be empty.

    Example:
        >>> Group("Most confident", []).title
        'Most confident'
    """

    title: str
    explanations: Sequence[Explanation]


def notes_of(synthetic: bool) -> list[str]:
    """Returns the sentences that stand above explanations by a model, which may be trained on synthetic speech."""
    return [SYNTHETIC] if synthetic else []


def write_page(path: Path, title: str, groups: Sequence[Group], notes: Sequence[str] = ()) -> None:
    """Writes the page.

    Args:
        path: Where to.
        title: Of the page.
        groups: What it shows.
        notes: Sentences above them.

    Example:
        >>> from can_tf import explain_recordings, load
        >>> model = load("saved_models/can")
        >>> explanations = explain_recordings(model, "talk.wav").values()
        >>> write_page(Path("explanation.html"), "talk.wav", [Group("", list(explanations))])
    """
    data = [
        {"title": group.title, "explanations": [explanation.to_page() for explanation in group.explanations]}
        for group in groups
    ]
    text = Template(site_file("page.html", __package__)).substitute(
        _style_and_script(),
        title=html.escape(title),
        notes="\n".join(f'<p class="warning">{html.escape(note)}</p>' for note in notes),
        data=_in_script(data),
    )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")  # A file may be named by any bytes.


def empty_page() -> str:
    """Returns the page with its style and scripts, but `$title`, `$notes` and `$data` where those go."""
    return Template(site_file("page.html", __package__)).safe_substitute(_style_and_script())


def _style_and_script() -> dict[str, str]:
    script = "\n".join(site_file(name, __package__) for name in _SCRIPTS)
    return {"style": style_of("picture.css"), "script": script, "script_hash": script_hash(script)}


def style_of(name: str) -> str:
    """Returns a style sheet of this package, below the design that all pages have."""
    return site_file("design.css") + site_file(name, __package__)


def script_hash(script: str) -> str:
    """Returns what a page's policy calls the one script that it lets run."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _in_script(data: Any) -> str:
    """Returns JSON that cannot end the script element it stands in, whatever a word or a name is."""
    return json.dumps(data).replace("<", "\\u003c")
