"""Finished and unfinished folders in which one bit is another: nobody may use them without a word."""

import contextlib
import dataclasses
import io
import random
import shutil
from collections.abc import Callable, Iterator
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

_CHECKSUMS = "SHA256SUMS"


@dataclasses.dataclass(frozen=True)
class Flips:
    """What became of a file's flipped bits: how many were refused or told, and what went wrong with others."""

    file: str
    flips: int
    refused: int
    differs: tuple[str, ...]


def flip_bits(known: dict[str, Command], base: Path, count: int, seed: int) -> Iterator[Flips]:
    """Yields, for each kind of small file, what is said of so many flipped bits.

    Args:
        known: From `faults.commands.commands`.
        base: Folder of its records and run; searched and exported in it.
        count: Of each file.
        seed: Of the bits.
    """
    export, search = base / "flipped-export", base / "flipped-search"
    finish(known["export"], export)
    finish(known["tune"], search)
    kinds: list[tuple[Path, list[str], Callable[[Path], Any]]] = [
        (base / "records", ["dataset.json", "utterances.csv", "rejected.csv", _CHECKSUMS], load_dataset),
        (base / "run", _shown_files(base / "run"), _use_run),
        (export / "1", ["assets.extra/can_tf.json", "saved_model.pb", "assets/labels.txt", _CHECKSUMS], LoadedVersion),
        (search, ["search.json", "oracle.json", "trial_0/trial.json", "best.json"], _use_search),
    ]
    for folder, names, use in kinds:
        for name in names:
            yield _of_file(folder, name, use, base / "flipped", count, random.Random(f"{seed} {folder.name} {name}"))


def _of_file(
    folder: Path, name: str, use: Callable[[Path], Any], copy: Path, count: int, generator: random.Random
) -> Flips:
    refused, differs = 0, []
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    whole = (copy / name).read_bytes()
    for _ in range(count):
        content, place = bytearray(whole), generator.randrange(len(whole))
        content[place] ^= 1 << generator.randrange(8)
        (copy / name).write_bytes(content)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                use(copy)
        except CanError:
            refused += 1
        except Exception as error:  # A bug, which is what this looks for.
            differs.append(f"byte {place}: {type(error).__name__}: {error}"[:100])
        else:
            if name != _CHECKSUMS:  # Which has lines of files that this use does not read.
                differs.append(f"byte {place}: used without a word")
    return Flips(f"{folder.name}/{name}", count, refused, tuple(differs))


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


def _shown_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
