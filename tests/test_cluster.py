"""`--cluster`: a scheduler and workers of Dask on this machine, each a process of its own in another folder."""

import concurrent.futures
import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import can_tf
from can_tf import cluster as cluster_module
from can_tf.cli.main import main
from can_tf.cluster import check_view, cluster_executor, look
from can_tf.errors import ClusterError, MissingExtraError
from can_tf.records.build import BuildOptions, build_records
from tests.conftest import folder_bytes, trainings_in, wait_until, write_tone

NO_DASK = "; import sys; loaded = {'dask', 'distributed'} & set(sys.modules); assert not loaded, loaded"
TRAINING = ["--units", "2", "--heads", "1", "--epochs", "1", "--protocol", "session"]


class Cluster:
    """A scheduler's and its workers' processes; what they print goes to files in `folder`."""

    def __init__(self, folder: Path):
        self.folder, self.workers, self.started = folder, [], []
        self.file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", 0, "--dashboard-address", "127.0.0.1:0"
        )
        wait_until(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]

    def add_worker(self) -> subprocess.Popen:
        worker = self._start("worker", "--nthreads", 1, "--nworkers", 1, "--no-nanny", "--no-dashboard")
        self.workers.append(worker)
        return worker

    def kill(self, process: subprocess.Popen) -> None:
        process.kill()
        process.wait()
        self.workers = [worker for worker in self.workers if worker is not process]

    def stop(self) -> None:
        for process in self.started:
            self.kill(process)

    def _start(self, kind: str, *arguments: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", self.file, *arguments]
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(can_tf.__file__).parents[1]),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_TEMPORARY_DIRECTORY": str(self.folder),
        }
        with (self.folder / f"{len(self.started)}-{kind}.log").open("wb") as log:
            process = subprocess.Popen(
                list(map(str, command)), cwd=self.folder, env=environment, stdout=log, stderr=log
            )
        self.started.append(process)
        return process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster of two workers. A test that kills one adds one."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.add_worker()
    cluster.add_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def bare_cluster(tmp_path_factory):
    """A cluster without workers, in which a task may kill one worker and no more."""
    cluster = Cluster(tmp_path_factory.mktemp("bare-cluster"))
    yield cluster
    cluster.stop()


def run(*arguments):
    """Runs a command in this process; returns its result, and fails on another exit code than 0."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done


def start(*arguments, then=""):
    """Starts a command in a process of its own, and Python code after it."""
    # A test run in a shell's background ignores Ctrl-C, and so would what it starts.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listen}; from can_tf.cli.main import main; main(standalone_mode=False){then}"
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stderr=subprocess.PIPE, text=True)


def writes_in(process: subprocess.Popen, folder: Path) -> bool:
    """Tells whether a process has a file in a folder open."""
    found = False
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # It is closed by now.
            found |= link.readlink().parent == folder
    return found


def write_manifest(folder: Path) -> None:
    """Writes a corpus of 20 utterances, of which the fourth is silent: its worker says so."""
    rows = []
    for index in range(20):
        write_tone(folder / f"u{index}.wav", 0.5, hertz=100 + 10 * index)
        words = [{"word": "good", "start": 0.0, "end": 0.2}, {"word": "day", "start": 0.2, "end": 0.4}]
        (folder / f"u{index}.json").write_text(json.dumps(words))
        rows.append([f"u{index}", f"u{index}.wav", ("calm", "loud")[index % 2], "anna", f"u{index}.json"])
    soundfile.write(folder / "u3.wav", np.zeros(8_000), 16_000)
    with (folder / "corpus.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "audio", "label", "speaker", "alignment"], *rows])


@pytest.mark.long
def test_relative_paths_give_the_same_bytes_on_the_cluster_as_here_and_here_dask_is_not_imported(
    cluster, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_manifest(Path("corpus"))
    build = ["build-records", "--corpus", "manifest", "--root", "corpus/corpus.csv"]
    here = start(*build, "--out", "here", "--workers", 1, then=NO_DASK)
    run(*build, "--out", "there", "--cluster", cluster.address)
    assert here.wait() == 0, here.stderr.read()
    here.stderr.close()
    assert folder_bytes(Path("here")) == folder_bytes(Path("there"))
    assert "u3,corpus/u3.wav: is silent" in Path("there/rejected.csv").read_text().replace('"', "")


@pytest.mark.long
def test_a_worker_killed_in_a_build_costs_its_shards_and_the_bytes_are_the_same(
    cluster, tone_corpus, tone_records, tmp_path
):
    out = tmp_path / "records"
    with cluster_executor(cluster.address, out, []) as executor, concurrent.futures.ThreadPoolExecutor(1) as thread:
        built = thread.submit(build_records, tone_corpus, out, BuildOptions(), executor=executor)
        wait_until(lambda: any(writes_in(worker, out) for worker in cluster.workers))
        [writer, *_] = [worker for worker in cluster.workers if writes_in(worker, out)]
        cluster.kill(writer)
        built.result()
    cluster.add_worker()
    assert folder_bytes(out) == folder_bytes(tone_records.folder)


@pytest.mark.long
def test_a_worker_killed_in_a_training_takes_it_along_and_the_metrics_are_the_same(
    cluster, tone_records, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("records").symlink_to(tone_records.folder)
    command = ["cross-validate", "--records", "records", *TRAINING, "--folds", 2, "--jobs", 2, "--runs"]
    run(*command, "here")
    there = start(*command, "there", "--cluster", cluster.address)
    wait_until(lambda: len(list(tmp_path.glob("there/*/config.json"))) == 2)
    cluster.kill(cluster.workers[0])
    wait_until(lambda: len(trainings_in(tmp_path)) < 2, seconds=5)
    cluster.add_worker()
    assert there.wait() == 0, there.stderr.read()
    there.stderr.close()
    for name in ("can-session-fold0-seed0", "can-session-fold1-seed0"):
        metrics = [json.loads(Path(runs, name, "metrics.json").read_text()) for runs in ("here", "there")]
        assert metrics[0].pop("seconds") != metrics[1].pop("seconds")
        assert metrics[0] == metrics[1]
        for file in ("config.json", "predictions.csv"):
            assert Path("here", name, file).read_bytes() == Path("there", name, file).read_bytes()


@pytest.mark.long
def test_ctrl_c_ends_the_trainings_on_the_cluster(cluster, tone_records, tmp_path):
    command = ["cross-validate", "--records", tone_records.folder, *TRAINING, "--runs", tmp_path]
    process = start(*command, "--cluster", cluster.address)
    wait_until(lambda: len(trainings_in(tmp_path)) == 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    process.stderr.close()
    wait_until(lambda: not trainings_in(tmp_path), seconds=5)
    assert len(list(tmp_path.glob("*.options.json"))) < 5


def test_what_an_earlier_command_left_running_is_ended(cluster, tmp_path, monkeypatch):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    left, other = subprocess.Popen(sleep), subprocess.Popen(sleep)
    monkeypatch.setattr("can_tf.processes._children", {left: tmp_path / "a", other: tmp_path / "b"})
    from can_tf.processes import end_children_in

    end_children_in([tmp_path / "a"])
    assert left.poll() == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_worker_that_does_not_see_the_files_is_named(tmp_path):
    probe = tmp_path / "probe"
    probe.write_text("token")
    versions, missing = look(probe, "token", [str(tmp_path)])
    assert not missing
    check_view("tcp://one:1", (versions, missing))
    assert look(probe, "another", [])[1] == [str(tmp_path)]
    assert look(tmp_path / "elsewhere" / "probe", "token", [str(tmp_path)])[1] == [str(tmp_path / "elsewhere")]
    with pytest.raises(ClusterError, match="worker tcp://two:2: does not see /nowhere as it is here"):
        check_view("tcp://two:2", look(probe, "token", ["/nowhere"]))


def test_a_worker_with_other_versions_is_named(tmp_path):
    versions, _ = look(tmp_path, "", [])
    with pytest.raises(ClusterError, match="worker tcp://two:2: has keras 3.0.0, and here it is"):
        check_view("tcp://two:2", ({**versions, "keras": "3.0.0"}, []))
    with pytest.raises(ClusterError, match="has python 3.9.1, and here"):
        check_view("tcp://two:2", ({**versions, "python": "3.9.1"}, []))
    check_view("tcp://two:2", ({**versions, "python": versions["python"].rpartition(".")[0] + ".99"}, []))
    with pytest.raises(ClusterError, match="worker tcp://two:2: cannot run can_tf .*No module named 'can_tf'"):
        check_view("tcp://two:2", ModuleNotFoundError("No module named 'can_tf'"))


def test_without_a_scheduler_workers_or_the_library_it_says_so(bare_cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "_SECONDS_TO_CONNECT", 1)
    for address, message in (
        (bare_cluster.address, "the scheduler has no workers"),
        ("tcp://127.0.0.1:9", "no Dask scheduler answers .*Timed out"),
        ("scheduler", "no Dask scheduler answers .*missing port"),
    ):
        with pytest.raises(ClusterError, match=f"{address}: {message}"), cluster_executor(address, tmp_path, []):
            pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    missing = pytest.raises(MissingExtraError, match=r"pip install 'can_tf\[cluster\]'")
    with missing, cluster_executor(bare_cluster.address, tmp_path, []):
        pass


def test_a_task_that_kills_its_workers_and_a_lost_scheduler_end_in_one_line(bare_cluster, tmp_path):
    bare_cluster.add_worker()
    bare_cluster.add_worker()
    died = pytest.raises(ClusterError, match="tcp://.*: the last of 2 workers that died over one task")
    with died, cluster_executor(bare_cluster.address, tmp_path, []) as executor:
        executor.submit(os._exit, 1).result()
    bare_cluster.add_worker()
    lost = pytest.raises(ClusterError, match=f"{bare_cluster.address}: the scheduler was lost")
    with lost, cluster_executor(bare_cluster.address, tmp_path, []) as executor:
        future = executor.submit(time.sleep, 60)
        bare_cluster.kill(bare_cluster.scheduler)
        future.result()


def test_reproduce_builds_its_records_on_the_cluster_too(tmp_path):
    write_manifest(tmp_path / "corpus")
    command = ["reproduce", "--corpus", "manifest", "--root", tmp_path / "corpus" / "corpus.csv", "--out", tmp_path]
    done = CliRunner().invoke(main, [str(argument) for argument in [*command, "--cluster", "scheduler"]])
    assert done.exit_code == 1
    assert "Error: scheduler: no Dask scheduler answers" in done.stderr
