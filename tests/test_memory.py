import json
import subprocess
import sys

import pytest

from can_tf.memory import ran_out_of_memory
from can_tf.training.child import MACHINE_FAILED


@pytest.mark.parametrize(
    "error, expected",
    [
        (MemoryError(), True),
        (MemoryError("std::bad_alloc"), True),
        (ValueError("Graph execution error: OOM when allocating tensor with shape[4,5]"), True),
        (ImportError("libtensorflow_cc.so.2: failed to map segment from shared object"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (ImportError("libgomp.so.1: cannot allocate memory in static TLS block"), False),
        (ImportError("x.so: failed to map segment from shared object: Operation not permitted"), False),
        (RuntimeError("no"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_what_looks_like_it(error, expected):
    assert ran_out_of_memory(error) == expected


def test_a_training_without_memory_ends_as_one_that_the_machine_failed(tmp_path):
    program = """
import pathlib, sys
import can_tf.training.child as child
def load(folder):
    raise MemoryError("std::bad_alloc")
child.load_dataset = load
child.end_with_parent = lambda: None
class Job:
    records = None
child.Job.from_json = lambda values: Job
print("said before")
child.main(pathlib.Path(sys.argv[1]))
"""
    (tmp_path / "job.json").write_text(json.dumps({}))
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "job.json")], capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stdout) == (MACHINE_FAILED, "said before\n"), done.stderr
    assert done.stderr.startswith("Error: memory ran out (std::bad_alloc). Free some")
