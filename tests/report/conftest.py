"""A finished run folder without a training: predictions whose temperature is 2.5, and what goes with them."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from can_tf.files import write_csv
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.run_state import HISTORY_COLUMNS

LABELS = ("calm", "loud", "<b>mad</b>")
RUN_NAME = "can & <i>co"
CONFIG = {
    "options": {"model": "can", "fold": 0, "protocol": "paper", "seed": 3, "alpha": 0.1, "glove": None},
    "records": {
        "folder": 'data/"a & b"',
        "fingerprint": "0123abc",
        "utterances": 1200,
        "corpus": {"name": "manifest", "synthetic": True},
        "labels": list(LABELS),
        "segmentation": "aligned",
        "fillers": "keep",
    },
    "versions": {"can_tf": "0.1.0", "keras": "3.15.1"},
    "git_commit": "7bc5b49a66ca",
}


def write_overconfident(path: Path, utterances: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Writes predictions that are too sure by a temperature of 2.5; returns them and the true label indices."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(utterances, 3)) * 1.5
    true = (special.softmax(logits, axis=1).cumsum(axis=1) > generator.random((utterances, 1))).argmax(axis=1)
    probabilities = special.softmax(logits * 2.5, axis=1)
    columns = {"id": [f"u{index}" for index in range(utterances)], "label": [LABELS[index] for index in true]}
    columns["predicted"] = [LABELS[index] for index in probabilities.argmax(axis=1)]
    columns |= {f"probability_{label}": probabilities[:, index].tolist() for index, label in enumerate(LABELS)}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    write_csv(path, columns, rows)
    return probabilities, true


def write_finished_run(folder: Path, *, synthetic: bool = True) -> Path:
    folder.mkdir()
    scores = evaluate_predictions(*write_overconfident(folder / "predictions.csv", 200, 0), LABELS)
    write_overconfident(folder / "validation_predictions.csv", 1000, 1)
    others = {name: {**scores, "wa": 0.125} for name in ("text", "audio", "text_reference", "majority")}
    metrics = {**scores, **others, "epochs": 2, "best_epoch": 2, "synthetic": synthetic}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    history = [HISTORY_COLUMNS, (1, 2.0, 1.5, 0.4, 0.3, 1.0), (2, 1.5, 1.2, 0.6, 0.5, 1.0)]
    (folder / "history.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in history))
    return folder


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    return write_finished_run(tmp_path / RUN_NAME)
