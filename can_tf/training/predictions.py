"""What a model predicts of stored utterances, and the file that it is written to."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from can_tf.files import write_csv
from can_tf.models.losses import SINGLE_MODALITIES, final_log_probabilities
from can_tf.records.dataset import StoredUtterance

Inputs = Mapping[str, tf.Tensor]
Forward = Callable[[Inputs], Mapping[str, tf.Tensor]]


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a model predicts of utterances.

    Attributes:
        utterances: In the order of the rows.
        final: Probabilities by Eq. 15, `<float64>[utterances, labels]`.
        by_output: Those of each output, likewise.
        true: Label indices, `<int>[utterances]`.
    """

    utterances: Sequence[StoredUtterance]
    final: np.ndarray
    by_output: Mapping[str, np.ndarray]
    true: np.ndarray

    @property
    def single_modalities(self) -> dict[str, np.ndarray]:
        return {name: self.by_output[name] for name in SINGLE_MODALITIES if name in self.by_output}


def forward_of(model: keras.Model) -> Forward:
    """Returns a model's logits by output, of a batch of any shape: traced once, where `predict` of Keras is twice."""
    inputs = {name: tf.TensorSpec(tensor.shape, tensor.dtype) for name, tensor in model.input.items()}
    return tf.function(lambda batch: model(batch, training=False), [inputs], autograph=False)


def by_length(utterances: Iterable[StoredUtterance]) -> list[StoredUtterance]:
    """Returns utterances sorted by their lengths, so that batches of them pad little."""
    return sorted(utterances, key=lambda utterance: (utterance.segments, utterance.id))


def predictions_of(
    forward: Forward,
    batches: Iterable[tuple[Inputs, tf.Tensor]],
    utterances: Sequence[StoredUtterance],
    labels: Sequence[str],
    alpha: float,
) -> Predictions:
    """Returns what a model predicts.

    Args:
        forward: The model's, by `forward_of`.
        batches: Of the utterances, in their order; what fills the last one up is left out.
        utterances: Each with one of the labels.
        labels: The model's, in index order.
        alpha: The exponent of the single modalities in Eq. 15.
    """
    answers = [forward(inputs) for inputs, _ in batches]
    logits = {name: np.concatenate([answer[name] for answer in answers])[: len(utterances)] for name in answers[0]}
    final = np.exp(np.asarray(final_log_probabilities(logits, alpha), np.float64))
    index = {label: place for place, label in enumerate(labels)}
    true = np.array([index[utterance.label] for utterance in utterances])
    return Predictions(utterances, final, {name: _softmax(values) for name, values in logits.items()}, true)


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)


def write_predictions(path: Path, predictions: Predictions, labels: Sequence[str]) -> None:
    """Writes one row an utterance: its label, the predicted one, and the probabilities of each head."""
    columns: dict[str, Sequence[Any]] = {
        "id": [utterance.id for utterance in predictions.utterances],
        "label": [utterance.label for utterance in predictions.utterances],
        "predicted": [labels[index] for index in predictions.final.argmax(axis=1)],
    }
    for name, probabilities in {"": predictions.final, **predictions.single_modalities}.items():
        prefix = f"{name}_probability" if name else "probability"
        columns |= {f"{prefix}_{label}": probabilities[:, index].tolist() for index, label in enumerate(labels)}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    write_csv(path, columns, rows)
