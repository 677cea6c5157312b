"""The versions of a model in a folder: the newest is served, and a newer one takes its place without a pause."""

import contextlib
import dataclasses
import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from can_tf.errors import ConfigError, ExportError
from can_tf.export.warm_up import replay_warm_up
from can_tf.features.registry import front_end_from_json
from can_tf.prediction.backends import newest_version, version_folders
from can_tf.prediction.description import description_of, tell_of_resampler
from can_tf.prediction.saved_model import LoadedVersion
from can_tf.server.metrics import ERROR, OK

_LOG = logging.getLogger(__name__)


class Version(LoadedVersion):
    """A loaded version.

    Attributes:
        number: Its folder's name.
        records: What it says of the records that its model was trained on.
        frames_per_second: Of its features; None where a segment has one frame.
    """

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.number, self.records = int(folder.name), description_of(folder)["records"]
        tell_of_resampler(folder, self.records)
        try:
            self.frames_per_second = front_end_from_json(self.records["features"]).frames_per_second
        except ConfigError as error:
            raise ExportError(f"{folder}: was trained on unknown features ({error}).") from error


_Identity = frozenset[tuple[str, int, int, int]]


@dataclasses.dataclass(frozen=True)
class _Failure:
    """Why a version cannot be loaded, in which state its folder was, and in which it was at the last look."""

    message: str
    identity: _Identity
    last_seen: _Identity


class Versions:
    """Serves the newest version in a model's folder. The log tells of versions that are taken up later, or cannot be.

    Args:
        folder: The model's folder; its name is the model's.

    Attributes:
        folder: The same.
        name: The model's name.
        loads: How often a version was loaded ("ok"), or could not be ("error").

    Raises:
        ExportError: There is no version, or it cannot be loaded.
    """

    def __init__(self, folder: Path):
        self.folder, self.name = folder, folder.resolve().name
        self.loads = {OK: 0, ERROR: 0}
        self._failed: dict[int, _Failure] = {}
        self._told: dict[int, str] = {}
        self._loading: int | None = None
        # All versions are loaded in one thread: what a thread has allocated goes back to a heap that is its own, and
        # each thread more that loads one holds some 400 MB.
        self._loader = ThreadPoolExecutor(1, "can-tf-loader")
        path = newest_version(folder)
        if not path.name.isdecimal() or path.parent.resolve() != folder.resolve():
            raise ExportError(f"{folder}: expected a model's folder, with versions such as {folder}/1 in it.")
        self._current = self._loader.submit(self._load, path).result()

    @property
    def current(self) -> Version:
        return self._current

    def refresh(self) -> bool:
        """Loads the newest version that is not the current one, and tells whether it did. Requests go on meanwhile.

        A version that cannot be loaded is tried again once its folder has changed and then stood still from one call to
        the next: it may still be being copied. Until then, older ones count, and what is loaded goes on.
        """
        return self._loader.submit(self._refresh).result()

    def _refresh(self) -> bool:
        by_number = {int(path.name): path for path in version_folders(self.folder)}
        self._failed = {
            number: after
            for number, before in self._failed.items()
            if number in by_number and (after := _looked_at_again(before, by_number[number]))
        }
        for number in sorted(by_number.keys() - self._failed.keys(), reverse=True):
            if number == self._current.number:
                return False
            if self._take_up(number, by_number[number]):
                return True
        return False

    def _take_up(self, number: int, folder: Path) -> bool:
        """Loads a version, and tells whether it could."""
        identity = _identity(folder)
        self._loading = number
        try:
            self._current = self._load(folder)
        except ExportError as error:
            self._failed[number] = _Failure(str(error), identity, identity)
            if self._told.get(number) != str(error):
                _LOG.warning("Version %d is not served: %s", number, " ".join(str(error).split()))
            self._told[number] = str(error)
            return False
        finally:
            self._loading = None
            gc.collect()  # Graphs are full of circles: without this, several old versions would wait for their end.
        _LOG.info("Now serving version %d.", number)
        return True

    def _load(self, folder: Path) -> Version:
        try:
            version = _load(folder)
        except ExportError:
            self.loads[ERROR] += 1
            raise
        self.loads[OK] += 1
        return version

    def status(self) -> list[dict[str, Any]]:
        """Returns `model_version_status` as TensorFlow Serving gives it, newest first."""
        rows = [_status(self._current.number, "AVAILABLE", "OK", "")]
        if self._loading is not None:
            rows.append(_status(self._loading, "LOADING", "OK", ""))
        rows += [_status(number, "END", "UNKNOWN", failure.message) for number, failure in self._failed.items()]
        return sorted(rows, key=lambda row: -int(row["version"]))


def _status(number: int, state: str, code: str, message: str) -> dict[str, Any]:
    return {"version": str(number), "state": state, "status": {"error_code": code, "error_message": message}}


def _looked_at_again(failure: _Failure, folder: Path) -> _Failure | None:
    """Returns a failure as it stands after one look more; None if the version is worth another try."""
    now = _identity(folder)
    if now != failure.identity and now == failure.last_seen:
        return None
    return dataclasses.replace(failure, last_seen=now)


def _identity(folder: Path) -> _Identity:
    """Returns what differs after any change in a folder: times of change, for a copy may keep those of its original."""
    found = set()
    with contextlib.suppress(FileNotFoundError):  # What is being removed is another already.
        for path in (folder, *folder.rglob("*")):
            state = path.lstat()
            found.add((str(path), state.st_ino, state.st_size, state.st_ctime_ns))
    return frozenset(found)


def _load(path: Path) -> Version:
    version = Version(path)
    try:
        replay_warm_up(path, version.run)
    except (OSError, LookupError, ValueError, TypeError, DecodeError, tf.errors.OpError) as error:
        raise ExportError(f"{path}: fails its own warm-up requests ({' '.join(str(error).split())[:300]}).") from error
    return version
