"""The versions of a model in a folder: the newest is served, and a newer one takes its place without a pause."""

import contextlib
import dataclasses
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from can_tf.errors import ConfigError, ExportError
from can_tf.export.warm_up import replay_warm_up
from can_tf.features.registry import front_end_from_json
from can_tf.prediction.backends import newest_version, version_folders
from can_tf.prediction.predictor import description_of
from can_tf.prediction.saved_model import LoadedVersion


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
        try:
            self.frames_per_second = front_end_from_json(self.records["features"]).frames_per_second
        except ConfigError as error:
            raise ExportError(f"{folder}: was trained on unknown features ({error}).") from error


@dataclasses.dataclass(frozen=True)
class _Failure:
    """Why a version cannot be loaded, and in which state its folder was."""

    identity: tuple[int, int]
    message: str


class Versions:
    """Serves the newest version in a model's folder.

    Args:
        folder: The model's folder; its name is the model's.
        tell: Is told in a line of versions that are taken up later, or cannot be.

    Raises:
        ExportError: There is no version, or it cannot be loaded.
    """

    def __init__(self, folder: Path, tell: Callable[[str], object] = str):
        self.folder, self.name, self._tell = folder, folder.resolve().name, tell
        self._failed: dict[int, _Failure] = {}
        self._loading: int | None = None
        # All versions are loaded in one thread: what a thread has allocated goes back to a heap that is its own, and
        # each thread more that loads one holds some 400 MB.
        self._loader = ThreadPoolExecutor(1, "can-tf-loader")
        path = newest_version(folder)
        if not path.name.isdecimal() or path.parent.resolve() != folder.resolve():
            raise ExportError(f"{folder}: expected a model's folder, with versions such as {folder}/1 in it.")
        self._current = self._loader.submit(_load, path).result()

    @property
    def current(self) -> Version:
        return self._current

    def refresh(self) -> bool:
        """Loads the newest version if it is not the current one, and tells whether it did. Requests go on meanwhile.

        A version that cannot be loaded is not tried again until something in its folder changes, as in one that is
        still being copied; what is loaded goes on.
        """
        return self._loader.submit(self._refresh).result()

    def _refresh(self) -> bool:
        by_number = {int(path.name): path for path in version_folders(self.folder)}
        told = {failure.message for failure in self._failed.values()}
        self._failed = {
            number: failure
            for number, failure in self._failed.items()
            if number in by_number and _identity(by_number[number]) == failure.identity
        }
        number = max(by_number.keys() - self._failed.keys(), default=self._current.number)
        if number == self._current.number:
            return False
        identity = _identity(by_number[number])
        self._loading = number
        try:
            self._current = _load(by_number[number])
        except ExportError as error:
            self._failed[number] = _Failure(identity, str(error))
            if str(error) not in told:
                self._tell(f"Version {number} is not served: {' '.join(str(error).split())}")
            return False
        finally:
            self._loading = None
        self._tell(f"Now serving version {number}.")
        gc.collect()  # Graphs are full of circles: without this, several old versions would wait for their end.
        return True

    def status(self) -> list[dict[str, Any]]:
        """Returns `model_version_status` as TensorFlow Serving gives it, newest first."""
        rows = [_status(self._current.number, "AVAILABLE", "OK", "")]
        if self._loading is not None:
            rows.append(_status(self._loading, "LOADING", "OK", ""))
        rows += [_status(number, "END", "UNKNOWN", failure.message) for number, failure in self._failed.items()]
        return sorted(rows, key=lambda row: -int(row["version"]))


def _status(number: int, state: str, code: str, message: str) -> dict[str, Any]:
    return {"version": str(number), "state": state, "status": {"error_code": code, "error_message": message}}


def _identity(folder: Path) -> tuple[int, int]:
    """Returns what is another once anything in a folder is: changes, since a copy may keep its original's times."""
    newest = 0
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # Is being removed.
            newest = max(newest, path.lstat().st_ctime_ns)
    return folder.stat().st_ino, newest


def _load(path: Path) -> Version:
    version = Version(path)
    try:
        replay_warm_up(path, version.run)
    except (OSError, LookupError, ValueError, TypeError, DecodeError, tf.errors.OpError) as error:
        raise ExportError(f"{path}: fails its own warm-up requests ({' '.join(str(error).split())[:300]}).") from error
    return version
