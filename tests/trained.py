"""A small model, trained for an epoch on synthetic speech and tones, and its export."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from can_tf.alignment.word import Word
from can_tf.corpus.demo import make_demo_corpus
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.corpus.utterance import Corpus, Utterance
from can_tf.prediction.backends import LocalModel, open_model
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import Dataset
from can_tf.training.options import TrainOptions
from tests.conftest import write_tone

if TYPE_CHECKING:
    from can_tf.export.write import Exported

OPTIONS = TrainOptions(units=6, heads=2, epochs=1, batch_size=32, max_segment_frames=30)  # Cuts many a word.


class Trained(NamedTuple):
    """A run and what it was made of."""

    run: Path
    records: Dataset
    utterances: dict[str, Utterance]
    model: Any  # keras.Model


def odd_utterances(folder: Path) -> list[Utterance]:
    """Returns what the demo has none of: very short, very long, of many words, and with words beyond the audio."""
    speech = {
        "short": (0.02, [Word("oh", 0.0, 0.02)]),
        "long": (30.0, [Word("so", 0.0, 29.0), Word("long", 29.0, 30.0)]),
        "many": (12.0, [Word(f"word{index}", 0.2 * index, 0.2 * index + 0.2) for index in range(60)]),
        "beyond": (1.0, [Word("past", 0.0, 0.5), Word("it", 0.5, 1.08)]),
    }
    return [
        Utterance(name, write_tone(folder / f"{name}.wav", seconds), tuple(words), "neu", "Ses01F", "Ses01", "odd")
        for name, (seconds, words) in speech.items()
    ]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    import keras  # Here and below: what needs no model starts without TensorFlow.

    from can_tf.training.fit import train_fold

    root = tmp_path_factory.mktemp("served")
    make_demo_corpus(root / "demo", utterances=100)
    demo = read_iemocap(root / "demo", LABEL_SETS["paper7"])
    utterances = (*demo.utterances, *odd_utterances(root / "odd"))
    by_id = sorted(utterances, key=lambda utterance: utterance.id)
    corpus = Corpus(demo.name, demo.labels, tuple(by_id), demo.rejected, {}, synthetic=True)
    records = build_records(corpus, root / "records", BuildOptions())
    assert not [row for row in records.rejected() if row["id"] in ("short", "long", "many", "beyond")]
    train_fold(records, root / "run", OPTIONS)
    model = keras.models.load_model(root / "run" / "model.keras")
    return Trained(root / "run", records, {utterance.id: utterance for utterance in utterances}, model)


@pytest.fixture(scope="session")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> "Exported":
    from can_tf.export.write import export_run

    return export_run(trained.run, tmp_path_factory.mktemp("saved_models") / "can")


@pytest.fixture(scope="session")
def calibrated(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> "Exported":
    from can_tf.export.write import export_run
    from can_tf.training.cross_validation import write_results
    from can_tf.training.fold_runs import FoldRun

    folder = tmp_path_factory.mktemp("calibrated")
    write_results([FoldRun(OPTIONS, trained.run, trained.records.folder)], folder / "cv", trained.records)
    return export_run(trained.run, folder / "can", calibrated=True, cross_validations=[folder / "cv"])


@pytest.fixture(scope="session")
def local_model(exported: "Exported") -> LocalModel:
    return open_model(exported.folder)
