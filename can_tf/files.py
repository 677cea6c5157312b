"""Writing files so that a reader, or a run after a crash, sees the old state or the new one, never half of one."""

import contextlib
import csv
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

TEMPORARY_SUFFIX = ".tmp"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, which takes its place when the block ends without an error."""
    # Not the process's id, which another machine's process may have too.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporary_files(folder: Path) -> None:
    """Removes what a killed process left behind in `folder`."""
    for path in sorted(folder.glob(f".*{TEMPORARY_SUFFIX}")):
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON for people and programs: indented, keys in the order given, UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a CSV file with a header and Unix line ends."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def sha256_of_file(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_plain_name(name: object) -> bool:
    """Tells whether a value that a file holds is a bare name, so that it cannot lead out of the folder it is joined to.

    It is no path on any system: no separator, no drive, not `..`; and printable, so without NUL.
    """
    if not isinstance(name, str) or not name.isprintable():
        return False
    return name not in ("", "..") and PureWindowsPath(name).name == name
