"""Explanations as one HTML file that needs nothing else: no network, no server."""

import dataclasses
import html
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from can_tf.explanation.data import Explanation
from can_tf.files import replacing

SYNTHETIC = (
    "The model was trained on synthetic speech: this shows how it works, and nothing about the emotions of people."
)


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
    text = Template(site_file("page.html")).substitute(
        title=html.escape(title),
        notes="\n".join(f'<p class="warning">{html.escape(note)}</p>' for note in notes),
        style=site_file("picture.css"),
        script=site_file("picture.js"),
        data=_in_script(data),
    )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")  # A file may be named by any bytes.


def site_file(name: str, package: str = __package__) -> str:
    """Returns the text of a file in the folder `site` of a package."""
    return resources.files(package).joinpath("site").joinpath(name).read_text(encoding="utf-8")


def _in_script(data: Any) -> str:
    """Returns JSON that cannot end the script element it stands in, whatever a word or a name is."""
    return json.dumps(data).replace("<", "\\u003c")
