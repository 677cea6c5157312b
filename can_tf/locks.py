"""One process at a time on one folder. The operating system lifts the lock of a process that was killed."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from can_tf.errors import BusyError

LOCK_FILE = ".lock"
_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def alone_in(folder: Path, *, name: str = LOCK_FILE, wait_seconds: float = 0) -> Iterator[None]:
    """Keeps other processes out of the same work in a folder until the block ends or this process does.

    Where the file system has no locks, as some network file systems, it says so and keeps nobody out.

    Args:
        folder: Must exist. Gets a hidden, empty file, which stays: to remove it would let two processes in.
        name: Of that file.
        wait_seconds: How long to wait for another process.

    Raises:
        BusyError: Another process is at it.
    """
    if not _has_locks(folder):
        _LOG.warning("%s: this file system has no locks; see that no other can_tf process works here.", folder)
        yield
        return
    try:
        with filelock.FileLock(folder / name, timeout=wait_seconds):
            yield
    except filelock.Timeout as error:
        raise BusyError(
            f"{folder}: another can_tf process is at work here. Wait until it has ended, or give another folder."
        ) from error


def _has_locks(folder: Path) -> bool:
    """Tells whether the file system of a folder has locks; else a lock would seem to be held by another, for ever."""
    if os.name == "nt":
        return True
    import fcntl  # Which no other system than Unix has.

    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
