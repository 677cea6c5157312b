"""The commands that faults are made in, and what of their outcome must not depend on a fault."""

import csv
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from can_tf.checksums import changes
from can_tf.files import sha256_of_file

_HOOK = Path(__file__).with_name("hook")
_SMALL = ("--units", "4", "--heads", "2", "--batch-size", "16", "--learning-rate", "0.02")
_UTTERANCES, _RATE_HZ, _WORD_SECONDS = 200, 16_000, 0.2


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of can-tf.

    Attributes:
        name: As users type it.
        arguments: Of the folder that it works in.
        outcome: Of that folder, once the command has ended well: what is to be equal, by name.
    """

    name: str
    arguments: Callable[[Path], Sequence[str]]
    outcome: Callable[[Path], Mapping[str, Any]]

    def start(self, folder: Path, environment: Mapping[str, str] = {}) -> "subprocess.Popen[str]":
        """Starts it in a process group of its own; what it says on stderr is to be read."""
        return subprocess.Popen(
            can_tf(self.name, *self.arguments(folder)),
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def can_tf(*arguments: object) -> list[str]:
    """Returns what starts a command of can-tf in a process of its own."""
    return [sys.executable, "-m", "can_tf", *map(str, arguments)]


def watched(folder: Path, log: Path, at: int = 0, do: str = "kill") -> dict[str, str]:
    """Returns the environment in which a command counts its changes of files in a folder, and meets a fault at one."""
    paths = [str(_HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {"FOLDER": str(folder), "LOG": str(log), "AT": str(at), "DO": do}
    return {"PYTHONPATH": os.pathsep.join(paths), **{f"FAULTS_{name}": value for name, value in settings.items()}}


def make_corpus(folder: Path) -> Path:
    """Writes a small corpus of tones with a manifest, and returns the manifest."""
    folder.mkdir(parents=True)
    rows = ["id,audio,label,speaker,session,scenario,alignment"]
    for index in range(_UTTERANCES):
        count, hertz = 1 + index % 4, 100 + 7 * index
        times = np.arange(round((count * _WORD_SECONDS + 0.1) * _RATE_HZ)) / _RATE_HZ
        soundfile.write(folder / f"u{index:03d}.wav", 0.3 * np.sin(2 * np.pi * hertz * times), _RATE_HZ)
        words = [
            {"word": f"w{(index + word) % 5}", "start": _WORD_SECONDS * word, "end": _WORD_SECONDS * (word + 1)}
            for word in range(count)
        ]
        (folder / f"u{index:03d}.json").write_text(json.dumps(words), encoding="utf-8")
        label, session = ("calm", "loud")[(index // 5) % 2], f"s{index % 5}"
        rows.append(f"u{index:03d},u{index:03d}.wav,{label},{session},{session},t{index % 3},u{index:03d}.json")
    manifest = folder / "corpus.csv"
    manifest.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return manifest


def commands(base: Path) -> dict[str, Command]:
    """Returns the commands by name, and makes in `base` what they need: a corpus, records, and a finished run."""
    corpus, records, run = base / "corpus", base / "records", base / "run"
    manifest = corpus / "corpus.csv" if corpus.exists() else make_corpus(corpus)
    build = ("--corpus", "manifest", "--root", str(manifest), "--workers", "2", "--out")
    train = ("--records", str(records), *_SMALL, "--epochs", "4", "--patience", "2", "--run")
    every = [
        Command("build-records", lambda folder: [*build, str(folder)], _of_records),
        Command("train", lambda folder: [*train, str(folder)], _of_run),
        Command("export", lambda folder: [str(run), "--out", str(folder)], _of_export),
        Command(
            "cross-validate",
            lambda folder: [
                *("--records", str(records), *_SMALL, "--epochs", "2", "--folds", "2", "--jobs", "2"),
                *("--runs", str(folder)),
            ],
            _of_cross_validation,
        ),
        Command(
            "tune",
            lambda folder: [
                *("--records", str(records), "--epochs", "2", "--units", "4", "--batch-size", "16"),
                *("--method", "random", "--trials", "2", "--out", str(folder)),
            ],
            _of_search,
        ),
        Command(
            "reproduce",
            lambda folder: [
                *("--corpus", "manifest", "--root", str(manifest), *_SMALL, "--epochs", "1"),
                *("--tables", "4", "--folds", "1", "--jobs", "2", "--out", str(folder)),
            ],
            _of_report,
        ),
    ]
    by_name = {command.name: command for command in every}
    for name, folder in (("build-records", records), ("train", run)):
        finish(by_name[name], folder)
    return by_name


def finish(command: Command, folder: Path, environment: Mapping[str, str] = {}) -> Mapping[str, Any]:
    """Runs a command to its end, and returns its outcome; a command that fails ends this program."""
    process = command.start(folder, environment)
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(f"{command.name} ended with {process.returncode}: {said[-2000:]}")
    return command.outcome(folder)


def _of_records(folder: Path) -> dict[str, Any]:
    return _files(folder)


def _of_run(folder: Path) -> dict[str, Any]:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    tables = ("predictions.csv", "validation_predictions.csv")
    return {
        "metrics": {name: value for name, value in metrics.items() if name != "seconds"},
        "history": _rows(folder / "history.csv"),
        **{name: sha256_of_file(folder / name) for name in tables},
        "changes": changes(folder),
        "files": sorted(path.name for path in folder.iterdir()),
    }


def _of_export(folder: Path) -> dict[str, Any]:
    paths = sorted(folder.iterdir())
    return {
        # One that was killed after it had published is followed by another version.
        "others": [path.name for path in paths if not path.name.isdecimal()],
        "changes": [line for path in paths if path.name.isdecimal() for line in changes(path)],
    }


def _of_cross_validation(folder: Path) -> dict[str, Any]:
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    runs = {path.name: _of_run(path) for path in folders if (path / "metrics.json").exists()}
    together = {path.name: _files(path) for path in folders if path.name not in runs}
    return {**runs, **together, **_files(folder)}


def _of_search(folder: Path) -> dict[str, Any]:
    return {"trials": _rows(folder / "trials.csv"), "best": json.loads((folder / "best.json").read_text("utf-8"))}


def _of_report(folder: Path) -> dict[str, Any]:
    return {name: sha256_of_file(folder / name) for name in ("report.csv", "report.json", "report.md")}


def _files(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of_file(path) for path in sorted(folder.iterdir()) if path.is_file()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]
