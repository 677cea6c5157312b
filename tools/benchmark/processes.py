"""Whole processes: how long they take, and how much memory they and their children hold at most."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.25  # Looking takes a core's time too.


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs a command to its end; one that fails ends this program with what it said."""
    done = subprocess.run(list(command), env=dict(environment), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr[-2000:]}")


def seconds_and_megabytes(command: Sequence[str]) -> tuple[float, float]:
    """Runs a command; returns seconds, and the largest sum of its processes' memory in megabytes.

    A page that processes share counts once (Linux's PSS).
    """
    started, peak = time.perf_counter(), 0
    process = subprocess.Popen(
        list(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None:
        peak = max(peak, _kilobytes_of_session(process.pid))
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    seconds = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, peak / 1024


def _kilobytes_of_session(session: int) -> int:
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue  # It ended meanwhile.
    return total
