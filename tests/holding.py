"""A folder that another process works in."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_HOLD = """
import sys, time
from pathlib import Path
from can_tf.locks import alone_in
with alone_in(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    """Has another process hold a folder's lock for some seconds."""
    command = [sys.executable, "-c", _HOLD, str(folder), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "in\n"
    return process


@contextlib.contextmanager
def alone_in_another_process(folder: Path) -> Iterator[None]:
    """Has another process hold a folder's lock until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    process = hold(folder, seconds=100)
    try:
        yield
    finally:
        process.kill()
        process.communicate()
