"""Timing of several sides in turn, so that a noisy machine disturbs them alike."""

import dataclasses
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

Side = Callable[[], object]

_SECONDS_OF_A_TURN = 2.0


@dataclasses.dataclass(frozen=True)
class Timing:
    """Seconds of each repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def as_json(self) -> dict[str, object]:
        return {
            "median": self.median,
            "smallest": min(self.seconds),
            "largest": max(self.seconds),
            "repeats": len(self.seconds),
        }


class InProcess:
    """A side in a process of its own, so that the threads and the memory of one library don't disturb another's.

    Args:
        prepare: Called in that process with `name`; returns what is measured, and the side.
        name: Of the side.
        environment: Variables of that process.

    Attributes:
        what: What is measured.
    """

    def __init__(self, prepare: Callable[[str], tuple[str, Side]], name: str, environment: Mapping[str, str]):
        context = multiprocessing.get_context("spawn")
        self._name = name
        self._connection, other_end = context.Pipe()
        context.Process(target=_answer, args=(other_end, prepare, name, dict(environment)), daemon=True).start()
        other_end.close()
        self.what = self._receive()

    def __call__(self) -> None:
        self._connection.send(None)
        self._receive()

    def _receive(self) -> str:
        try:
            return self._connection.recv()
        except EOFError:
            raise SystemExit(f"{self._name} ended early; what it said stands above") from None


def _answer(
    connection: Connection, prepare: Callable[[str], tuple[str, Side]], name: str, environment: Mapping[str, str]
) -> None:
    os.environ.update(environment)
    what, side = prepare(name)
    connection.send(what)
    while True:
        try:
            connection.recv()
        except EOFError:  # All is measured.
            return
        side()
        connection.send("")


def in_turn(sides: Mapping[str, Side], *, repeats: int, warm_up: int = 1) -> dict[str, Timing]:
    """Gives each side a turn, then each another, and so on; returns the times after the warm-up.

    In its turn a side runs again and again for as long as `_SECONDS_OF_A_TURN`, at least once, and the mean is taken: a
    training step follows other steps, and caches that the other sides have emptied are no part of it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(warm_up + repeats):
        for name, side in sides.items():
            taken = _turn(side)
            if round_number >= warm_up:
                seconds[name].append(taken)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def _turn(side: Side) -> float:
    started, calls = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < _SECONDS_OF_A_TURN or not calls:
        side()
        calls += 1
    return elapsed / calls
