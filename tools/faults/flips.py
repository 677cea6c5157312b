"""Finished and unfinished folders in which one bit is another: nobody may use them without a word."""

import contextlib
import dataclasses
import io
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from can_tf.checksums import read_sealed
from can_tf.errors import CanError
from can_tf.export.trained import load_run
from can_tf.notices import kept
from can_tf.prediction.saved_model import LoadedVersion
from can_tf.records.dataset import load_dataset
from can_tf.report.run import read_evaluation
from can_tf.training.calibration import calibration_of
from can_tf.training.options import read_config
from can_tf.training.oracles import check_states
from can_tf.training.run_folder import read_history
from faults.commands import Command, finish
from faults.unfinished import begun_build, begun_training, finish_build, go_on

_CHECKSUMS = "SHA256SUMS"


@dataclasses.dataclass(frozen=True)
class Flips:
    """What became of a file's flipped bits: refused or told, without consequence, and what went wrong with others."""

    file: str
    flips: int
    refused: int
    same: int
    differs: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Kind:
    """A folder, the files in it of which bits are flipped, and its use, which may return what comes of it."""

    folder: Path
    names: Sequence[str]
    use: Callable[[Path], Any]


def flip_bits(known: dict[str, Command], base: Path, count: int, seed: int) -> Iterator[Flips]:
    """Yields, for each kind of small file, what is said of so many flipped bits.

    Args:
        known: From `faults.commands.commands`.
        base: Folder of its records and run; searched and exported in it.
        count: Of each file.
        seed: Of the bits.
    """
    for kind in _kinds(known, base):
        for name in kind.names:
            yield _of_file(kind, name, base / "flipped", count, random.Random(f"{seed} {kind.folder.name} {name}"))


def _kinds(known: dict[str, Command], base: Path) -> Iterator[_Kind]:
    export, search = base / "flipped-export", base / "flipped-search"
    yield _Kind(base / "records", ["dataset.json", "utterances.csv", "rejected.csv", _CHECKSUMS], load_dataset)
    yield _Kind(base / "run", _shown_files(base / "run"), _use_run)
    finish(known["export"], export)
    exported = ["assets.extra/can_tf.json", "saved_model.pb", "assets/labels.txt", _CHECKSUMS]
    yield _Kind(export / "1", exported, LoadedVersion)
    finish(known["tune"], search)
    yield _Kind(search, ["search.json", "oracle.json", "trial_0/trial.json", "best.json"], _use_search)
    build = begun_build(base)
    yield _Kind(build, _files_below(build), partial(finish_build, base))
    training = begun_training(base)
    begun = [name for name in _files_below(training) if not name.startswith("tensorboard")]
    yield _Kind(training, begun, partial(go_on, base))


def _of_file(kind: _Kind, name: str, copy: Path, count: int, generator: random.Random) -> Flips:
    refused, same, differs = 0, 0, []
    sound = _used(kind, copy)
    for _ in range(count):
        content = bytearray((kind.folder / name).read_bytes())
        place = generator.randrange(len(content))
        content[place] ^= 1 << generator.randrange(8)
        try:
            outcome = _used(kind, copy, {name: bytes(content)})
        except CanError:
            refused += 1
        except Exception as error:  # A bug, which is what this looks for.
            differs.append(f"byte {place}: {type(error).__name__}: {error}"[:100])
        else:
            # Checksums have lines of files that this use does not read.
            if name == _CHECKSUMS or (outcome is not None and outcome == sound):
                same += 1
            else:
                differs.append(f"byte {place}: used without a word")
    return Flips(f"{kind.folder.name}/{name}", count, refused, same, tuple(differs))


def _used(kind: _Kind, copy: Path, changed: Mapping[str, bytes] = {}) -> Any:
    """Returns what comes of a copy of a folder with some files changed; None if the use returns nothing to compare."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(kind.folder, copy)
    for name, content in changed.items():
        (copy / name).write_bytes(content)
    with contextlib.redirect_stdout(io.StringIO()):
        return kind.use(copy)


def _use_run(folder: Path) -> None:
    evaluation = read_evaluation(folder)
    calibration_of(folder, evaluation.labels)
    read_history(folder)
    load_run(folder)


def _use_search(folder: Path) -> None:
    check_states(folder)
    try:
        read_sealed(folder / "search.json")
    except ValueError as error:  # As `run_search` tells it.
        raise CanError(str(error)) from error
    with kept() as told:
        read_config(folder / "best.json")
    if told:  # People may edit it, so it is used with a line that says so.
        raise CanError(str(told[0]))


def _files_below(folder: Path) -> list[str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size)
    return [path.relative_to(folder).as_posix() for path in files]


def _shown_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
