"""Work that other processes do, on this machine or on others."""

import concurrent.futures
import contextlib
import functools
import math
import multiprocessing
import multiprocessing.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

# `sys` is part of the interpreter. An empty place is the current folder. What comes last hides nothing.
_START = (
    "import sys; sys.path[:] = [place for place in sys.path if place] + [sys.argv.pop(1)]; "
    "import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)

_starting = threading.Lock()  # What the start of a process changes for a moment is all threads'.
_children: dict[subprocess.Popen[bytes], Path] = {}  # This process's children, and the folder that each works in.


def cores() -> int:
    """Returns how many cores this process may use, not how many the machine has.

    Those are the cores that a scheduler or `taskset` gave it, and no more than its control group's share of time: what
    `docker run --cpus` sets, or a limit of Kubernetes.
    """
    counts = [getattr(os, "process_cpu_count", os.cpu_count)() or 1]  # Since Python 3.13.
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    with contextlib.suppress(OSError, UnicodeDecodeError):
        counts += _quotas(Path("/proc/self/cgroup").read_text(), Path("/sys/fs/cgroup"))
    return max(1, min(counts))


def _quotas(groups: str, root: Path) -> list[int]:
    """Returns the cores, rounded up, that a process's control groups and those above them leave it.

    Args:
        groups: What `/proc/PID/cgroup` says: `ID:CONTROLLERS:PATH` a line, without controllers in version 2.
        root: Where the groups are mounted.
    """
    found: list[int] = []
    for line in groups.splitlines():
        _, controllers, place = (line.split(":", 2) + ["", ""])[:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        inner = Path(place.lstrip("/"))
        for mount in [root / controllers, root / "cpu"] if controllers else [root, root / "unified"]:
            for group in [inner, *inner.parents]:
                with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
                    quota, period = _share(mount / group, bool(controllers))
                    found += [math.ceil(quota / period)] if quota > 0 else []
    return found


def _share(group: Path, first_version: bool) -> tuple[int, int]:
    """Returns the microseconds that a control group gets of each period; raises ValueError if it gets all."""
    if first_version:
        quota, period = ((group / name).read_text() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    else:
        quota, period = (group / "cpu.max").read_text().split()
    return int(quota), int(period)


def run_all(
    executor: concurrent.futures.Executor, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result]]:
    """Submits every task at once and yields each with its result as they end.

    Ctrl-C, an error or a caller that stops early cancels what has not begun.
    """
    with _deaf_to_interrupts():  # A process that is just starting when its parent ends says so in a traceback.
        futures = {executor.submit(function, task): task for task in tasks}
    try:
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def one_ahead(function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Yields a function's results in order; while one is used, a thread works on the next.

    Example:
        >>> list(one_ahead(abs, [-1, 2]))
        [1, 2]
    """
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        coming: concurrent.futures.Future[Result] | None = None
        try:
            for task in tasks:
                ready, coming = coming, thread.submit(function, task)
                if ready is not None:
                    yield ready.result()
            if coming is not None:
                yield coming.result()
        finally:
            if coming is not None:
                coming.cancel()


# Before Python 3.11, the process that others fork from could not be kept from both this folder and other places.
_FORKS = sys.platform == "linux" and sys.version_info >= (3, 11)
_context: Any = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
_Context: Any = type(_context)
_Start: Any = _Context.Process


def process_pool(workers: int, imports: Sequence[str] = ()) -> concurrent.futures.Executor:
    """Returns an executor of processes that end when this one does, even if it is killed.

    They do not fork from this process, whose threads and whose TensorFlow would not survive that. Where the system can,
    they fork from one that has imported what they need and done nothing else: it is imported once, not once by each.

    Args:
        workers: Number of processes.
        imports: Modules that the processes need; what is not found is passed over here.
    """
    begin = functools.partial(_begin, dict(os.environ))
    with _importing_nothing_from_here():  # Its queues need a process too.
        if _FORKS and imports:
            _context.set_forkserver_preload(list(imports))
        return _Pool(workers, _SafeContext(), initializer=begin)


class _Pool(concurrent.futures.ProcessPoolExecutor):
    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        """Waits for the processes; after Ctrl-C, which those may not have heard that were just starting, ends them."""
        if kind is not None and not issubclass(kind, Exception):
            for process in list((self._processes or {}).values()):
                process.kill()
        return super().__exit__(kind, error, trace)


class _Process(_Start):
    """A process that imports nothing from the current folder while it starts."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - `multiprocessing` calls it so.
        spawned: Any = multiprocessing.get_context("spawn").Process
        with _importing_nothing_from_here(), _deaf_to_interrupts():
            # A sandbox, or a TMPDIR of a long path, may not allow the socket that forks are asked for by.
            with contextlib.suppress(OSError, EOFError):
                return _Start._Popen(process_obj)
            return spawned._Popen(process_obj)


class _SafeContext(_Context):
    Process = _Process


@contextlib.contextmanager
def _importing_nothing_from_here() -> Iterator[None]:
    """Keeps the current folder off the path of those that `multiprocessing` starts, until they have their parent's."""
    util: Any = multiprocessing.util
    with _starting:
        flags, safe = util._args_from_interpreter_flags, "-P" if sys.version_info >= (3, 11) else "-I"
        util._args_from_interpreter_flags = lambda: [*flags(), safe]
        try:
            yield
        finally:
            util._args_from_interpreter_flags = flags


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Makes Ctrl-C wait until the block ends; processes that start in it do not hear it at all until they say so.

    Imports, or a process that begins when its parent has just ended, would end in a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    pressed: list[int] = []
    handler: Any = None
    # Where Ctrl-C is ignored, as by what a script runs in the background, it stays so, in those that start too.
    if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
        handler = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Which those that start inherit.
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)


def python_command(module: str, *arguments: str) -> list[str]:
    """Returns a command that runs a module as a program which imports nothing from its current folder.

    A stranger's `numpy.py` may lie there. `python -m` would import it.

    Example:
        >>> subprocess.run(python_command("timeit", "-n1", "-r1"), check=True, capture_output=True).returncode
        0
    """
    return [sys.executable, "-c", _START, str(Path(__file__).parents[1]), module, *arguments]


def _begin(environment: Mapping[str, str]) -> None:
    """Begins one of `process_pool`'s processes."""
    os.environ.clear()  # One that forks has the variables of when the first of them began.
    os.environ.update(environment)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the parent too, which says so.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
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
