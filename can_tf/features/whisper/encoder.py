"""Whisper's encoder, up to its third block, as stock TensorFlow operations (OpenAI's `whisper/model.py`).

Two convolutions of width 3 with zeros at the edges, the second of stride 2, each followed by an exact GELU; positions;
then blocks, each of self-attention and a perceptron with layer normalization before either: `x + attention(norm(x))`,
`x + down(gelu(up(norm(x))))`.

Windows are encoded one after another, each as if alone, so what they take in memory does not grow with their number.
Weights are stored as float16, as they were released; all arithmetic is in float32. States are columns, and columns of
nothing make their number a multiple of 16: TensorFlow multiplies faster so, with these weights on the left.
"""

import functools
import itertools

import numpy as np
import tensorflow as tf

from can_tf.features.whisper.weights import HEADS, POSITIONS, WIDTH, read_weights
from can_tf.features.whisper.windows import FRAMES_PER_STATE, Windows

_EPSILON = 1e-5
_COLUMNS = 16
_STATES_OF_ALL_HEADS = 512  # With more, one head at a time: for 30 s, a head's weights are 9 MB, those of all 72.
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
            windows: None of no frames.
        """
        states = tf.map_fn(
            lambda window: self._encoded(log_mel[window[0] : window[0] + window[1]]),
            (first_frame, windows.num_frames),
            parallel_iterations=1,
            fn_output_signature=tf.RaggedTensorSpec([None, WIDTH], tf.float32, ragged_rank=0),
        )
        return states.flat_values

    def _encoded(self, log_mel: tf.Tensor) -> tf.Tensor:
        """Returns the states of one window, `<float32>[states, 512]`."""
        num_states = (tf.shape(log_mel)[0] + 1) // FRAMES_PER_STATE
        states = self._convolved(log_mel, -num_states % _COLUMNS)
        place = tf.minimum(tf.range(tf.shape(states)[1]), POSITIONS - 1)
        states += tf.gather(self._weight("positions"), place, axis=1)
        for block in range(1, self.blocks + 1):
            states += self._attention(f"block{block}", states, num_states)
            states += self._perceptron(f"block{block}", states)
        return tf.transpose(states[:, :num_states])

    def _weight(self, name: str) -> tf.Tensor:
        return self._matrices[name].read() if name in self._matrices else tf.cast(self.weights[name], tf.float32)

    def _dense(self, name: str, inputs: tf.Tensor, *, transpose_b: bool = False) -> tf.Tensor:
        return tf.matmul(self._weight(f"{name}/weight"), inputs, transpose_b=transpose_b) + self._weight(f"{name}/bias")

    def _norm(self, name: str, inputs: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(inputs, axes=[0], keepdims=True)
        normalized = (inputs - mean) * tf.math.rsqrt(variance + _EPSILON)
        return normalized * self._weight(f"{name}/gamma") + self._weight(f"{name}/beta")

    def _convolved(self, log_mel: tf.Tensor, more: tf.Tensor) -> tf.Tensor:
        """Returns the second convolution's output, `<float32>[512, states]`, with some columns more behind it."""
        padded = tf.pad(log_mel, [[1, 1], [0, 0]])
        neighbors = tf.concat([padded[:-2], padded[1:-1], padded[2:]], axis=1)
        once = tf.transpose(tf.nn.gelu(self._dense("conv1", neighbors, transpose_b=True)))
        # Frames by twos: those of a state's own place, and before them the second one of the place before.
        odd = tf.shape(once)[0] % FRAMES_PER_STATE
        pairs = tf.reshape(tf.pad(once, [[FRAMES_PER_STATE, odd], [0, 0]]), [-1, FRAMES_PER_STATE * WIDTH])
        neighbors = tf.concat([pairs[:-1, WIDTH:], pairs[1:]], axis=1)
        return tf.nn.gelu(self._dense("conv2", tf.pad(neighbors, [[0, more], [0, 0]]), transpose_b=True))

    def _attention(self, block: str, states: tf.Tensor, num_states: tf.Tensor) -> tf.Tensor:
        queries_keys_values = self._dense(f"{block}/qkv", self._norm(f"{block}/attention_norm", states))
        together = tf.where(num_states <= _STATES_OF_ALL_HEADS, HEADS, 1)
        by_head = tf.reshape(queries_keys_values, [3, HEADS // together, together, WIDTH // HEADS, -1])
        contexts = tf.map_fn(
            lambda heads: _attend(by_head[:, heads], num_states),
            tf.range(HEADS // together),
            parallel_iterations=1,
            fn_output_signature=tf.TensorSpec([None, WIDTH // HEADS, None]),
        )
        return self._dense(f"{block}/out", tf.reshape(contexts, [WIDTH, -1]))

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


def _attend(queries_keys_values: tf.Tensor, num_states: tf.Tensor) -> tf.Tensor:
    """Returns contexts, `<float32>[heads, 64, columns]`, for `[3, heads, 64, columns]`, of which states are asked."""
    queries, keys, values = tf.unstack(queries_keys_values)
    keys, values = keys[..., :num_states], values[..., :num_states]
    scores = tf.matmul(queries * (WIDTH // HEADS) ** -0.5, keys, transpose_a=True)  # [heads, columns, states]
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


@functools.cache
def encoder(blocks: int) -> Encoder:
    """Returns the encoder, read once in a process however often it is asked for."""
    with tf.init_scope():  # Variables cannot be made within a graph.
        return Encoder(blocks)
