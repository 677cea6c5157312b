"""A training step of any Keras form of the CAN, as `fit` does it."""

from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from benchmark.batch import paper_config
from can_tf.models.losses import compile_model


def keras_step(model: keras.Model) -> Callable[[Mapping[str, tf.Tensor], tf.Tensor], object]:
    """Returns a function of inputs and labels that does one step: Eq. 14, clipping at a norm of 1, Adam."""
    compile_model(model, paper_config())
    model.optimizer.build(model.trainable_variables)
    step = tf.function(model.train_step, reduce_retracing=True)
    return lambda inputs, label: step((inputs, dict.fromkeys(model.output_names, label)))
