"""A training step and a prediction of the CAN: can_tf, the same model on stock Keras layers, and in PyTorch."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf
import torch

from benchmark import keras_peer, torch_peer
from benchmark.batch import Batch, iemocap_shaped_batch, paper_config
from benchmark.keras_step import keras_step
from benchmark.measure import Side
from benchmark.sides import OURS, PACKED, STOCK
from can_tf.models.config import ModelConfig
from can_tf.models.registry import build

ALPHA = 0.1
TOLERANCE = 1e-4


def training_side(name: str) -> tuple[str, Side]:
    """Returns what is measured, and a training step of the side of that name, always on the same batch."""
    return _side("a training step", name, _keras_step, _torch_step)


def inference_side(name: str) -> tuple[str, Side]:
    """Returns what is measured, and a prediction of the side of that name, always for the same batch."""
    return _side("inference", name, _keras_prediction, _torch_prediction)


def _side(what: str, name: str, of_keras: Callable[..., Side], of_torch: Callable[..., Side]) -> tuple[str, Side]:
    batch, config = iemocap_shaped_batch(), paper_config()
    what = f"{what}: {batch.shape}"
    ours = build("can", config)
    expected = ours(keras_inputs(batch))
    if name == OURS:
        return what, of_keras(ours, batch)
    if name == STOCK:
        stock = keras_peer.build_stock_can(config, *batch.mfcc.shape[1:3])
        keras_peer.copy_weights(ours, stock)
        _check(name, stock(keras_inputs(batch)), expected)
        return what, of_keras(stock, batch)
    model, inputs = _torch_model(ours, config, batch, packed=name == PACKED)
    with torch.no_grad():
        _check(name, {key: value.numpy() for key, value in model.eval()(*inputs).items()}, expected)
    return what, of_torch(model, inputs, batch)


def _torch_model(ours: keras.Model, config: ModelConfig, batch: Batch, packed: bool):
    model = torch_peer.TorchCan(config, packed=packed)
    torch_peer.copy_weights(ours, model)
    return model, torch_peer.torch_inputs(batch, config.vocabulary)


def _check(name: str, logits: Mapping[str, object], expected: Mapping[str, tf.Tensor]) -> None:
    for output, values in expected.items():
        difference = float(np.abs(np.asarray(logits[output]) - values.numpy()).max())
        if difference > TOLERANCE:
            raise SystemExit(f"{name} gives other logits than can_tf: they differ by {difference:.2g} in {output}")


def keras_inputs(batch: Batch) -> dict[str, tf.Tensor]:
    return {
        "words": tf.constant(batch.words.astype(str)),
        "frames": tf.constant(batch.mfcc),
        "segment_frames": tf.constant(batch.segment_frames),
    }


def _keras_step(model: keras.Model, batch: Batch) -> Side:
    step, inputs, label = keras_step(model), keras_inputs(batch), tf.constant(batch.label)
    return lambda: step(inputs, label)


def _keras_prediction(model: keras.Model, batch: Batch) -> Side:
    inputs = keras_inputs(batch)
    predict = tf.function(lambda: model(inputs, training=False))
    return lambda: predict()


def _torch_step(model: torch_peer.TorchCan, inputs, batch: Batch) -> Side:
    return torch_peer.training_step(model, inputs, batch.label, ALPHA)


def _torch_prediction(model: torch_peer.TorchCan, inputs, batch: Batch) -> Side:
    model.eval()

    def predict():
        with torch.inference_mode():
            model(*inputs)

    return predict
