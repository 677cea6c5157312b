"""The weights that the packed layers share with `keras.layers.Bidirectional(keras.layers.LSTM(units))`."""

import keras
import tensorflow as tf


class BidirectionalLayer(keras.layers.Layer):
    """Base of layers that own the weights of a BLSTM: kernel, recurrent kernel and bias, forward then backward.

    Shapes, order and initial distributions are Keras's, so `get_weights` and `set_weights` interchange.

    Args:
        units: Positive int, LSTM units a direction.
    """

    def __init__(self, units: int = 128, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"units must be at least 1, got {units}")
        self.units = units

    def build(self, inputs_shape, *_):
        self._directions = [self._add_direction(name, inputs_shape[-1]) for name in ("forward", "backward")]
        self.built = True

    def _add_direction(self, name: str, features: int) -> list[keras.Variable]:
        def initial_bias(shape, dtype=None):
            # Keras's unit_forget_bias: gates stand in the order i, f, c, o.
            return tf.concat([tf.zeros([self.units]), tf.ones([self.units]), tf.zeros([2 * self.units])], 0)

        gates = 4 * self.units
        return [
            self.add_weight(shape=(features, gates), initializer="glorot_uniform", name=f"{name}_kernel"),
            self.add_weight(shape=(self.units, gates), initializer="orthogonal", name=f"{name}_recurrent_kernel"),
            self.add_weight(shape=(gates,), initializer=initial_bias, name=f"{name}_bias"),
        ]

    def forward_weights(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns kernel, recurrent kernel and bias of the LSTM that reads forwards."""
        return tuple(keras.ops.convert_to_tensor(weight) for weight in self._directions[0])

    def backward_weights(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns kernel, recurrent kernel and bias of the LSTM that reads backwards."""
        return tuple(keras.ops.convert_to_tensor(weight) for weight in self._directions[1])

    def get_config(self):
        return {**super().get_config(), "units": self.units}
