"""Small corpora that tests share. Nothing here is a recording of a person."""

import contextlib
import gc
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # Those of trainings, which need TensorFlow to have begun with them.
os.environ["HF_HUB_CACHE"] = os.devnull  # No model of Whisper is at hand, whatever this machine has.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pytest
import soundfile

from can_tf.alignment.word import Word
from can_tf.checksums import CHECKSUMS_FILE
from can_tf.corpus.utterance import Corpus, Utterance
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import Dataset, load_dataset
from can_tf.training import child

pytest_plugins = ("tests.trained",)

gc.set_threshold(100_000, 20, 100)  # Graphs are many objects and little garbage.

# Once in a process of tests, whichever pool is its first: most of them build records.
multiprocessing.set_forkserver_preload(["can_tf.records.preparation"])

TABLE_1 = (  # The paper's Table 1 in seconds; its end frames are inclusive.
    Word("<s>", 0.00, 0.52),
    Word("I", 0.52, 0.76),
    Word("LIKE(2)", 0.76, 0.89),
    Word("<sil>", 0.89, 1.41),
    Word("APPLE", 1.41, 1.44),
    Word("</s>", 1.44, 1.78),
)


@pytest.hookimpl(trylast=True)  # Behind the end of what a file's tests share.
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Frees graphs behind each file of tests, and spares the collector what is left: gigabytes, by the end."""
    if nextitem is None:
        gc.unfreeze()  # What is imported at the very end may ask who holds it.
    elif nextitem.path != item.path:
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()
        gc.collect()
        gc.freeze()


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Returns the files of a folder by name, as far as users see them."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith(".")}


def without_checksums(folder: Path) -> None:
    """Removes a finished folder's checksums, so that what lies behind them is tested."""
    (folder / CHECKSUMS_FILE).unlink()


def wait_until(condition: Callable[[], object], *, seconds: float = 120) -> None:
    """Waits until a condition holds; fails if it does not come to."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def trainings_in(folder: Path) -> set[int]:
    """Returns the processes of trainings that `cross-validate` has started in a folder or with it in their options."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # It has ended.
            command = (path / "cmdline").read_bytes()
            concerned = str(folder).encode() in command or (path / "cwd").readlink() == folder
            if child.__name__.encode() in command and concerned:
                found.add(int(path.name))
    return found


def write_small_files(folder: Path, *names: str) -> None:
    """Writes files of one byte, and the folders that they are in."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("-")


def write_tone(path: Path, seconds: float, *, hertz: float = 220.0, rate: int = 16_000, channels: int = 1) -> Path:
    """Writes a wav of a tone with a little noise, seeded by its own pitch."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(round(hertz)).normal(size=len(time))
    samples = 0.3 * np.sin(2 * np.pi * hertz * time) + 0.01 * noise
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate, subtype="PCM_16")
    return path


@pytest.fixture
def table_1_utterance(tmp_path: Path) -> Utterance:
    audio_path = write_tone(tmp_path / "audio" / "Ses01F_impro01_F000.wav", 1.8)
    return Utterance("Ses01F_impro01_F000", audio_path, TABLE_1, "hap", "Ses01F", "Ses01", "impro01")


@pytest.fixture(scope="session")
def tone_corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """150 utterances of one to four words, two labels, four speakers: three shards."""
    vocabulary = ("good", "bad", "day", "night", "now")
    folder = tmp_path_factory.mktemp("tones")
    utterances = []
    for index in range(150):
        count = 1 + index % 4
        audio_path = write_tone(folder / f"u{index:03d}.wav", 0.2 * count + 0.1, hertz=100 + 7 * index)
        words = tuple(
            Word(vocabulary[(index + word) % len(vocabulary)], 0.2 * word, 0.2 * word + 0.2) for word in range(count)
        )
        session = f"s{index % 5}"
        label = ("calm", "loud")[(index // 5) % 2]
        utterances.append(Utterance(f"u{index:03d}", audio_path, words, label, session, session, f"topic{index % 3}"))
    return Corpus("manifest", ("calm", "loud"), tuple(utterances), (), {}, synthetic=True)


@pytest.fixture(scope="session")
def tone_records(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Corpus) -> Dataset:
    """The tone corpus as records, built once. Tests that change files take `tone_records_copy`."""
    return build_records(tone_corpus, tmp_path_factory.mktemp("records"), BuildOptions())


@pytest.fixture
def tone_records_copy(tmp_path: Path, tone_records: Dataset) -> Dataset:
    shutil.copytree(tone_records.folder, tmp_path / "records")
    return load_dataset(tmp_path / "records")
