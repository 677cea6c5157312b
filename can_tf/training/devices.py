"""What computes one training: the threads of an operation, and the devices that share a batch.

The sums of a product are cut by the threads that there are, and float32 rounds each part: so the number of threads is
an option of a training, and no machine's.

A batch is cut into as many parts as there are devices, and their gradients are summed. The parts of a batch together
give the gradient that the whole batch gives, so the number of devices changes no result but for rounding and for
dropout, whose masks each device draws for its own part.
"""

import contextlib
import functools
import os
from collections.abc import Callable

import keras
import tensorflow as tf

from can_tf.errors import ConfigError


def set_threads(threads: int) -> None:
    """Gives each operation on the CPU a number of threads; raises ConfigError if TensorFlow has begun with another."""
    with contextlib.suppress(RuntimeError):  # It has begun.
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    there_are = tf.config.threading.get_intra_op_parallelism_threads() or _threads_of_its_own()
    if there_are != threads:
        raise ConfigError(
            f"--threads {threads}: TensorFlow has begun with {there_are} in this process. Train in a new one, or with "
            f"threads={there_are}, whose weights differ by rounding."
        )


def _threads_of_its_own() -> int:
    """Returns how many threads TensorFlow gives an operation if nobody says: its variable's, or all that it sees."""
    told = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    if told.isdecimal() and int(told):
        return int(told)
    # Not `cores`: TensorFlow knows nothing of a control group's share.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache  # TensorFlow's collectives do not bear a second strategy in a process.
def strategy_for(devices: int) -> tf.distribute.Strategy:
    """Returns what distributes a training; variables have to be made, and `fit` called, in its scope.

    Args:
        devices: GPUs, if the machine has any; else logical devices of the CPU, which have to be asked for before
            TensorFlow's first operation.

    Raises:
        ConfigError: There are fewer GPUs, or TensorFlow has begun with other logical devices.
    """
    if devices == 1:
        return tf.distribute.get_strategy()
    gpus = tf.config.list_logical_devices("GPU") if tf.config.list_physical_devices("GPU") else []
    if not gpus:
        return tf.distribute.MirroredStrategy(_logical_cpus(devices))
    if len(gpus) < devices:
        raise ConfigError(f"--devices {devices}: this machine has {len(gpus)} GPUs.")
    return tf.distribute.MirroredStrategy([gpu.name for gpu in gpus[:devices]])


def build_in(strategy: tf.distribute.Strategy, build: Callable[[], keras.Model]) -> keras.Model:
    """Returns a model whose variables a strategy distributes.

    Before it trains a model that was made in a strategy's scope, Keras averages the parts of a batch, which cannot be
    done with strings or with parts of several sizes: so the variables are made in the scope, and the model outside.
    """
    with strategy.scope():
        model = build()
    if strategy.num_replicas_in_sync == 1:
        return model
    return keras.Model(model.input, model.output, name=model.name)


def _logical_cpus(devices: int) -> list[str]:
    [cpu] = tf.config.list_physical_devices("CPU")
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    except RuntimeError as error:
        raise ConfigError(
            f"--devices {devices}: TensorFlow has begun with other devices in this process. Train in a new one."
        ) from error
    return [device.name for device in tf.config.list_logical_devices("CPU")]
