"""A training that stops after its second epoch, goes on, and is told to MLflow's store in a folder."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from can_tf.progress import Event
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions

OPTIONS = TrainOptions(units=2, heads=1, epochs=3, patience=9, batch_size=64, learning_rate=0.02)


class StopError(Exception):
    """Stands for what ends a training before its end."""


def stop_after(epochs: int):
    """Returns a progress that ends a training after some epochs."""

    def progress(event: Event) -> None:
        if event.unit == "epochs" and event.done == epochs:
            raise StopError

    return progress


@dataclasses.dataclass
class Tracked:
    """A run, what came out, and MLflow's client; `status` is that of the run there while it was interrupted."""

    folder: Path
    metrics: dict[str, Any]
    client: Any
    run_id: str
    status: str


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """MLflow's store in a folder; its address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        address = tmp_path_factory.mktemp("mlflow").as_uri()
        patch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


@pytest.fixture(scope="session")
def tracked(store, tone_records, tmp_path_factory) -> Tracked:
    import mlflow

    folder = tmp_path_factory.mktemp("tracked") / "interrupted"
    with pytest.raises(StopError):
        train_fold(tone_records, folder, OPTIONS, stop_after(2), track=["mlflow"])
    client = mlflow.MlflowClient(tracking_uri=os.environ["MLFLOW_TRACKING_URI"])
    [experiment] = [each for each in client.search_experiments() if each.name == "can_tf"]
    [run] = client.search_runs([experiment.experiment_id], "attributes.run_name = 'interrupted'")
    metrics = train_fold(tone_records, folder, OPTIONS, track=["mlflow"])
    return Tracked(folder, metrics, client, run.info.run_id, run.info.status)
