"""A records folder: `dataset.json`, `utterances.csv`, `rejected.csv` and shards. Reads without TensorFlow."""

import collections
import csv
import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from can_tf.checksums import fault_of
from can_tf.errors import ConfigError, RecordsError
from can_tf.features.front_end import FrontEnd
from can_tf.features.registry import front_end_from_json
from can_tf.files import from_cell, is_plain_name, sha256_of_file
from can_tf.json_shapes import mismatch
from can_tf.records.specification import COLUMNS, StoredUtterance, stored_utterance

SCHEMA_VERSION = 2
DATASET_FILE = "dataset.json"
UTTERANCES_FILE = "utterances.csv"
REJECTED_FILE = "rejected.csv"

REJECTED_COLUMNS = ("id", "reason", "path")
_YOUNGER_COLUMNS = ("corpus",)  # Than some records of this schema version.
_DESCRIPTION = {
    "labels": [str],
    "features": {"name": str},
    "segmentation": str,
    "overlap": lambda value: isinstance(value, (int, float)) and 0 <= value <= 1,
    "fillers": str,
    "corpus": {"name": str, "synthetic": bool},
    "counts": {str: int},
    "excluded": {str: int},
    "rejected": int,
    "same_sound": ({str: str}, None),  # Younger than some records of this schema version.
    "resampler": (str, None),  # Where no recording came at another rate, there is none.
    "shards": [{"name": str, "examples": int, "bytes": int, "sha256": str}],
    "fingerprint": str,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """One TFRecord file, as `dataset.json` describes it."""

    name: str
    examples: int
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A finished records folder.

    Attributes:
        folder: Where it is.
        description: The content of `dataset.json`.
        utterances: The rows of `utterances.csv`.
        speakers: By what its frames are standardized as they are read, `can_tf.features.speakers.SpeakerStatistics`;
            None leaves them as they are.

    Example:
        >>> dataset = load_dataset(Path("data/records"))
        >>> dataset.labels[:2], dataset.segmentation, dataset.front_end.name
        (('ang', 'exc'), 'aligned', 'mfcc')
    """

    folder: Path
    description: Mapping[str, Any]
    utterances: tuple[StoredUtterance, ...]
    speakers: Any = None  # Its module needs TensorFlow.

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
    def same_sound(self) -> Mapping[str, str]:
        """Of utterances that have the very samples of an earlier one, the id of that one by their own, where known."""
        return self.description.get("same_sound") or {}

    @functools.cached_property
    def front_end(self) -> FrontEnd:
        """What made the frames."""
        return front_end_from_json(self.description["features"])

    @property
    def shards(self) -> tuple[Shard, ...]:
        return tuple(Shard(**shard) for shard in self.description["shards"])

    def contents(self) -> dict[str, dict[str, Any]]:
        """Returns the number of `speakers` and the `counts` by label, of each of several corpora or of the one."""
        corpus = self.description["corpus"]
        several = corpus.get("parts")
        found = {}
        for name in several or [corpus["name"]]:
            rows = [row for row in self.utterances if not several or row.corpus == name]
            counts = collections.Counter(row.label for row in rows)
            speakers = len({row.speaker for row in rows})
            found[name] = {"speakers": speakers, "counts": {label: counts[label] for label in self.labels}}
        return found

    def rejected(self) -> list[dict[str, str]]:
        """Returns the rows of `rejected.csv`."""
        return _read_csv(self.folder / REJECTED_FILE, REJECTED_COLUMNS)


def load_dataset(folder: Path) -> Dataset:
    """Reads a records folder's description and its list of utterances, and checks that every shard is whole.

    Raises:
        RecordsError: There is no finished records folder here, it is of another schema version, a file other than a
            shard is not what was written, a shard is missing or of another size, or a name is not that of a shard in
            the folder.

    Example:
        >>> dataset = load_dataset(Path("data/records"))
        >>> sum(dataset.description["counts"].values()) == len(dataset.utterances)
        True
    """
    for name in (DATASET_FILE, UTTERANCES_FILE, REJECTED_FILE):
        if fault := fault_of(folder, name):
            raise RecordsError(f"{fault} Build the records again with --overwrite.")
    description = _read_description(folder / DATASET_FILE)
    rows = _read_csv(folder / UTTERANCES_FILE, tuple(COLUMNS), younger=_YOUNGER_COLUMNS)
    utterances = tuple(_stored_utterance(folder / UTTERANCES_FILE, row) for row in rows)
    dataset = Dataset(folder, description, utterances)
    _check_utterances(dataset)
    for shard in dataset.shards:
        _check_size(folder / shard.name, shard)
    return dataset


def _check_utterances(dataset: Dataset) -> None:
    """Raises RecordsError at an utterance that the shards cannot hold."""
    sizes = {shard.name: shard.bytes for shard in dataset.shards}
    labels, ids = set(dataset.labels), set()
    for row in dataset.utterances:
        sound = (
            row.id not in ids
            and row.label in labels
            and 1 <= row.longest_segment <= row.frames
            and 1 <= row.segments <= row.frames
            and 0 < row.seconds < math.inf
            and row.offset >= 0
            and 0 < row.bytes <= sizes.get(row.shard, 0) - row.offset
        )
        if not sound:
            raise RecordsError(
                f"{dataset.folder / UTTERANCES_FILE}: is damaged (the row of {row.id[:60]!r} does not fit the others, "
                f"{DATASET_FILE} or itself). Build the records again with --overwrite."
            )
        ids.add(row.id)


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
    wrong = mismatch(description, _DESCRIPTION) or _nonsense(description)
    if wrong:
        raise RecordsError(f"{path}: is damaged ({wrong}). Build the records again with --overwrite.")
    return description


def _nonsense(description: Mapping[str, Any]) -> str | None:
    """Returns what is of the right type and cannot be."""
    labels, names = description["labels"], [shard["name"] for shard in description["shards"]]
    if not labels or len(set(labels)) < len(labels):
        return "labels: expected one at least, each once"
    try:
        front_end_from_json(description["features"])
    except ConfigError as error:
        return f"features: {error}"
    if any(len(shard) != len(dataclasses.fields(Shard)) for shard in description["shards"]):
        return "shards: expected name, examples, bytes and sha256"
    if not all(map(is_plain_name, names)):
        return "shards: expected names of files in this folder"
    return None


def _read_csv(path: Path, columns: tuple[str, ...], younger: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Returns a file's rows; what it was written without, for the columns are `younger`, is empty."""
    older = tuple(name for name in columns if name not in younger)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) not in (columns, older):
                raise RecordsError(f"{path}: expected the columns {', '.join(columns)}, found {reader.fieldnames}.")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordsError(f"{path}: cannot be read ({error}).") from error
    for row in rows:
        if None in row or None in row.values():
            raise RecordsError(
                f"{path}: is damaged (the row of {row['id'][:60]!r} has too many or too few columns). "
                "Build the records again with --overwrite."
            )
    return [{**dict.fromkeys(younger, ""), **{name: from_cell(value) for name, value in row.items()}} for row in rows]


def _stored_utterance(path: Path, row: Mapping[str, str]) -> StoredUtterance:
    try:
        return stored_utterance(row)
    except ValueError as error:
        raise RecordsError(
            f"{path}: is damaged (the row of {row['id'][:60]!r}: {error}). Build the records again with --overwrite."
        ) from error


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
