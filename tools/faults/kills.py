"""Commands that are killed with SIGKILL at moments that a seed decides, and then run again to their end."""

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from faults.commands import Command, finish, watched


@dataclasses.dataclass(frozen=True)
class Undisturbed:
    """A command's outcome, how often it changed a file, and the seconds from the first change to its end."""

    outcome: Mapping[str, Any]
    changes: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Kill:
    """A kill: when, whether the command was there to be killed, and what differs in the end, by name."""

    moment: str
    killed: bool
    differs: tuple[str, ...]


def undisturbed(command: Command, folder: Path, log: Path) -> Undisturbed:
    """Runs a command to its end."""
    process = command.start(folder, watched(folder, log))
    _wait_for_a_change(log, process)
    started = time.monotonic()
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(f"{command.name} ended with {process.returncode}: {said[-2000:]}")
    return Undisturbed(command.outcome(folder), log.stat().st_size, time.monotonic() - started)


def kill_and_finish(command: Command, base: Path, before: Undisturbed, number: int, seed: int) -> Kill:
    """Kills a command at a moment and finishes it.

    Moments take turns: any time, a change of a file, and the death of just that process that is to change it.

    Args:
        command: What to kill.
        base: Gets the folder that the command works in.
        before: The same command, undisturbed.
        number: Of this kill.
        seed: With the number, decides the moment.
    """
    random = np.random.default_rng([seed, number])
    folder, log = base / f"{command.name}-{number}", base / f"{command.name}-{number}.log"
    change, seconds = int(random.integers(1, before.changes + 1)), random.uniform(0, before.seconds)
    if number % 3 == 0:
        moment = f"{seconds:.2f} s after the first change"
        killed = _kill_after(command, folder, log, seconds)
    else:
        do = ("kill", "kill here")[number % 3 - 1]
        moment = f"{do} at change {change} of {before.changes}"
        process = command.start(folder, watched(folder, log, change, do))
        process.communicate()
        killed = process.returncode != 0
    outcome = finish(command, folder)
    return Kill(moment, killed, different(before.outcome, outcome))


def _kill_after(command: Command, folder: Path, log: Path, seconds: float) -> bool:
    process = command.start(folder, watched(folder, log))
    _wait_for_a_change(log, process)
    time.sleep(seconds)
    killed = process.poll() is None
    if killed:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return killed


def _wait_for_a_change(log: Path, process: Any) -> None:
    while process.poll() is None and not (log.exists() and log.stat().st_size):
        time.sleep(0.01)


def different(expected: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the names of what differs between two outcomes."""
    return tuple(sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name)))


def kills(command: Command, base: Path, count: int, seed: int, report: Callable[[int, int], None]) -> Iterator[Kill]:
    """Yields kills of a command, each in a folder of its own."""
    before = undisturbed(command, base / f"{command.name}-undisturbed", base / f"{command.name}-undisturbed.log")
    for number in range(count):
        yield kill_and_finish(command, base, before, number, seed)
        report(number + 1, count)
