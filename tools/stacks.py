"""Whether one set of libraries (`can_tf.stack`) answers as another does, as between Python 3.11 and 3.13.

    python3.11 tools/stacks.py make FOLDER     # a small corpus, records, a run, an export, its answers, half a run
    python3.13 tools/stacks.py ask FOLDER      # the same export, run and half a run, here

`make` tells whether a Python works at all: `make pythons`. `ask` ends with 1 if answers differ: `make stacks`.
Needs: pip install -c constraints.txt -e '.[demo]'
"""

import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import soundfile
from scipy import signal

import can_tf  # Its names bring TensorFlow: not to every process of a pool.
from can_tf.corpus.utterance import Utterance
from can_tf.progress import Event
from can_tf.records.dataset import Dataset
from can_tf.report.tables import format_table
from can_tf.samples import SAMPLE_RATE_HZ
from can_tf.training.options import TrainOptions

OPTIONS = TrainOptions(units=16, heads=2, epochs=1, batch_size=16)
BEGUN = TrainOptions(units=16, heads=2, epochs=2, batch_size=16)
UTTERANCES, ASKED = 80, 12
OTHER_RATE_HZ = 44_100
ANSWERS_FILE = "answers.json"
# Both sides get the same samples at 16 kHz; at another rate, those of two resamplers.
TOLERANCE, RESAMPLED_TOLERANCE = 1e-5, 1e-3


class Row(NamedTuple):
    """Something that was compared, by how much it differs, and by how much it may."""

    what: str
    difference: float
    limit: float


class _StopError(Exception):
    pass


@click.group()
def main() -> None:
    """Compare sets of libraries."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def make(folder: Path) -> None:
    """Build, train an epoch, export and predict in FOLDER, anew, and keep the answers there."""
    shutil.rmtree(folder, ignore_errors=True)
    root = can_tf.make_demo_corpus(folder, utterances=UTTERANCES).root
    corpus = can_tf.read_corpus("demo", root)
    records = can_tf.build_records(corpus, folder / "records")
    can_tf.train_fold(records, folder / "run", OPTIONS)
    _begin(records, folder / "begun")
    can_tf.export_run(folder / "run", folder / "saved_models" / "can")
    asked = [_kept(utterance, folder / "asked") for utterance in corpus.utterances[:ASKED]]
    answers = _answers(folder / "saved_models" / "can", folder, asked)
    versions = json.loads((folder / "run" / "config.json").read_text())["versions"]
    content = {"versions": versions, "asked": asked, "answers": answers}
    (folder / ANSWERS_FILE).write_text(json.dumps(content, indent=1))
    click.echo(f"Python {platform.python_version()}: {folder} is made. {_in_words(versions)}")


@main.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
def ask(folder: Path) -> None:
    """Ask the export in FOLDER that another Python made, export its run, and finish the one that it began."""
    made = json.loads((folder / ANSWERS_FILE).read_text())
    asked, expected = made["asked"], made["answers"]
    with tempfile.TemporaryDirectory() as temporary:
        begun = Path(temporary, "begun")
        shutil.copytree(folder / "begun", begun)
        events: list[Event] = []
        # First: a training decides with how many threads TensorFlow begins in a process.
        can_tf.train_fold(can_tf.load_dataset(folder / "records"), begun, BEGUN, events.append)
        rows = [*_compared("its export", _answers(folder / "saved_models" / "can", folder, asked), expected)]
        own = Path(temporary, "can")
        can_tf.export_run(folder / "run", own)  # Which compares it with the Keras model here.
        rows += _compared("its run, exported here", _answers(own, folder, asked), expected)
    click.echo(f"Made with {_in_words(made['versions'])}; asked on Python {platform.python_version()}.")
    cells = [[row.what, f"{row.difference:.1e}", f"{row.limit:.0e}"] for row in rows]
    click.echo(format_table(["what", "largest difference", "limit"], cells))
    notes = [event.note for event in events if event.note.startswith("It was begun with")]
    click.echo("\n".join(["A training that was begun there went on here, and said:", *(notes or ["nothing"])]))
    if not notes or any(not row.difference <= row.limit for row in rows):
        sys.exit("The answers are not the same.")


def _begin(records: Dataset, run: Path) -> None:
    """Trains the first of two epochs."""

    def stop(event: Event) -> None:
        if event.work == "Epoch 2":
            raise _StopError

    try:
        can_tf.train_fold(records, run, BEGUN, stop)
    except _StopError:
        return
    raise RuntimeError(f"{run}: ended in its first epoch")


def _kept(utterance: Utterance, folder: Path) -> dict[str, Any]:
    """Writes an utterance's sound at another rate too; returns where both are, and its words."""
    folder.mkdir(exist_ok=True)
    samples, rate = soundfile.read(utterance.audio_path)
    other = folder / f"{utterance.id}.wav"
    soundfile.write(other, signal.resample_poly(samples, OTHER_RATE_HZ // 100, rate // 100), OTHER_RATE_HZ)
    paths = [str(path.relative_to(folder.parent)) for path in (utterance.audio_path, other)]
    assert rate == SAMPLE_RATE_HZ
    return {"paths": paths, "words": [[word.text, word.start, word.end] for word in utterance.words]}


def _answers(model: Path, folder: Path, asked: list[dict[str, Any]]) -> list[list[list[float]]]:
    """Returns the probabilities for each recording at its own rate and at the other."""
    predictor = can_tf.load(model)
    return [
        [
            list(predictor.predict(folder / path, [tuple(word) for word in each["words"]]).probabilities.values())
            for path in each["paths"]
        ]
        for each in asked
    ]


def _compared(what: str, found: list, expected: list) -> Iterator[Row]:
    differences = np.abs(np.array(found) - np.array(expected)).max(axis=(0, 2))
    yield Row(f"{what}, {SAMPLE_RATE_HZ} Hz", differences[0], TOLERANCE)
    yield Row(f"{what}, {OTHER_RATE_HZ} Hz", differences[1], RESAMPLED_TOLERANCE)


def _in_words(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if name != "can_tf")


if __name__ == "__main__":
    main()
