"""Train, evaluate and export, again and again in one process: what a day of work leaves behind in memory and files."""

import dataclasses
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from can_tf.records.dataset import load_dataset
from can_tf.report.run import draw_run, read_evaluation
from can_tf.serving.export import export_run
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions

_OPTIONS = TrainOptions(epochs=1, units=4, heads=2, batch_size=32)


@dataclasses.dataclass(frozen=True)
class Cycle:
    """What the process holds after a cycle: memory in megabytes, open files, threads, and files left in `/tmp`."""

    number: int
    seconds: float
    megabytes: float
    open_files: int
    threads: int
    temporary_files: int


def cycles(
    records: Path, base: Path, count: int, minutes: float, report: Callable[[int, int], None]
) -> Iterator[Cycle]:
    """Yields up to so many cycles, or as many as the minutes allow."""
    dataset, ends = load_dataset(records), time.monotonic() + 60 * minutes
    for number in range(1, count + 1):
        started = time.monotonic()
        run = base / f"cycle-{number}"
        train_fold(dataset, run, _OPTIONS)
        draw_run(run, read_evaluation(run))
        export_run(run, base / "model")
        report(number, count)
        yield Cycle(
            number,
            round(time.monotonic() - started, 1),
            round(_megabytes(), 1),
            _entries(Path("/proc/self/fd")),
            _entries(Path("/proc/self/task")),
            _entries(Path(tempfile.gettempdir())),
        )
        if time.monotonic() > ends:
            return


def _entries(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
