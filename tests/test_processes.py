import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from can_tf.processes import _quotas, cores, one_ahead, process_pool, run_all
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


@pytest.mark.parametrize("folder", ["short", "t" * 200])
def test_there_are_processes_wherever_temporary_files_are(folder, tmp_path):
    """The path of a socket has at most 107 characters."""
    (tmp_path / folder).mkdir()
    program = (
        "from can_tf.processes import process_pool\nwith process_pool(1) as pool: print(pool.submit(abs, -7).result())"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path / folder)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("7\n", "")


INTERRUPTED = """
import sys, time
from can_tf.processes import process_pool, run_all

def work(path):
    open(path, "w").close()
    time.sleep(600)

if __name__ == "__main__":
    try:
        with process_pool(2, ["can_tf.records.preparation"]) as pool:
            list(run_all(pool, work, [sys.argv[1]] * 2))
    except KeyboardInterrupt:
        print("Aborted!")
"""


@pytest.mark.parametrize("moment", ["while it is imported", "while they work"])
def test_ctrl_c_is_heard_once(moment, tmp_path):
    program, begun = tmp_path / "program.py", tmp_path / "begun"
    program.write_text(INTERRUPTED)
    command = [sys.executable, program, begun]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        # The first child watches semaphores, the second one forks the others.
        wait_until(lambda: begun.exists() if moment == "while they work" else len(children.read_text().split()) > 1)
        os.killpg(parent.pid, signal.SIGINT)  # As a terminal does.
        said, errors = parent.communicate(timeout=60)
    assert said == "Aborted!\n"
    assert "Traceback" not in errors  # From Python 3.13 on, TensorFlow greets.


def test_where_ctrl_c_is_ignored_it_stays_so(tmp_path):
    """As by what a script runs in the background."""
    program, begun = tmp_path / "program.py", tmp_path / "begun"
    program.write_text(INTERRUPTED.replace("600", "3"))
    code = "import signal, sys, runpy; signal.signal(signal.SIGINT, signal.SIG_IGN); del sys.argv[0]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    with subprocess.Popen([sys.executable, "-c", code, program, begun], start_new_session=True) as parent:
        wait_until(begun.exists)
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.wait(60) == 0


def test_the_processes_have_the_variables_of_now(monkeypatch):
    for value in "12":
        monkeypatch.setenv("CAN_TF_TESTED", value)
        with process_pool(1) as pool:
            assert pool.submit(os.getenv, "CAN_TF_TESTED").result() == value


def test_the_cores_are_those_that_a_scheduler_gave():
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}});"
        "from can_tf.processes import cores;"
        "from can_tf.cli.commands.build_records import build_records_command as build;"
        "from can_tf.cli.commands.serve import serve_command as serve;"
        "import click; from can_tf.cli.main import main; click.Context(main).invoke(main);"
        "print(cores(), *[p.default for c in (build, serve) for p in c.params if p.name in ('workers', 'at_once')],"
        "os.environ['TF_NUM_INTRAOP_THREADS'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["1", "1", "1", "1"]


def test_cores_are_never_more_than_those_of_the_machine():
    assert 1 <= cores() <= os.cpu_count()


@pytest.mark.parametrize(
    "groups, files, expected",
    [
        ("0::/\n", {"cpu.max": "200000 100000"}, [2]),  # docker run --cpus 2, from within.
        ("0::/\n", {"cpu.max": "max 100000"}, []),
        ("0::/\n", {"cpu.max": "150000 100000"}, [2]),
        ("0::/\n", {"cpu.max": "1000 100000"}, [1]),
        ("0::/slurm/job_7/step_0\n", {"slurm/job_7/cpu.max": "400000 100000", "cpu.max": "max 100000"}, [4]),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"}, [3]),
        (
            "4:cpu,io:/d\n",
            {"cpu,io/cpu.cfs_quota_us": "50000", "cpu,io/cpu.cfs_period_us": "100000"},
            [1],
        ),
        ("4:cpu,cpuacct:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, []),
        ("4:cpu:/k8s/1\n", {"cpu/k8s/1/cpu.cfs_quota_us": "700000", "cpu/k8s/1/cpu.cfs_period_us": "100000"}, [7]),
        ("5:cpuset:/a\n4:cpu:/\n", {"cpuset/a/cpu.cfs_quota_us": "100000", "cpuset/a/cpu.cfs_period_us": "100000"}, []),
        ("0::/\n", {"cpu.max": "0 0"}, []),
        ("0::/\n", {"cpu.max": "no numbers here"}, []),
        ("nothing\n", {}, []),
    ],
)
def test_a_control_groups_share_of_time_counts(tmp_path, groups, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    assert [*dict.fromkeys(_quotas(groups, tmp_path))] == expected


def test_one_result_is_made_while_another_is_used():
    made = []
    results = one_ahead(lambda task: made.append(task) or task, [1, 2, 3])
    assert next(results) == 1
    wait_until(lambda: made == [1, 2], seconds=10)
    assert list(results) == [2, 3]


def test_an_error_comes_in_its_turn_and_ends_the_work():
    def divide(number):
        made.append(number)
        return 6 // number

    made = []
    results = one_ahead(divide, [3, 0, 2, 1])
    assert next(results) == 2
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert made[:2] == [3, 0]
    assert 1 not in made


@pytest.mark.parametrize("name", ["runpy", "multiprocessing", "numpy", "click", "json", "signal", "can_tf"])
def test_children_import_nothing_from_the_current_folder(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("import os; open('run', 'w').close(); os._exit(1)")
    code = (
        "import sys; del sys.path[0]\n"
        "import os, subprocess, threading; from can_tf.processes import process_pool, python_command\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "with process_pool(1) as pool: print(pool.submit(abs, -7).result())\n"
        "subprocess.run(python_command('can_tf', 'build-records', '--help'), check=True)\n"
        "print('PYTHONSAFEPATH' in os.environ)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr, (tmp_path / "run").exists()) == (0, "", False)
    assert done.stdout.startswith("7\nUsage: ")
    assert done.stdout.endswith("False\n")
