"""One process at a time on one folder. The operating system lifts the lock of a process that was killed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from can_tf.errors import BusyError

LOCK_FILE = ".lock"


@contextlib.contextmanager
def alone_in(folder: Path, *, name: str = LOCK_FILE, wait_seconds: float = 0) -> Iterator[None]:
    """Keeps other processes out of the same work in a folder until the block ends or this process does.

    Args:
        folder: Must exist. Gets a hidden, empty file, which stays: to remove it would let two processes in.
        name: Of that file.
        wait_seconds: How long to wait for another process.

    Raises:
        BusyError: Another process is at it.
    """
    try:
        with filelock.FileLock(folder / name, timeout=wait_seconds):
            yield
    except filelock.Timeout as error:
        raise BusyError(
            f"{folder}: another can_tf process is at work here. Wait until it has ended, or give another folder."
        ) from error
