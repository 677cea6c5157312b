"""The training objective and the final prediction (Lee et al., 2020, Eqs. 13 to 15).

    L_align = CE(text, y) + CE(audio, y)                                  (13)
    L_total = CE(fused, y) + alpha * L_align                              (14)
    final   = fused * text^alpha * audio^alpha                            (15)

Eq. 15 is worked out in log space and normalized, so that it is a probability; that changes no label. A model without
the single modalities' heads has alpha 0.
"""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from can_tf.models.config import ModelConfig
from can_tf.models.whole_batch import WholeBatchAdam, share_of_average

SINGLE_MODALITIES = ("text", "audio")


def compile_model(
    model: keras.Model, config: ModelConfig, *, learning_rate: float = 1e-3, clip_norm: float = 1.0
) -> None:
    """Compiles a model for `fit`: the loss of Eq. 14 and Adam with gradients clipped by their global norm.

    Labels are `<int32>[batch]`, the same for each output: `{"fused": label, "text": label, "audio": label}`.
    """
    outputs = model.output_names
    shared = tf.distribute.get_strategy().num_replicas_in_sync > 1
    adam = WholeBatchAdam if shared else keras.optimizers.Adam
    reduction = "sum" if shared else "sum_over_batch_size"
    model.compile(
        optimizer=adam(learning_rate, global_clipnorm=clip_norm),
        loss={name: CrossEntropy(config.class_weights, reduction=reduction) for name in outputs},
        loss_weights={name: config.alpha if name in SINGLE_MODALITIES else 1.0 for name in outputs},
    )


@keras.saving.register_keras_serializable(package="can_tf")
class CrossEntropy(keras.losses.Loss):
    """Cross entropy of logits `<float32>[batch, labels]` with label indices `<int32>[batch]`, averaged over the batch.

    Args:
        class_weights: What an utterance of each label counts; empty counts all alike.
        reduction: Keras's own average, or "sum" where several devices share a batch: the sum is over all of them.
    """

    def __init__(self, class_weights: Sequence[float] = (), name: str = "cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.class_weights = tuple(class_weights)

    def call(self, y_true, y_pred):
        label = tf.reshape(tf.cast(y_true, tf.int32), [-1])
        if self.reduction == "sum":
            return share_of_average(self._losses(tf.maximum(label, 0), y_pred), label)
        return self._losses(label, y_pred)

    def _losses(self, label, y_pred):
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(label, y_pred)
        return losses * tf.gather(tf.constant(self.class_weights), label) if self.class_weights else losses

    def get_config(self):
        return {**super().get_config(), "class_weights": list(self.class_weights)}


def balanced_class_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """Returns weights by label that make each count alike in sum, 1 on average over utterances; 0 for a label of none.

    Args:
        counts: Utterances of each label, in index order.

    Example:
        >>> balanced_class_weights([6, 2, 0])
        (0.6666666666666666, 2.0, 0.0)
    """
    occurring = sum(count > 0 for count in counts)
    return tuple(sum(counts) / (occurring * count) if count else 0.0 for count in counts)


def final_log_probabilities(logits: Mapping[str, tf.Tensor], alpha: float) -> tf.Tensor:
    """Returns the logarithm of Eq. 15's prediction, normalized, `<float32>[batch, labels]`.

    Args:
        logits: `<float32>[batch, labels]` by output: `fused`, and `text` and `audio` where the model has them.
        alpha: The exponent of the single modalities.
    """
    product = tf.nn.log_softmax(logits["fused"])
    for name in SINGLE_MODALITIES:
        if name in logits:
            product += alpha * tf.nn.log_softmax(logits[name])
    return tf.nn.log_softmax(product)
