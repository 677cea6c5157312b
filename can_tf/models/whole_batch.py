"""What keeps a step the same when devices share a batch: averages and norms are of the whole batch, not of parts.

Keras averages each part's loss and then the parts, which is not the average if parts differ in size, and clips the
gradient of each part, which is not to clip their sum.
"""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

NO_LABEL = -1


def fill_up(inputs: Mapping[str, tf.Tensor], label: tf.Tensor, devices: int):
    """Gives a batch of fewer utterances than devices its first one again, as NO_LABEL, so that no part is empty."""
    missing = devices - tf.size(label)

    def filled():
        more = {name: tf.repeat(values[:1], missing, axis=0) for name, values in inputs.items()}
        enough = {name: tf.concat([values, more[name]], axis=0) for name, values in inputs.items()}
        return enough, tf.concat([label, tf.fill([missing], NO_LABEL)], axis=0)

    return tf.cond(missing > 0, filled, lambda: (dict(inputs), label))  # Nearly always, there is nothing to copy.


def share_of_average(losses: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Returns losses over the size of the whole batch: their sum over all parts is the average.

    Args:
        losses: `<float32>[part]`.
        label: `<int32>[part]`; what has NO_LABEL loses nothing and does not count.
    """
    real = tf.cast(label != NO_LABEL, losses.dtype)
    count = tf.reduce_sum(real)
    devices = tf.distribute.get_replica_context()
    if devices is not None:  # None outside of a step, where there are no parts.
        count = devices.all_reduce("SUM", count)
    return losses * real / count


@keras.saving.register_keras_serializable(package="can_tf")
class WholeBatchAdam(keras.optimizers.Adam):
    """Adam that clips the gradient of the whole batch by its global norm, on however many devices."""

    def apply(self, grads: Sequence[tf.Tensor], trainable_variables=None):
        devices = tf.distribute.get_replica_context()
        if devices is not None and devices.num_replicas_in_sync > 1:
            # Dense, since a word that occurs twice has two rows in a sparse gradient, whose norm is not their sum's.
            summed = devices.all_reduce("SUM", [tf.convert_to_tensor(gradient) for gradient in grads])
            clipped, _ = tf.clip_by_global_norm(summed, self.global_clipnorm)
            # Keras sums over the devices once more; within the norm, it clips nothing.
            grads = [gradient / devices.num_replicas_in_sync for gradient in clipped]
        super().apply(grads, trainable_variables)
