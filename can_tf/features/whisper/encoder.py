"""Whisper's encoder, up to its third block, as stock TensorFlow operations (OpenAI's `whisper/model.py`).

Two convolutions of width 3 with zeros at the edges, the second of stride 2, each followed by an exact GELU; positions;
then blocks, each of self-attention and a perceptron with layer normalization before either: `x + attention(norm(x))`,
`x + down(gelu(up(norm(x))))`.

Windows of any number and length are encoded at the same time, one after another in one tensor: products run on exactly
the states that there are, and attention on one window at a time, so nothing is padded and no window knows of another.
Weights are kept as float16, as they were released; all arithmetic is in float32.
"""

import functools

import tensorflow as tf

from can_tf.features.whisper.weights import HEADS, WIDTH, read_weights
from can_tf.features.whisper.windows import FRAMES_PER_STATE, Windows

_EPSILON = 1e-5


class Encoder(tf.Module):
    """The encoder up to a block.

    Args:
        blocks: How many blocks it has; their weights are read from the package.
    """

    def __init__(self, blocks: int):
        super().__init__(name="whisper_base")
        arrays = read_weights()
        self.weights = {
            # As TensorFlow multiplies by them: `[in, out]`, convolutions `[width, in, out]`.
            name: tf.Variable(array if name == "positions" else array.T, trainable=False, name=name)
            for name, array in arrays.items()
            if not name.startswith("block") or int(name[len("block") : name.index("/")]) <= blocks
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
        states += tf.gather(self._weight("positions"), tf.ragged.range(windows.num_states).flat_values)
        for block in range(1, self.blocks + 1):
            states += self._attention(f"block{block}", states, windows.num_states)
            states += self._perceptron(f"block{block}", states)
        return states

    def _weight(self, name: str) -> tf.Tensor:
        return tf.cast(self.weights[name], tf.float32)

    def _dense(self, name: str, inputs: tf.Tensor) -> tf.Tensor:
        return tf.matmul(inputs, self._weight(f"{name}/weight")) + self._weight(f"{name}/bias")

    def _norm(self, name: str, inputs: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(inputs, axes=[1], keepdims=True)
        normalized = (inputs - mean) * tf.math.rsqrt(variance + _EPSILON)
        return normalized * self._weight(f"{name}/gamma") + self._weight(f"{name}/beta")

    def _convolved(self, log_mel: tf.Tensor, first_frame: tf.Tensor, num_frames: tf.Tensor) -> tf.Tensor:
        """Returns the second convolution's output, `<float32>[states, 512]`.

        Windows lie one after another, each from an even place on and with a zero or two behind it: what is convolved at
        its edges is zeros, and strides of 2 meet all windows alike.
        """
        slots = FRAMES_PER_STATE * (num_frames // FRAMES_PER_STATE + 1)
        place = tf.ragged.range(slots).flat_values  # [slots of all windows], within its window
        real = place < tf.repeat(num_frames, slots)
        frame = tf.where(real, tf.repeat(first_frame, slots) + place, 0)
        spread = tf.where(real[:, None], tf.gather(log_mel, frame), 0.0)
        once = tf.where(real[:, None], self._convolution("conv1", spread, stride=1), 0.0)
        twice = self._convolution("conv2", once, stride=FRAMES_PER_STATE)
        is_state = real[::FRAMES_PER_STATE]
        return tf.boolean_mask(twice, is_state)

    def _convolution(self, name: str, inputs: tf.Tensor, stride: int) -> tf.Tensor:
        padded = tf.pad(inputs, [[1, 1], [0, 0]])[None]
        outputs = tf.nn.conv1d(padded, self._weight(f"{name}/weight"), stride, "VALID")[0]
        return tf.nn.gelu(outputs + self._weight(f"{name}/bias"))

    def _attention(self, block: str, states: tf.Tensor, num_states: tf.Tensor) -> tf.Tensor:
        queries_keys_values = self._dense(f"{block}/qkv", self._norm(f"{block}/attention_norm", states))
        attended = tf.map_fn(
            lambda window: _attend(queries_keys_values[window[0] : window[1]]),
            (tf.cumsum(num_states, exclusive=True), tf.cumsum(num_states)),
            parallel_iterations=1,  # One window's weights at a time are enough for memory: 72 MB for 30 s.
            fn_output_signature=tf.RaggedTensorSpec([None, WIDTH], tf.float32, ragged_rank=0),
        )
        return self._dense(f"{block}/out", attended.flat_values)

    def _perceptron(self, block: str, states: tf.Tensor) -> tf.Tensor:
        inner = tf.nn.gelu(self._dense(f"{block}/up", self._norm(f"{block}/mlp_norm", states)))
        return self._dense(f"{block}/down", inner)


def _attend(queries_keys_values: tf.Tensor) -> tf.Tensor:
    """Returns the heads' contexts side by side, `<float32>[states, 512]`, for one window's `[states, 3 * 512]`."""
    by_head = tf.reshape(queries_keys_values, [-1, 3, HEADS, WIDTH // HEADS])
    queries, keys, values = tf.unstack(tf.transpose(by_head, [1, 2, 0, 3]))
    scores = tf.matmul(queries * (WIDTH // HEADS) ** -0.5, keys, transpose_b=True)
    contexts = tf.matmul(tf.nn.softmax(scores), values)  # [heads, states, width of a head]
    return tf.reshape(tf.transpose(contexts, [1, 0, 2]), [-1, WIDTH])


@functools.cache
def encoder(blocks: int) -> Encoder:
    """Returns the encoder, read once in a process however often it is asked for."""
    with tf.init_scope():  # Variables cannot be made within a graph.
        return Encoder(blocks)
