"""A search whose trainings take no time."""

import json

import pytest

from can_tf.checksums import write_sealed
from can_tf.training import trials
from can_tf.training.options import TrainOptions
from can_tf.training.search import Search


def search_of(folder, records, **changes):
    """Returns a small search."""
    options = TrainOptions(units=2, heads=1, epochs=2, protocol="session")
    values = {"options": options, "method": "random", "trials": 4, "folds": 2}
    return Search(folder=folder, records={0.0: records}, **{**values, **changes})


@pytest.fixture
def instant(monkeypatch):
    """Trainings that are done at once: WA grows with alpha, and epochs are kept apart."""
    trained = []

    def train_all(runs, *, jobs):
        for run in runs:
            trained.append(run)
            run.folder.mkdir(parents=True, exist_ok=True)
            wa = min(run.options.alpha, 0.9) - 0.01 * run.options.fold
            scores = {"validation_wa": wa, "validation_ua": wa / 2, "seconds": 1.0, "epochs": run.options.epochs}
            write_sealed(run.folder / "validation.json", scores)
            (run.folder / "config.json").write_text(json.dumps({"options": {"epochs": run.options.epochs}}))
            (run.folder / "checkpoint").mkdir(exist_ok=True)
        return {}

    monkeypatch.setattr(trials, "train_all", train_all)
    return trained
