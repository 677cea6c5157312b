"""A records folder: `dataset.json`, `utterances.csv`, `rejected.csv` and shards. Reads without TensorFlow."""

import csv
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from can_tf.errors import RecordsError
from can_tf.files import is_plain_name, sha256_of_file

SCHEMA_VERSION = 1
DATASET_FILE = "dataset.json"
UTTERANCES_FILE = "utterances.csv"
REJECTED_FILE = "rejected.csv"

UTTERANCE_COLUMNS = (
    "id",
    "label",
    "speaker",
    "session",
    "scenario",
    "words",
    "seconds",
    "shard",
    "segments",
    "frames",
    "longest_segment",
    "offset",
    "bytes",
)
REJECTED_COLUMNS = ("id", "reason", "path")
_NUMBERS = ("segments", "frames", "longest_segment", "offset", "bytes")


@dataclasses.dataclass(frozen=True, slots=True)
class StoredUtterance:
    """A row of `utterances.csv`.

    `words` is the utterance's words joined by spaces; `frames` counts the MFCC frames of all its segments, and
    `longest_segment` those of its longest; `offset` and `bytes` tell where its example lies in its shard.
    """

    id: str
    label: str
    speaker: str
    session: str
    scenario: str
    words: str
    seconds: float
    shard: str
    segments: int
    frames: int
    longest_segment: int
    offset: int
    bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """One TFRecord file, as `dataset.json` describes it."""

    name: str
    examples: int
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A finished records folder."""

    folder: Path
    description: Mapping[str, Any]
    utterances: tuple[StoredUtterance, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.description["labels"])

    @property
    def synthetic(self) -> bool:
        return self.description["corpus"]["synthetic"]

    @property
    def fingerprint(self) -> str:
        return self.description["fingerprint"]

    @property
    def segmentation(self) -> str:
        return self.description["segmentation"]

    @property
    def shards(self) -> tuple[Shard, ...]:
        return tuple(Shard(**shard) for shard in self.description["shards"])

    def rejected(self) -> list[dict[str, str]]:
        """Returns the rows of `rejected.csv`."""
        return _read_csv(self.folder / REJECTED_FILE, REJECTED_COLUMNS)


def load_dataset(folder: Path) -> Dataset:
    """Reads a records folder's description and its list of utterances, and checks that every shard is whole.

    Raises:
        RecordsError: There is no finished records folder here, it is of another schema version, a shard is missing or
            of another size than when it was written, or a name is not that of a shard in the folder.
    """
    description = _read_description(folder / DATASET_FILE)
    rows = _read_csv(folder / UTTERANCES_FILE, UTTERANCE_COLUMNS)
    try:
        utterances = tuple(_stored_utterance(row) for row in rows)
    except ValueError as error:
        raise RecordsError(
            f"{folder / UTTERANCES_FILE}: is damaged ({error}). Build the records again with --overwrite."
        ) from error
    dataset = Dataset(folder, description, utterances)
    _check_names(dataset)
    for shard in dataset.shards:
        _check_size(folder / shard.name, shard)
    return dataset


def _check_names(dataset: Dataset) -> None:
    """Raises RecordsError where a shard's name, which becomes a path, would lead out of the folder."""
    names = [shard.name for shard in dataset.shards]
    for name in names:
        if not is_plain_name(name):
            raise RecordsError(
                f"{dataset.folder / DATASET_FILE}: names the shard {str(name)[:80]!r}; expected the bare name of a "
                "file in this folder. Build the records again with --overwrite."
            )
    for utterance in dataset.utterances:
        if utterance.shard not in names:
            raise RecordsError(
                f"{dataset.folder / UTTERANCES_FILE}: {utterance.id} lies in {utterance.shard[:80]!r}, which is no "
                f"shard of {DATASET_FILE}. Build the records again with --overwrite."
            )


def verify_shards(dataset: Dataset) -> None:
    """Reads every shard and compares its SHA-256; raises RecordsError at the first that differs."""
    for shard in dataset.shards:
        path = dataset.folder / shard.name
        if sha256_of_file(path) != shard.sha256:
            raise RecordsError(f"{path}: its SHA-256 is not that of {DATASET_FILE}. Build the records again.")


def _read_description(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise RecordsError(
            f"{path.parent}: holds no finished records ({path.name} is missing). "
            "Make them, or finish a build that was interrupted, with: can-tf build-records"
        )
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        version = description["schema_version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordsError(f"{path}: is not a description of records ({error}).") from error
    if version != SCHEMA_VERSION:
        raise RecordsError(
            f"{path}: schema_version is {version!r}, this version of can_tf reads {SCHEMA_VERSION}. "
            "Build the records again with --overwrite."
        )
    try:
        [Shard(**shard) for shard in description["shards"]]
        missing = {"labels", "features", "segmentation", "corpus", "counts", "fingerprint"} - set(description)
    except (KeyError, TypeError) as error:
        raise RecordsError(f"{path}: the list of shards is damaged ({error}).") from error
    if missing:
        raise RecordsError(f"{path}: lacks {', '.join(sorted(missing))}. Build the records again with --overwrite.")
    return description


def _read_csv(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != columns:
                raise RecordsError(f"{path}: expected the columns {', '.join(columns)}, found {reader.fieldnames}.")
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordsError(f"{path}: cannot be read ({error}).") from error


def _stored_utterance(row: Mapping[str, str]) -> StoredUtterance:
    if None in row or None in row.values():
        raise ValueError(f"the row of {row.get('id')!r} has too many or too few columns")
    numbers = {name: int(row[name]) for name in _NUMBERS}
    return StoredUtterance(**{**row, **numbers, "seconds": float(row["seconds"])})  # type: ignore[arg-type]


def _check_size(path: Path, shard: Shard) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecordsError(f"{path}: is missing ({error.strerror}). Run can-tf build-records --overwrite.") from error
    if size != shard.bytes:
        raise RecordsError(
            f"{path}: is {size} bytes long, {shard.bytes} were written: it was cut short or changed. "
            "Build the records again with --overwrite."
        )
