"""The input pipeline alone beside the training that it feeds."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from benchmark.batch import paper_config
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
    step = _step(model)

    def pipeline() -> None:
        for _ in batches(dataset, order).take(BATCHES):
            pass

    def train() -> None:
        for inputs, label in kept:
            step(inputs, label)

    what = f"{len(kept)} batches of 64 of {len(dataset.utterances)} utterances, the pipeline alone and the steps alone"
    return what, {"can_tf": pipeline, "training steps": train}


def _step(model):
    from can_tf.models.losses import compile_model

    compile_model(model, paper_config())
    model.optimizer.build(model.trainable_variables)
    step = tf.function(model.train_step, reduce_retracing=True)
    return lambda inputs, label: step((inputs, dict.fromkeys(model.output_names, label)))
