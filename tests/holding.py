"""A folder that another process works in."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_HOLD = """
import sys
from pathlib import Path
from can_tf.locks import alone_in
with alone_in(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def alone_in_another_process(folder: Path) -> Iterator[None]:
    """Has another process hold a folder's lock."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "in\n"
        yield
        process.communicate()
