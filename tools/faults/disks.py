"""Commands whose disk is full or read-only, and who then get room."""

import contextlib
import dataclasses
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from faults.commands import Command, finish
from faults.kills import different

_ROOM = 2**30


@dataclasses.dataclass(frozen=True)
class Disk:
    """A disk: what was wrong with it, what the command said of it, and what differs in the end, by name."""

    disk: str
    said: str
    differs: tuple[str, ...]


def fill_disks(command: Command, base: Path, count: int, report: Callable[[int, int], None]) -> Iterator[Disk]:
    """Yields disks that are full after more and more bytes, and one that is read-only.

    Each holds at first what a command that ended well has left: an export's first version is to survive the second.
    """
    mounted = base / "disk"
    mounted.mkdir(exist_ok=True)
    with _disk(mounted, _ROOM):
        before = finish(command, mounted / "out")
        again = finish(command, mounted / "out") if command.name == "export" else before
        needed = _bytes_used(mounted)
    first = needed // 2 if command.name == "export" else 0
    for number in range(count):
        size = first + round((needed - first) * (number + 0.5) / count)
        with _disk(mounted, _ROOM):
            if command.name == "export":
                finish(command, mounted / "out")
            _remount(mounted, f"size={size}")
            yield _tried(command, mounted, f"full at {size / 2**10:.0f} of {needed / 2**10:.0f} KiB", again)
        report(number + 1, count + 1)
    with _disk(mounted, _ROOM):
        _remount(mounted, "ro")
        yield _tried(command, mounted, "read-only", before)
    report(count + 1, count + 1)


def _tried(command: Command, mounted: Path, disk: str, expected: Mapping[str, Any]) -> Disk:
    """Runs a command on a disk that will not do, gives it room, and runs it again."""
    process = command.start(mounted / "out")
    _, said = process.communicate()
    lines = said.strip().splitlines()
    wrong = []
    if process.returncode == 0:
        lines = ["(it had room enough)"]
    elif process.returncode != 1 or "Traceback" in said or not lines[-1].startswith("Error: "):
        wrong.append(f"exit code {process.returncode} and more than a line: {said[-1000:]}")
    _remount(mounted, f"rw,size={_ROOM}")
    done = process.returncode == 0
    outcome = command.outcome(mounted / "out") if done else finish(command, mounted / "out")
    return Disk(disk, lines[-1], (*wrong, *different(expected, outcome)))


@contextlib.contextmanager
def _disk(folder: Path, size: int) -> Iterator[None]:
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "can-tf-faults", str(folder))
    try:
        yield
    finally:
        _run("umount", str(folder))


def _remount(folder: Path, options: str) -> None:
    _run("mount", "-o", f"remount,{options}", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _bytes_used(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))
