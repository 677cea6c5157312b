"""How much memory a process has more after its model's version was replaced twice, in a process of its own:

    python -m tests.server.replaced_versions MODEL      # with the version 1 in it

Prints JSON: `megabytes`, and whether a version that was replaced is `kept`.
"""

import gc
import json
import queue
import resource
import shutil
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from can_tf.server.versions import Versions


def take_up(versions: Versions, number: int) -> None:
    """Makes a copy of the current version the newest."""
    shutil.copytree(versions.current.folder, versions.folder / str(number))
    assert versions.refresh()
    assert versions.current.number == number


def _in_a_thread_that_lives(work: Callable[[], object], until: threading.Event) -> None:
    """Does work in a thread that waits afterwards, and so keeps the heap that it has got: a server has many."""
    worked: queue.Queue[BaseException | None] = queue.Queue()

    def run() -> None:
        try:
            work()
            worked.put(None)
        except BaseException as error:
            worked.put(error)
        until.wait()

    threading.Thread(target=run).start()
    if error := worked.get():
        raise error


def _megabytes() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main(model: Path) -> None:
    """Measures, and prints."""
    versions, done = Versions(model), threading.Event()
    take_up(versions, 2)  # From here on TensorFlow has made what it makes once.
    before, second = _megabytes(), weakref.ref(versions.current)
    try:
        for number in (3, 4):
            _in_a_thread_that_lives(lambda number=number: take_up(versions, number), done)
        print(json.dumps({"kept": second() is not None, "megabytes": _megabytes() - before}))
    finally:
        done.set()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
