"""`--cluster`: the workers of a Dask scheduler in place of processes of this machine."""

import concurrent.futures
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import ClusterError, MissingExtraError
from can_tf.files import TEMPORARY_PREFIX
from can_tf.processes import end_children_in
from can_tf.provenance import versions

_SECONDS_TO_CONNECT = 10
_KEPT = "What is finished is kept: run the same command again"

# A worker's versions, and which paths it lacks.
View = tuple[Mapping[str, str], Sequence[str]]


@contextlib.contextmanager
def cluster_executor(
    address: str | None, out: Path, paths: Sequence[Path], *, runs: Sequence[Path] = ()
) -> Iterator[concurrent.futures.Executor | None]:
    """Gives the executor of a cluster whose workers would do as this machine does; None where there is no address.

    Args:
        address: Of a Dask scheduler.
        out: Folder that the workers write to; made if missing.
        paths: Files and folders that they read.
        runs: Run folders of the trainings to come.

    Raises:
        MissingExtraError: Dask is not installed.
        ClusterError: There is no scheduler or no worker, a worker differs or does not see the files, or the cluster
            failed in the middle.
    """
    if address is None:
        yield None
        return
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError("--cluster", "cluster") from error
    with _connected(address) as client:
        _check_workers(client, out, paths)
        try:
            with _ending_trainings(client, [Path.cwd() / run for run in runs]):
                yield client.get_executor(pure=False)
        except concurrent.futures.CancelledError as error:
            raise ClusterError(f"{address}: the scheduler was lost or has canceled the work. {_KEPT}.") from error
        except distributed.KilledWorker as error:
            raise ClusterError(
                f"{error.last_worker.address}: the last of {error.allowed_failures + 1} workers that died over one "
                f"task (killed, or out of memory?). {_KEPT}, perhaps on workers with more memory."
            ) from error


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Gives a client of a scheduler that has a worker."""
    import distributed

    # What goes wrong is told in one line.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        distributed.comm.resolve_address(address)  # A client refuses an address too, but not without a traceback.
        client = distributed.Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"{address}: no Dask scheduler answers ({error}). Expected an address such as tcp://host:8786."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
        except distributed.TimeoutError as error:
            raise ClusterError(f"{address}: the scheduler has no workers. Start some: dask worker {address}") from error
        yield client


@contextlib.contextmanager
def _ending_trainings(client: Any, folders: Sequence[Path]) -> Iterator[None]:
    """Ends what an earlier command left running in these run folders and, after an error or Ctrl-C, what this one did.

    Canceling a task that has begun ends nothing, and two trainings in one folder would spoil each other.
    """
    client.run(end_children_in, folders, on_error="ignore")
    try:
        yield
    except BaseException:
        if client.status == "running":
            time.sleep(1)  # Else a worker may go on to its next task before it hears that this is canceled.
            client.run(end_children_in, folders, on_error="ignore")
        raise


def _check_workers(client: Any, out: Path, paths: Sequence[Path]) -> None:
    """Raises ClusterError, naming a worker, where it has other versions or does not see the same files."""
    here = Path.cwd()
    out = here / out
    out.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex
    probe = out / f"{TEMPORARY_PREFIX}{token}"
    probe.write_text(token)
    try:
        views = client.run(
            look, probe, token, [str(path) for path in (here, *(here / path for path in paths))], on_error="return"
        )
    finally:
        probe.unlink()
    for worker, view in sorted(views.items()):
        check_view(worker, view)


def look(probe: Path, token: str, paths: Sequence[str]) -> View:
    """Returns what a worker has and lacks: run there.

    Args:
        probe: File that the client has just written to its output folder.
        token: What it wrote.
        paths: What the worker has to see, beside that.
    """
    missing = [path for path in paths if not os.access(path, os.R_OK)]
    try:
        same = probe.read_text() == token
    except OSError:
        same = False
    return versions(), missing if same else [str(probe.parent), *missing]


def check_view(worker: str, view: View | Exception) -> None:
    """Raises ClusterError, naming the worker, where it cannot do what this machine would."""
    if isinstance(view, Exception):
        raise ClusterError(f"worker {worker}: cannot run can_tf ({view}). Install it there as it is here.")
    there, missing = view
    for name, version in versions().items():
        if _decisive(name, there.get(name)) != _decisive(name, version):
            raise ClusterError(
                f"worker {worker}: has {name} {there.get(name)}, and here it is {version}. Install the same on both."
            )
    if missing:
        raise ClusterError(
            f"worker {worker}: does not see {missing[0]} as it is here. Data must be on a file system that all workers "
            "have at the same path, and the command be typed in a folder that they have."
        )


def _decisive(name: str, version: str | None) -> str | None:
    """Returns the part of a version that has to be the same: of Python's, all but the last number."""
    return version.rpartition(".")[0] if version and name == "python" else version
