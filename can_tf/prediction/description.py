"""What an export says of itself, and what is known of a model that is asked."""

import dataclasses
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from can_tf.alignment.spans import FILLER_POLICIES
from can_tf.errors import ExportError
from can_tf.json_shapes import mismatch
from can_tf.stack import RESAMPLER

_LOG = logging.getLogger(__name__)

DESCRIPTION_FILE = Path("assets.extra", "can_tf.json")

_DESCRIPTION = {
    "labels": [str],
    "records": {
        "features": {"name": str},
        "fillers": lambda value: value in FILLER_POLICIES,
        "corpus": {"name": str, "synthetic": bool},
        "resampler": (str, None),
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What is known of a model.

    Attributes:
        labels: Their names in index order.
        version: Of its export; None where it has none, or where a server does not say.
    """

    labels: tuple[str, ...]
    version: int | None = None


def description_of(version: Path) -> dict[str, Any]:
    """Returns what an export says of itself: its `labels`, and the `records` that its model was trained on.

    Raises:
        ExportError: It cannot be read.
    """
    path = version / DESCRIPTION_FILE
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ExportError(f"{path}: cannot be read ({error}). Export the run again.") from error
    wrong = mismatch(description, _DESCRIPTION)
    if wrong:
        raise ExportError(f"{path}: is damaged ({wrong}). Export the run again.")
    return description


def tell_of_resampler(version: Path, records: Mapping[str, Any]) -> None:
    """Tells, as a notice, where recordings of the training were resampled by another library than is used here.

    Args:
        version: An export.
        records: What `description_of` returns of the records.
    """
    own = records.get("resampler")
    if own not in (None, RESAMPLER):
        _LOG.warning(
            "%s: %s resampled the recordings of the training that were not at 16 kHz, and here %s resamples: on speech "
            "the two differ by less than 0.001 of full scale",
            version,
            own,
            RESAMPLER,
        )


def about_export(version: Path) -> About:
    """Returns what an export says of itself, in short; raises as `description_of` does."""
    description = description_of(version)
    number = int(version.name) if version.name.isdecimal() else None
    return About(tuple(description["labels"]), number)
