"""Timing of several sides in turn, in one process, so that a noisy machine disturbs them alike."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping

Side = Callable[[], object]


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


def in_turn(sides: Mapping[str, Side], *, repeats: int, warm_up: int = 1) -> dict[str, Timing]:
    """Runs each side once, then each again, and so on; returns the times after the warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(warm_up + repeats):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            if round_number >= warm_up:
                seconds[name].append(time.perf_counter() - started)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
