"""Writing files so that a reader, or a run after a crash, sees the old state or the new one, never half of one."""

import contextlib
import csv
import errno
import hashlib
import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from can_tf.errors import ConfigError

TEMPORARY_PREFIX = ".writing-"
_LONGEST_SUFFIX = 20
_PATTERN = re.compile(r"[][*?\\{}]" if os.sep == "/" else r"[][*?{}]")
_FORMULA = re.compile("'*[=+@\t\r-]")
_AFTER_A_PATH = re.compile("; ([^;\n]+)")  # Where TensorFlow says what is wrong with a file.


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, which takes its place when the block ends without an error.

    The temporary path has the ending of `path`, for libraries that go by it, and is short, so that any name will do.
    What is replaced is on the disk before its new name is, so that a power cut leaves no empty file; then so
    is the name.
    """
    # Not the process's id, which another machine's process may have too.
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}{suffix}")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
        flush(path.parent)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # A full disk names no file, and this one nobody knows.
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Raises ConfigError where a file's folder is not there, before the work whose results are to go there."""
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}.")


@contextlib.contextmanager
def naming_disk_errors(path: Path) -> Iterator[None]:
    """Makes every error of a disk an OSError that names a file: `path`, where it names none. TensorFlow has its own."""
    import tensorflow as tf

    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
    except tf.errors.OpError as error:
        reasons = _AFTER_A_PATH.findall(error.message)
        code = next((code for code in errno.errorcode if os.strerror(code) in reasons), None)
        if code is None:  # Not of a disk.
            raise
        raise OSError(code, os.strerror(code), str(path)) from error


@contextlib.contextmanager
def without_patterns(folder: Path) -> Iterator[Path]:
    """Gives a path to a folder in which TensorFlow sees no pattern, for which it takes `[1]` in a checkpoint's path."""
    if not _PATTERN.search(str(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="can-tf-") as place:
        link = Path(place, "folder")
        link.symlink_to(folder.resolve(), target_is_directory=True)
        yield link


def flush(path: Path) -> None:
    """Sees that a file, or the names in a folder, are on the disk."""
    if path.is_dir() and (os.name == "nt" or not os.access(path, os.R_OK)):
        return  # It cannot be opened; NTFS keeps a log of names.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # Some network file systems do it for files alone.
            raise
    finally:
        os.close(handle)


def flush_folder(folder: Path) -> None:
    """Sees that a folder and all that is in it is on the disk, so that a power cut takes nothing of it."""
    for path in [*sorted(folder.rglob("*")), folder]:
        flush(path)


def remove_temporary_files(folder: Path) -> None:
    """Removes what a killed process left behind in `folder`."""
    for path in sorted(folder.glob(f"{TEMPORARY_PREFIX}*")):
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON for people and programs: indented, keys in the order given, UTF-8."""
    with replacing(path) as temporary:
        temporary.write_bytes(_json_bytes(value))


def sha256_of_json(value: Any) -> str:
    """Returns the SHA-256 of the file that `write_json` would write."""
    return hashlib.sha256(_json_bytes(value)).hexdigest()


def _json_bytes(value: Any) -> bytes:
    # Half a character, as names that are not UTF-8 have them, becomes \udce9, which JSON reads as that again.
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a CSV file with a header and Unix line ends, whose cells no spreadsheet takes for formulas."""
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _to_cell(value) for name, value in row.items()} for row in rows)


def _to_cell(value: Any) -> Any:
    """Returns what a cell holds: text that looks like a formula, which spreadsheets obey, stands behind a quote."""
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    with contextlib.suppress(ValueError):
        float(value)
        return value
    return f"'{value}"


def from_cell(text: str) -> str:
    """Returns what `write_csv` was given, of a cell that was read.

    Example:
        >>> from_cell("'=1+1"), from_cell("it's")
        ('=1+1', "it's")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


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
