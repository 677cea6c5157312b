"""A modality that a model leaves out: its inputs are there and not read, so that every variant takes the same batch."""

import keras


@keras.saving.register_keras_serializable(package="can_tf")
class Only(keras.layers.Layer):
    """Passes its first input on; Keras asks that a model's other inputs lead to its outputs too.

    Call arguments:
        value: Any tensor.
        unread: Any other tensors.

    Returns:
        `value`.
    """

    def call(self, value, *unread):
        return value

    def compute_output_spec(self, value, *unread):
        return keras.KerasTensor(value.shape, value.dtype)
