"""What a finished folder was when it was finished: `SHA256SUMS`, which `sha256sum --check` reads too."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from can_tf.errors import DamagedError
from can_tf.files import replacing, sha256_of_file

CHECKSUMS_FILE = "SHA256SUMS"
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


def changes(folder: Path) -> list[str]:
    """Returns what is no longer as it was, a line a file: nothing if all is; raises DamagedError as above."""
    faults = []
    for name, sha256 in read_checksums(folder).items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif sha256_of_file(path) != sha256:
            faults.append(f"{name} was changed")
    return faults
