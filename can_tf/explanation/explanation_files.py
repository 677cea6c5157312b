"""The files that explanations are written as, by suffix: one registry, for the command line and for programs."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from can_tf.errors import ConfigError
from can_tf.extras import require
from can_tf.files import check_place, write_json
from can_tf.progress import amount

if TYPE_CHECKING:
    from can_tf.explanation.page import Group  # Which imports TensorFlow.

RUN = "the test utterances of a run"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExplanationFile:
    """A kind of file.

    Attributes:
        write: Called with the path, a title, groups, and notes to stand with them.
        several: Whether one file holds several explanations.
        needs: The library, its purpose and its extra, as `can_tf.extras.require` takes them; nothing where it needs
            none.
    """

    write: Callable[[Path, str, "Sequence[Group]", Sequence[str]], None]
    several: bool = True
    needs: tuple[str, str, str] | None = None


def json_of(groups: "Sequence[Group]") -> list[dict[str, Any]]:
    """Returns groups of explanations as JSON values."""
    return [
        {"title": group.title, "explanations": [explanation.to_json() for explanation in group.explanations]}
        for group in groups
    ]


def _write_page(path: Path, title: str, groups: "Sequence[Group]", notes: Sequence[str]) -> None:
    from can_tf.explanation.page import write_page

    write_page(path, title, groups, notes)


def _write_data(path: Path, title: str, groups: "Sequence[Group]", notes: Sequence[str]) -> None:
    write_json(path, json_of(groups))


def _write_figure(path: Path, title: str, groups: "Sequence[Group]", notes: Sequence[str]) -> None:
    from can_tf.explanation.figure import write_figure

    [explanation] = groups[0].explanations
    write_figure(path, explanation, " ".join(notes))


_FIGURE = ExplanationFile(write=_write_figure, several=False, needs=("matplotlib", "Drawing a figure", "report"))

EXPLANATION_FILES: Mapping[str, ExplanationFile] = {
    ".html": ExplanationFile(write=_write_page),
    ".png": _FIGURE,
    ".pdf": _FIGURE,
    ".svg": _FIGURE,
    ".json": ExplanationFile(write=_write_data),
}


def check_explanation_file(path: Path, recordings: int | None) -> ExplanationFile:
    """Returns the kind of file that a path names by its suffix, once it is sure that it can be written.

    Args:
        path: Where to.
        recordings: How many it is to hold; None for the test utterances of a run.

    Raises:
        ConfigError: The suffix names none that holds so many, or there is no such folder.
        MissingExtraError: It needs an extra that is not installed.
    """
    suffixes = [suffix for suffix, kind in EXPLANATION_FILES.items() if kind.several or recordings == 1]
    if path.suffix.lower() not in suffixes:
        what = RUN if recordings is None else amount(recordings, "recordings")
        raise ConfigError(f"{path}: expected a name that ends in {', '.join(suffixes)} for {what}.")
    kind = EXPLANATION_FILES[path.suffix.lower()]
    if kind.needs is not None:
        require(*kind.needs)
    check_place(path)
    return kind
