"""Work that other processes do, on this machine or on others."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_children: dict[subprocess.Popen[bytes], Path] = {}  # This process's children, and the folder that each works in.


def run_all(
    executor: concurrent.futures.Executor, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result]]:
    """Submits every task at once and yields each with its result as they end.

    Ctrl-C, an error or a caller that stops early cancels what has not begun.
    """
    futures = {executor.submit(function, task): task for task in tasks}
    try:
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def process_pool(workers: int) -> concurrent.futures.Executor:
    """Returns an executor of processes that end when this one does, even if it is killed.

    They are spawned, for TensorFlow does not survive a fork.
    """
    context = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(workers, context, initializer=_watch_parent)


def _watch_parent() -> None:
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def end_with_parent() -> None:
    """Makes this process end when its parent does, even if that is killed.

    The parent holds the other end of this process's standard input and writes nothing to it.
    """
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()


def _exit_at_end_of_input() -> None:
    # Not sys.stdin.read: its lock, held by a daemon thread, makes Python abort where it would exit.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


@contextlib.contextmanager
def working_in(child: subprocess.Popen[bytes], folder: Path) -> Iterator[None]:
    """Remembers, until the block ends, that a child process works in a folder: see `end_children_in`."""
    _children[child] = folder
    try:
        yield
    finally:
        del _children[child]


def end_children_in(folders: Sequence[Path]) -> None:
    """Ends this process's children that work in these folders, for nobody waits for them any more."""
    for child, folder in list(_children.items()):
        if folder in folders:
            child.kill()
            child.wait()
