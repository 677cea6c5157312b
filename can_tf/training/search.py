"""What a search over hyperparameters is asked to do, and by whom. Reads without KerasTuner.

Any option whose field in `can_tf.training.options` has a `search` can be searched over, and the overlap of segments.
"""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from can_tf.errors import ConfigError
from can_tf.files import is_plain_name
from can_tf.locks import LOCK_FILE
from can_tf.training.option_fields import Between
from can_tf.training.options import OPTIONS, TrainOptions

SEARCH_FILE = "search.json"
METHODS = ("bayesian", "random", "hyperband")
OVERLAPS = (0.0, 0.1, 0.2, 0.3, 0.5)  # Few, since each needs records of its own.
SPACES: Mapping[str, Between | tuple[Any, ...]] = {
    **{name: about.search for name, about in OPTIONS.items() if about.search is not None},
    "overlap": OVERLAPS,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search:
    """A search.

    Attributes:
        records: Records folder by overlap; one where overlap is not searched over.
        options: What all trials share.
        over: Names in SPACES.
        method: A name in METHODS.
        trials: At most.
        folds: Trainings per trial, whose scores are averaged: the first folds of the protocol.
        jobs: Trainings at once.
        folder: Of the search; made if missing.

    Raises:
        ConfigError: A hyperparameter cannot be searched over, or there is no such method.

    Example:
        >>> search = Search(records={0.1: Path("data/records")}, over=("alpha", "units"), trials=5)
        >>> SPACES["units"], search.records_for(None).as_posix()
        ((32, 64, 128, 256), 'data/records')
    """

    records: Mapping[float, Path]
    options: TrainOptions = dataclasses.field(default_factory=TrainOptions)
    over: tuple[str, ...] = ("alpha", "heads")
    method: str = METHODS[0]
    trials: int = 20
    folds: int = 1
    jobs: int = 1
    folder: Path = Path("tuning")

    def __post_init__(self):
        if unknown := [name for name in self.over if name not in SPACES]:
            raise ConfigError(f"{unknown[0]} cannot be searched over; expected some of {', '.join(SPACES)}")
        if self.method not in METHODS:
            raise ConfigError(f"there is no method {self.method!r} of search; expected one of {', '.join(METHODS)}")

    def description(self) -> dict[str, Any]:
        """Returns what makes two searches the same; one may go on with more trials."""
        return {
            "options": dataclasses.asdict(self.options),
            "over": list(self.over),
            "method": self.method,
            "folds": self.folds,
        }

    def records_for(self, overlap: float | None) -> Path:
        if overlap is None:
            [folder] = self.records.values()
            return folder
        return self.records[overlap]


def overlap_folders(folder: Path) -> dict[float, Path]:
    """Returns, by overlap, where a search over it has its records."""
    return {overlap: folder / f"records-overlap-{overlap:g}" for overlap in OVERLAPS}


@dataclasses.dataclass(frozen=True)
class Role:
    """Who searches: one process alone, or a chief that hands out trials and workers that run them.

    Attributes:
        kind: `alone`, `chief` or `worker`.
        address: The chief's HOST:PORT.
        name: A worker's; one that is started again under its name takes its trial up again.
    """

    kind: str = "alone"
    address: str = ""
    name: str = ""

    def __post_init__(self):
        if self.kind == "alone":
            return
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError(f"--role {self.kind} needs --chief HOST:PORT, got {self.address!r}")
        # KerasTuner knows the chief by its name, and writes a worker's state to a file of its name.
        if self.kind == "worker" and ("chief" in self.name or not is_plain_name(self.name)):
            raise ConfigError(
                "--role worker needs --worker-name, each worker's own, without slashes and the word chief, "
                f"got {self.name!r}"
            )

    @property
    def tuner_id(self) -> str:
        return {"alone": "tuner0", "chief": "chief", "worker": self.name}[self.kind]

    @property
    def lock_file(self) -> str:
        """A search has one chief, or one who searches alone, and one worker of each name."""
        return f".{self.name}.lock" if self.kind == "worker" else LOCK_FILE

    @contextlib.contextmanager
    def environment(self) -> Iterator[None]:
        """Sets the variables by which KerasTuner knows chief and workers."""
        host, _, port = self.address.rpartition(":")
        variables = {"KERASTUNER_TUNER_ID": self.tuner_id}
        if self.kind != "alone":
            variables |= {"KERASTUNER_ORACLE_IP": host, "KERASTUNER_ORACLE_PORT": port}
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
