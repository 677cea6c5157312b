"""Whisper's encoder, up to its third block, as stock TensorFlow operations (OpenAI's `whisper/model.py`).

Two convolutions of width 3 with zeros at the edges, the second of stride 2, each followed by an exact GELU; positions;
then blocks, each of self-attention and a perceptron with layer normalization before either: `x + attention(norm(x))`,
`x + down(gelu(up(norm(x))))`.

Windows of any number and length are encoded at the same time, one after another in one tensor: products run on exactly
the states that there are, and attention on one window at a time, so nothing is padded and no window knows of another.
Weights are stored as float16, as they were released; all arithmetic is in float32. States are columns:
TensorFlow multiplies faster with these weights on the left.
"""

import functools
import itertools

import numpy as np
import tensorflow as tf

from can_tf.features.whisper.weights import HEADS, WIDTH, read_weights
from can_tf.features.whisper.windows import FRAMES_PER_STATE, Windows

_EPSILON = 1e-5
_numbers = itertools.count()


class Encoder(tf.Module):
    """The encoder up to a block.

    Args:
        blocks: How many blocks it has; their weights are read from the package.
    """

    def __init__(self, blocks: int):
        super().__init__(name="whisper_base")
        self.weights = {
            name: tf.Variable(_for_columns(name, array), trainable=False, name=name)
            for name, array in read_weights().items()
            if not name.startswith("block") or int(name[len("block") : name.index("/")]) <= blocks
        }
        self._matrices = {  # Vectors are small, and are converted at each call.
            name: _Float32(variable, name) for name, variable in self.weights.items() if variable.shape[1] > 1
        }
        self.blocks = blocks

    def __call__(self, log_mel: tf.Tensor, first_frame: tf.Tensor, windows: Windows) -> tf.Tensor:
        """Returns the states behind the last block, `<float32>[states of all windows, 512]`.

        Args:
            log_mel: `<float32>[frames, 80]`.
            first_frame: `<int64>[windows]`, the first frame in `log_mel` of each window.
            windows: At least one; none of no frames.
        """
        states = self._convolved(log_mel, first_frame, windows.num_frames)
        places = tf.ragged.range(windows.num_states).flat_values
        states += tf.gather(self._weight("positions"), places, axis=1)
        for block in range(1, self.blocks + 1):
            states += self._attention(f"block{block}", states, windows.num_states)
            states += self._perceptron(f"block{block}", states)
        return tf.transpose(states)

    def _weight(self, name: str) -> tf.Tensor:
        return self._matrices[name].read() if name in self._matrices else tf.cast(self.weights[name], tf.float32)

    def _dense(self, name: str, inputs: tf.Tensor) -> tf.Tensor:
        return tf.matmul(self._weight(f"{name}/weight"), inputs) + self._weight(f"{name}/bias")

    def _norm(self, name: str, inputs: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(inputs, axes=[0], keepdims=True)
        normalized = (inputs - mean) * tf.math.rsqrt(variance + _EPSILON)
        return normalized * self._weight(f"{name}/gamma") + self._weight(f"{name}/beta")

    def _convolved(self, log_mel: tf.Tensor, first_frame: tf.Tensor, num_frames: tf.Tensor) -> tf.Tensor:
        """Returns the second convolution's output, `<float32>[512, states]`.

        Windows lie one after another, each from an even place on and with a zero or two behind it: what is convolved at
        its edges is zeros, and strides of 2 meet all windows alike.
        """
        slots = FRAMES_PER_STATE * (num_frames // FRAMES_PER_STATE + 1)
        place = tf.ragged.range(slots).flat_values  # [slots of all windows], within its window
        real = place < tf.repeat(num_frames, slots)
        frame = tf.where(real, tf.repeat(first_frame, slots) + place, 0)
        spread = tf.where(real, tf.transpose(tf.gather(log_mel, frame)), 0.0)
        once = tf.where(real, self._convolution("conv1", spread, stride=1), 0.0)
        twice = self._convolution("conv2", once, stride=FRAMES_PER_STATE)
        is_state = real[::FRAMES_PER_STATE]
        return tf.boolean_mask(twice, is_state, axis=1)

    def _convolution(self, name: str, inputs: tf.Tensor, stride: int) -> tf.Tensor:
        padded = tf.pad(inputs, [[0, 0], [1, 1]])
        last = tf.shape(inputs)[1]
        neighbors = tf.concat([padded[:, shift : last + shift : stride] for shift in range(3)], axis=0)
        return tf.nn.gelu(self._dense(name, neighbors))

    def _attention(self, block: str, states: tf.Tensor, num_states: tf.Tensor) -> tf.Tensor:
        queries_keys_values = self._dense(f"{block}/qkv", self._norm(f"{block}/attention_norm", states))
        by_head = tf.reshape(queries_keys_values, [3, HEADS, WIDTH // HEADS, -1])
        ends = tf.cumsum(num_states)
        contexts = tf.map_fn(
            # Transposed and back: the ragged dimension has to come first.
            lambda window: tf.transpose(_attend(by_head[..., window[0] : window[1]])),
            (ends - num_states, ends),
            parallel_iterations=1,  # One window's weights at a time are enough for memory.
            fn_output_signature=tf.RaggedTensorSpec([None, WIDTH], tf.float32, ragged_rank=0),
        )
        return self._dense(f"{block}/out", tf.transpose(contexts.flat_values))

    def _perceptron(self, block: str, states: tf.Tensor) -> tf.Tensor:
        inner = tf.nn.gelu(self._dense(f"{block}/up", self._norm(f"{block}/mlp_norm", states)))
        return self._dense(f"{block}/down", inner)


def _for_columns(name: str, array: np.ndarray) -> np.ndarray:
    """Returns weights as columns are multiplied by them, or added to them.

    Returns:
        `[out, in]`; convolutions `[out, 3 * in]`, one place after another; vectors `[n, 1]`; positions `[512, 1500]`.
    """
    if name == "positions":
        return array.T
    return array.transpose(0, 2, 1).reshape(len(array), -1) if array.ndim == 3 else array.reshape(len(array), -1)


def _attend(queries_keys_values: tf.Tensor) -> tf.Tensor:
    """Returns the contexts of one window's heads, `<float32>[512, states]`, for `[3, 8, 64, states]`."""
    contexts = tf.map_fn(
        _attend_with_a_head,
        tf.transpose(queries_keys_values, [1, 0, 2, 3]),
        parallel_iterations=1,  # One head's weights for 30 s are 9 MB, all heads' would be 72.
        fn_output_signature=tf.TensorSpec([WIDTH // HEADS, None]),
    )
    return tf.reshape(contexts, [WIDTH, -1])


def _attend_with_a_head(queries_keys_values: tf.Tensor) -> tf.Tensor:
    """Returns a head's contexts, `<float32>[64, states]`, for `[3, 64, states]`."""
    queries, keys, values = tf.unstack(queries_keys_values)
    scores = tf.matmul(queries * (WIDTH // HEADS) ** -0.5, keys, transpose_a=True)  # [states that ask, states]
    return tf.matmul(values, tf.nn.softmax(scores), transpose_b=True)


class _Float32(tf.saved_model.experimental.TrackableResource):
    """A float32 copy of a float16 variable: made with it, and made again when a SavedModel is loaded.

    A core takes some 30 ms to convert the ten million numbers, longer than to encode a second. A process holds 40 MB
    more for that. Numbers that are assigned to the variable later do not reach the copy.
    """

    def __init__(self, stored: tf.Variable, name: str):
        super().__init__()
        # TensorFlow keeps variables by name, and would take another's of the same name for this.
        self._stored, self._name = stored, f"can_tf/whisper_base/{next(_numbers)}/{name}"
        self._initialize()

    def read(self) -> tf.Tensor:
        matrix = tf.raw_ops.ReadVariableOp(resource=self.resource_handle, dtype=tf.float32)
        matrix.set_shape(self._stored.shape)  # A function does not know what a handle it captures stands for.
        return matrix

    def _create_resource(self):
        return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=self._stored.shape, shared_name=self._name)

    def _initialize(self):
        tf.raw_ops.AssignVariableOp(resource=self.resource_handle, value=tf.cast(self._stored, tf.float32))

    def _destroy_resource(self):
        tf.raw_ops.DestroyResourceOp(resource=self.resource_handle, ignore_lookup_error=True)

    def _trackable_children(self, *arguments, **options):
        # Keras's ExportArchive saves variables that functions read, and children of resources; functions read the copy.
        return {**super()._trackable_children(*arguments, **options), "stored": self._stored}


@functools.cache
def encoder(blocks: int) -> Encoder:
    """Returns the encoder, read once in a process however often it is asked for."""
    with tf.init_scope():  # Variables cannot be made within a graph.
        return Encoder(blocks)
