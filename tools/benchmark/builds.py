"""Records from recordings, as whole processes: can-tf build-records, and librosa called once a word."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmark.measure import Side
from benchmark.processes import run


def build_sides(root: Path, workers: int) -> tuple[str, Mapping[str, Side]]:
    """Returns what is measured, and a build of each side; reading, starting up and writing included."""
    can_tf = [sys.executable, "-m", "can_tf", "build-records"]
    peer = [sys.executable, "-m", "benchmark.librosa_peer"]
    # One thread a process, as can_tf's workers have: more would fight over the cores.
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    one_thread["PYTHONPATH"] = str(Path(__file__).parents[1])

    def ours() -> None:
        with _scratch_folder() as out:
            run([*can_tf, "--root", str(root), "--out", str(out), "--workers", str(workers)], os.environ)

    def librosa() -> None:
        with _scratch_folder() as out:
            run([*peer, str(root), str(out), str(workers)], one_thread)

    count = len(list(root.rglob("*.wdseg")))
    return f"build-records: {count} alignments, {workers} workers", {"can_tf": ours, "librosa once a word": librosa}


@contextlib.contextmanager
def _scratch_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="can-tf-benchmark-") as folder:
        yield Path(folder) / "records"
