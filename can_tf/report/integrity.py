"""Whether finished folders are what they were: records, runs, searches and exports, each against its own checksums."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from can_tf.checksums import CHECKSUMS_FILE, changes, read_checksums
from can_tf.errors import CanError, DamagedError
from can_tf.records.dataset import DATASET_FILE, load_dataset
from can_tf.report.run import read_evaluation
from can_tf.training.run_folder import METRICS_FILE
from can_tf.training.search import SEARCH_FILE

_KINDS = {DATASET_FILE: "records", METRICS_FILE: "run", SEARCH_FILE: "search"}  # By a file that no other kind has.


@dataclasses.dataclass(frozen=True, slots=True)
class Verified:
    """A finished folder: its kind (records, run, search or export), how many files it has, and what is wrong."""

    folder: Path
    kind: str
    files: int
    faults: tuple[str, ...]


def verify(path: Path) -> list[Verified]:
    """Checks a finished folder, or every one that lies in a folder, however deep.

    Raises:
        DamagedError: There is none.

    Example:
        >>> [checked] = verify(Path("data/records"))
        >>> checked.kind, checked.faults
        ('records', ())
    """
    verified = [_verified(folder) for folder in _finished_folders(path)]
    if not verified:
        raise DamagedError(
            f"{path}: holds nothing that is finished (no {CHECKSUMS_FILE}). Finish it by running its command again; "
            "what an earlier version of can_tf made has no checksums."
        )
    return verified


def _finished_folders(path: Path) -> Iterator[Path]:
    if (path / CHECKSUMS_FILE).exists():
        yield path
        return
    for folder in sorted(inner for inner in path.iterdir() if inner.is_dir() and not inner.name.startswith(".")):
        yield from _finished_folders(folder)


def _verified(folder: Path) -> Verified:
    kind = next((kind for name, kind in _KINDS.items() if (folder / name).exists()), "export")
    try:
        files, faults = len(read_checksums(folder)), changes(folder)
        if not faults and kind == "records":
            load_dataset(folder)
        elif not faults and kind == "run":
            read_evaluation(folder)
    except CanError as error:
        return Verified(folder, kind, 0, (" ".join(str(error).split()),))
    return Verified(folder, kind, files, tuple(faults))
