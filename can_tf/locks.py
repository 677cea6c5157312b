"""One process at a time on one folder. The operating system lifts the lock of a process that was killed."""

import contextlib
import errno
import importlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import filelock

from can_tf.errors import BusyError

LOCK_FILE = ".lock"
_LOG = logging.getLogger(__name__)
_HELD = (errno.EWOULDBLOCK, errno.EACCES)  # By another process.


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
    lock = filelock.FileLock(folder / name)
    try:
        lock.acquire(timeout=wait_seconds)
    except (filelock.Timeout, NotImplementedError) as error:
        if _has_locks(folder / name):
            raise BusyError(
                f"{folder}: another can_tf process is at work here. Wait until it has ended, or give another folder."
            ) from error
        _LOG.warning("%s: this file system has no locks; see that no other can_tf process works here.", folder)
    try:
        yield
    finally:
        lock.release()


def _has_locks(path: Path) -> bool:
    """Tells whether the file system of a file that could not be locked has locks: else each try fails, for ever."""
    if os.name == "nt":
        return True
    fcntl = importlib.import_module("fcntl")  # Which no other system than Unix has.
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _HELD
    finally:
        os.close(handle)
    return True
