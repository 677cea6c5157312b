"""Whether files are what they were when they were written.

A finished folder has `SHA256SUMS`, which `sha256sum --check` reads too. A file that says how far a work has got is
sealed: its last member is the SHA-256 of the others.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from can_tf.errors import DamagedError
from can_tf.files import replacing, sha256_of_file, sha256_of_json, write_json

CHECKSUMS_FILE = "SHA256SUMS"
_SEAL = "sha256"
_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<name>.+)")


def checksums_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Returns the SHA-256 of files in a folder by their names."""
    return {name: sha256_of_file(folder / name) for name in names}


def write_checksums(folder: Path, checksums: Mapping[str, str]) -> None:
    """Writes `SHA256SUMS`: SHA-256 by name, names relative to the folder, with slashes."""
    with replacing(folder / CHECKSUMS_FILE) as temporary:
        lines = [f"{sha256}  {name}\n" for name, sha256 in sorted(checksums.items())]
        temporary.write_text("".join(lines), encoding="utf-8")


def read_checksums(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 by name; raises DamagedError if `SHA256SUMS` is missing, damaged or leads elsewhere."""
    path = folder / CHECKSUMS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedError(
            f"{path}: cannot be read ({error}). A folder has it when it is finished, and was made by this version."
        ) from error
    matches = [_LINE.fullmatch(line) for line in lines]
    if not lines or not all(matches):
        raise DamagedError(f"{path}: is damaged; expected lines of a SHA-256, two spaces and a file's name.")
    checksums = {match["name"]: match["sha256"] for match in matches if match}
    for name in checksums:
        if Path(name).is_absolute() or ".." in Path(name).parts or not name.isprintable():
            raise DamagedError(f"{path}: names {name[:80]!r}, which is no file's in the folder.")
    return checksums


def changes(folder: Path, but: str = "/") -> list[str]:
    """Returns what is no longer as it was, a line a file: nothing if all is; raises DamagedError as above.

    Args:
        folder: With `SHA256SUMS`.
        but: The ending of names that do not count.
    """
    faults = []
    for name, sha256 in read_checksums(folder).items():
        path = folder / name
        if name.endswith(but):
            continue
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif sha256_of_file(path) != sha256:
            faults.append(f"{name} was changed")
    return faults


def fault_of(folder: Path, name: str) -> str | None:
    """Returns why a file is not what it was when its folder was finished; None where nothing speaks against it.

    Where there are no checksums, as in an unfinished folder, or none of this file, nothing does.
    """
    path = folder / name
    if not (folder / CHECKSUMS_FILE).exists() or not path.exists():
        return None
    try:
        expected = read_checksums(folder).get(name)
        if expected is None or expected == sha256_of_file(path):
            return None
    except DamagedError as error:
        return str(error)
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})."
    return f"{path}: is damaged or was changed: its SHA-256 is not that of {CHECKSUMS_FILE}."


def write_sealed(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a JSON object, which has no member of the seal's name, with its seal."""
    if _SEAL in values:
        raise ValueError(f"{path}: would have two members {_SEAL}")
    write_json(path, {**values, _SEAL: sha256_of_json(values)})


def read_sealed(path: Path) -> dict[str, Any]:
    """Returns the JSON object of a sealed file, without the seal.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such object, or not what was written.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError(f"expected an object, found {type(values).__name__}")
        seal = values.pop(_SEAL, None)
        if seal != sha256_of_json(values):
            raise ValueError("its SHA-256 is not the one that it names")
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return values
