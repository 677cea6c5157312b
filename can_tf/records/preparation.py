"""What builds a shard imports this: a process that others fork from does so once for them all."""

from can_tf.imports import import_lean, silence_tensorflow

silence_tensorflow()
import_lean()

import can_tf.features.recordings  # noqa: E402  # TensorFlow comes with it.
import can_tf.records.schema  # noqa: E402, F401
