"""The same training on machines of other numbers of cores, in other company, and begun on one and ended on another."""

import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from faults.commands import Command, finish

_FULL_SIZE = ("--epochs", "2", "--folds", "1")  # All else is what trainings have by default.


@dataclasses.dataclass(frozen=True)
class Trained:
    """How a training was run, what its weights are, and in what it differs from the first."""

    how: str
    weights_sha256: str
    differs: tuple[str, ...]


def train_on(
    records: Path, base: Path, threads: tuple[int, ...], jobs: tuple[int, ...], report: Callable[[int, int], None]
) -> Iterator[Trained]:
    """Yields a training of full size for each number of threads, of jobs, and one that changes machines half way.

    Args:
        records: What is trained on.
        base: Folder to work in.
        threads: That TensorFlow is told to have, as machines of so many cores would.
        jobs: Of `cross-validate`.
        report: Told of those done.
    """
    train = Command("train", lambda folder: _arguments(records, "--run", folder), _weights)
    together = Command("cross-validate", lambda folder: [*_arguments(records, "--runs", folder)], _weights_within)
    ways: list[tuple[str, Callable[[], Mapping[str, str]]]] = [
        (f"train, {count} threads", lambda count=count: finish(train, base / f"threads-{count}", _machine(count)))
        for count in threads
    ]
    ways += [
        (
            f"cross-validate --jobs {count}",
            lambda count=count: finish(_with_jobs(together, count), base / f"jobs-{count}", _machine(max(threads))),
        )
        for count in jobs
    ]
    first, last = min(threads), max(threads)
    ways.append((f"killed on {first}, ended on {last}", lambda: _moved(train, base / "moved", first, last)))
    expected = ""
    for done, (how, run) in enumerate(ways, 1):
        weights = run()["weights_sha256"]
        expected = expected or weights
        yield Trained(how, weights[:16], () if weights == expected else ("weights",))
        report(done, len(ways))


def _arguments(records: Path, option: str, folder: Path) -> list[str]:
    sizes = _FULL_SIZE if option == "--runs" else _FULL_SIZE[:2]
    return ["--records", str(records), *sizes, option, str(folder)]


def _with_jobs(command: Command, jobs: int) -> Command:
    return dataclasses.replace(command, arguments=lambda folder: [*command.arguments(folder), "--jobs", str(jobs)])


def _machine(threads: int) -> dict[str, str]:
    return {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}


def _moved(train: Command, folder: Path, first: int, last: int) -> Mapping[str, str]:
    process = train.start(folder, _machine(first))
    while not (folder / "checkpoint" / "state.json").exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return finish(train, folder, _machine(last))


def _weights(folder: Path) -> dict[str, str]:
    return {"weights_sha256": json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["weights_sha256"]}


def _weights_within(folder: Path) -> dict[str, str]:
    return _weights(next(path.parent for path in folder.glob("*/metrics.json")))
