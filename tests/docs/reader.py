"""A reader who types what the pages show, page after page, in one folder.

`files.py` makes what they take for granted, `tables.py` says how each command is made small.
"""

import concurrent.futures
import contextlib
import functools
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import keras
import pytest
from click.testing import CliRunner
from tensorflow_serving.apis import prediction_service_pb2_grpc

from can_tf.cli.main import main
from can_tf.prediction.backends import LocalModel, newest_version, open_model
from can_tf.processes import process_pool
from can_tf.records.dataset import load_dataset
from can_tf.training.fit import train_fold
from can_tf.training.fold_runs import FoldRun
from tests.conftest import wait_until
from tests.docs.files import make_files, with_more_rows
from tests.docs.shown import Block, Command, blocks, commands
from tests.docs.tables import FILES, ORDER, in_small, why_not
from tests.server.test_grpc import Servicer


class Reader:
    """Types what the pages show in one folder.

    What was typed once is not typed again: `can-tf export` of one run stands on several pages.
    """

    def __init__(self, folder: Path):
        self.folder, self.read_pages, self.typed = folder, set[str](), set[str]()
        self.ports = {name: free_port() for name in ("port", "grpc", "dask", "chief")}
        self.background: list[subprocess.Popen] = []
        self.grpc_server: grpc.Server | None = None
        self.builder = process_pool(1)
        make_files(folder)

    def read(self, page: str) -> None:
        """Types what a page shows, once, after the pages that come before it."""
        before = ORDER[: ORDER.index(page)] if page in ORDER else ORDER
        for each in (*before, page):
            if each not in self.read_pages:
                self.read_pages.add(each)
                self._read(each)

    def close(self) -> None:
        self.end_background()
        self.builder.shutdown()
        if self.grpc_server is not None:
            self.grpc_server.stop(None)

    def _read(self, page: str) -> None:
        counts: dict[str, int] = {}
        names: dict[str, object] = {}
        try:
            for block in blocks(page):
                place = counts.get(block.language, 0)
                counts[block.language] = place + 1
                if block.language == "sh":
                    for command in commands(block):
                        if why_not(command) is None:
                            self.type(command)
                elif block.language == "python":
                    self._run_python(block, names)
                elif (page, block.language) in FILES:
                    (self.folder / FILES[page, block.language][place]).write_text(with_more_rows(block.text))
        finally:
            self.end_background()

    def end_background(self) -> None:
        for process in self.background:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.background.clear()

    def adjusted(self, command: Command) -> str:
        """Returns a command as it is typed in this folder."""
        text = in_small(command)
        for name, port in self.ports.items():
            text = text.replace(f"{{{name}}}", str(port))
        return text

    def type(self, command: Command) -> None:
        """Types a command, unless the same was typed before; fails if it does."""
        text = self.adjusted(command)
        if text.endswith("&"):
            self._start(command, text.removesuffix("&").rstrip())
        elif text not in self.typed:
            self.typed.add(text)
            if "grpc://" in text:
                self._serve_grpc()
            # A worker of KerasTuner's knows its role by the environment, and keeps it; files on standard input are for
            # a shell.
            if text.startswith("can-tf ") and "--role worker" not in text and " < " not in text:
                self._run_here(command, text)
            else:
                self._run(command, text)

    def _run_here(self, command: Command, text: str) -> None:
        """Runs `can-tf` in this process, which has TensorFlow."""
        with working_in(self.folder), self._reusing(trainings="--cluster" not in text):
            done = CliRunner().invoke(main, shlex.split(text)[1:])
        if text.split()[1] in ("train", "export", "cross-validate", "reproduce", "tune"):
            keras.utils.clear_session()
        trace = done.exception if not isinstance(done.exception, SystemExit) else None
        assert done.exit_code == 0, f"{command}\ntyped as {text}\n{done.output}\n{trace!r}"

    @contextlib.contextmanager
    def _reusing(self, *, trainings: bool = False) -> Iterator[None]:
        """Keeps what takes long to start and to load: processes that build records and train, and exports."""
        with pytest.MonkeyPatch.context() as patch:
            if trainings:
                patch.setattr("can_tf.training.fold_runs.train_apart", train_here)
            pool = contextlib.nullcontext(self.builder)
            patch.setattr("can_tf.records.build.process_pool", lambda *_: pool)
            patch.setattr(
                "can_tf.prediction.predictor.open_model", lambda path: loaded(newest_version(path.absolute()))
            )
            yield

    def _run(self, command: Command, text: str) -> None:
        done = subprocess.run(
            ["bash", "-c", as_process(text)], cwd=self.folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\ntyped as {text}\n{done.stdout}{done.stderr}"
        # `curl` ends with 0 too where a server refuses.
        assert '"error"' not in done.stdout, f"{command}\n{done.stdout}"

    def _start(self, command: Command, text: str) -> None:
        """Starts what goes on while the next is typed, and waits until it is ready."""
        log = self.folder / f"background-{command.line}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {as_process(text)}"],
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.background.append(process)
        ready = next(ready for pattern, ready in READY.items() if re.search(pattern, command.text))

        def is_ready() -> bool:
            assert process.poll() is None, f"{command}\ntyped as {text}\n{log.read_text()}"
            return ready(self)

        wait_until(is_ready, seconds=60)

    def _serve_grpc(self) -> None:
        """Serves the export as TensorFlow Serving would."""
        self.grpc_server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        servicer = Servicer(open_model(self.folder / "saved_models" / "can"))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, self.grpc_server)
        assert self.grpc_server.add_insecure_port(f"127.0.0.1:{self.ports['grpc']}")
        self.grpc_server.start()

    def _run_python(self, block: Block, names: dict[str, object]) -> None:
        code = compile(block.text, f"{block.page}:{block.line}", "exec")
        with working_in(self.folder), self._reusing():
            exec(code, names)


def train_here(run: FoldRun, jobs: int, base: Path) -> None:
    """As `can_tf.training.fold_runs.train_apart`, in this process."""
    dataset = load_dataset(base / run.records)
    train_fold(dataset, base / run.folder, run.options, validation_only=run.validation_only)


@functools.cache
def loaded(version: Path) -> LocalModel:
    return open_model(version)


def listens(name: str) -> Callable[[Reader], bool]:
    def does(reader: Reader) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", reader.ports[name])) == 0

    return does


def has_workers(reader: Reader) -> bool:
    from distributed import Client

    with Client(f"tcp://127.0.0.1:{reader.ports['dask']}", timeout=30) as client:
        return len(client.scheduler_info()["workers"]) == 2


READY: dict[str, Callable[[Reader], bool]] = {
    r"^can-tf serve": listens("port"),
    r"^can-tf tune .*--role chief": listens("chief"),
    r"^dask scheduler": listens("dask"),
    r"^dask worker": has_workers,
}


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


def as_process(text: str) -> str:
    """Returns a command whose `can-tf` is that of this Python."""
    return re.sub(r"^can-tf ", f"{sys.executable} -m can_tf ", text)


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
