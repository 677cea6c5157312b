"""The input pipeline alone beside the training that it feeds."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.batch import paper_config
from benchmark.keras_step import keras_step
from benchmark.measure import Side
from can_tf.models.registry import build
from can_tf.records.dataset import load_dataset
from can_tf.records.pipeline import EpochOrder, batches

BATCHES = 20


def epoch_sides(records: Path) -> tuple[str, Mapping[str, Side]]:
    """Returns what is measured: batches made and dropped, and training steps on batches that lie in memory."""
    dataset = load_dataset(records)
    order = EpochOrder(dataset.utterances, 64, seed=0)
    kept = list(batches(dataset, order).take(BATCHES))
    model = build("can", paper_config())
    step = keras_step(model)

    def pipeline() -> None:
        for _ in batches(dataset, order).take(BATCHES):
            pass

    def train() -> None:
        for inputs, label in kept:
            step(inputs, label)

    what = f"{len(kept)} batches of 64 of {len(dataset.utterances)} utterances, the pipeline alone and the steps alone"
    return what, {"can_tf": pipeline, "training steps": train}
