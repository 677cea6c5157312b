import os
import signal
import subprocess
import sys
from pathlib import Path

from can_tf.processes import process_pool, run_all
from tests.conftest import wait_until

# A pool whose two processes tell their numbers and then sleep.
SLEEPERS = """
import os, sys, time
from can_tf.processes import process_pool

def sleep(path):
    open(path + str(os.getpid()), "w").close()
    time.sleep(600)

if __name__ == "__main__":
    with process_pool(2) as pool:
        list(pool.map(sleep, [sys.argv[1]] * 2))
"""


def alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    # One whose parent is gone, and that nobody waits for, is over too.
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_processes_of_a_killed_one_end_too(tmp_path):
    program, begun = tmp_path / "sleepers.py", tmp_path / "begun"
    program.write_text(SLEEPERS)
    begun.mkdir()
    with subprocess.Popen([sys.executable, program, f"{begun}/"]) as parent:
        wait_until(lambda: len(list(begun.iterdir())) == 2)
        parent.send_signal(signal.SIGKILL)
    sleepers = [int(path.name) for path in begun.iterdir()]
    wait_until(lambda: not any(map(alive, sleepers)), seconds=10)


def test_every_task_gives_its_result():
    with process_pool(2) as pool:
        assert dict(run_all(pool, abs, [-1, 2])) == {-1: 1, 2: 2}
