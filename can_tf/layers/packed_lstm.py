"""An LSTM over sequences of unequal length that computes no padding.

Sequences are ordered by falling length and their elements packed step by step: step t holds the t-th element of each
sequence that has one, `sizes[t]` rows, and sizes never grow. A loop over the steps keeps the state of the sequences
that go on, which are always the first rows.

The cell is TensorFlow's fused `LSTMBlockCell` with the weights of `keras.layers.LSTM`. Gates are in the order i, c, f,
o there and i, f, c, o in Keras. The gradient is a loop of its own, because the automatic one would make a product for
the weights at every step; here they get one large product over all elements at the end.

Only stock TensorFlow ops are used, so a model with this in it loads in TensorFlow Serving.
"""

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True, eq=False)
class Packing:
    """Where each element of padded sequences goes when they are packed.

    Attributes:
        sizes: `<int32>[steps]`, rows of each step; at least one step, which may have no rows.
        sequence: `<int32>[elements]`, the sequence that each packed element belongs to.
        step: `<int32>[elements]`, its place in that sequence.
        order: `<int32>[sequences]`, the sequences by falling length.
        lengths: `<int32>[sequences]`, in the order given.
    """

    sizes: tf.Tensor
    sequence: tf.Tensor
    step: tf.Tensor
    order: tf.Tensor
    lengths: tf.Tensor

    def rows(self, padded_length: tf.Tensor, *, backwards: bool) -> tf.Tensor:
        """Returns the row of each packed element in `[sequences * padded_length, ...]`, read forwards or backwards."""
        step = tf.gather(self.lengths, self.sequence) - 1 - self.step if backwards else self.step
        return self.sequence * padded_length + step


def pack(lengths: tf.Tensor) -> Packing:
    """Returns the packing of sequences of `lengths`, `<int32>[sequences]`; a length may be 0."""
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    ascending = tf.reverse(tf.gather(lengths, order), [0])
    steps = tf.range(tf.maximum(tf.reduce_max(tf.concat([lengths, [0]], 0)), 1))
    sizes = tf.size(lengths) - tf.searchsorted(ascending, steps, side="right")
    rank = tf.ragged.range(sizes).flat_values
    return Packing(sizes, tf.gather(order, rank), tf.repeat(steps, sizes), order, lengths)


def packed_lstm(
    inputs: tf.Tensor, sizes: tf.Tensor, weights: tuple[tf.Tensor, tf.Tensor, tf.Tensor], *, sum_over_steps: bool
) -> tf.Tensor:
    """Runs an LSTM over packed sequences.

    Args:
        inputs: `<float32>[elements, features]`.
        sizes: `<int32>[steps]`, rows of each step, never growing.
        weights: Kernel `[features, 4 * units]`, recurrent kernel `[units, 4 * units]` and bias `[4 * units]`, as in
            `keras.layers.LSTM`.
        sum_over_steps: Whether to return each sequence's sum of states rather than every state.

    Returns:
        `<float32>[elements, units]`, packed as the inputs are; or `[sequences, units]`, the sums of the sequences that
        are not empty, by falling length.
    """
    kernel, recurrent_kernel, bias = (_reorder_gates(weight) for weight in weights)
    # The cell refuses no rows at all: where every sequence is empty, one element of zeros goes through and is dropped.
    extra = tf.cast(tf.equal(sizes[0], 0), tf.int32)
    padded = tf.pad(inputs, [[0, extra], [0, 0]])
    if sum_over_steps:
        return _lstm_sums(padded, kernel, recurrent_kernel, bias, sizes + extra)[: sizes[0]]
    return _lstm_states(padded, kernel, recurrent_kernel, bias, sizes + extra)[: tf.shape(inputs)[0]]


def _reorder_gates(weight: tf.Tensor) -> tf.Tensor:
    """Swaps the gates' order between i, f, c, o and i, c, f, o."""
    input_gate, second, third, output_gate = tf.split(weight, 4, axis=-1)
    return tf.concat([input_gate, third, second, output_gate], axis=-1)


@tf.custom_gradient
def _lstm_states(inputs, kernel, recurrent_kernel, bias, sizes):
    saved, _ = _run(inputs, kernel, recurrent_kernel, bias, sizes)

    def gradient(states_gradient):
        return _gradients(inputs, kernel, recurrent_kernel, sizes, saved, states_gradient, per_sequence=False)

    return saved.state, gradient


@tf.custom_gradient
def _lstm_sums(inputs, kernel, recurrent_kernel, bias, sizes):
    saved, sums = _run(inputs, kernel, recurrent_kernel, bias, sizes)

    def gradient(sums_gradient):
        return _gradients(inputs, kernel, recurrent_kernel, sizes, saved, sums_gradient, per_sequence=True)

    return sums, gradient


@dataclasses.dataclass(frozen=True, eq=False)
class _Saved:
    """What the forward pass leaves for the gradient: gates, cells and states of all elements, `[elements, units]`."""

    input_gate: tf.Tensor
    cell: tf.Tensor
    forget_gate: tf.Tensor
    output_gate: tf.Tensor
    candidate: tf.Tensor
    cell_tanh: tf.Tensor
    state: tf.Tensor


_SAVED_NAMES = tuple(field.name for field in dataclasses.fields(_Saved))


def _run(inputs, kernel, recurrent_kernel, bias, sizes):
    """Returns what the gradient needs, and the sum of each sequence's states."""
    units = recurrent_kernel.shape[0]
    joint_kernel = tf.concat([kernel, recurrent_kernel], axis=0)
    unused_peephole = tf.zeros([units])
    num_steps = tf.size(sizes)
    next_sizes = tf.concat([sizes[1:], [0]], 0)
    arrays = tuple(
        tf.TensorArray(tf.float32, num_steps, infer_shape=False, element_shape=[None, units]) for _ in range(8)
    )

    def step(time, offset, cell, state, total, arrays):
        size, next_size = sizes[time], next_sizes[time]
        outputs = tf.raw_ops.LSTMBlockCell(
            x=inputs[offset : offset + size],
            cs_prev=cell[:size],
            h_prev=state[:size],
            w=joint_kernel,
            wci=unused_peephole,
            wcf=unused_peephole,
            wco=unused_peephole,
            b=bias,
            forget_bias=0.0,
            cell_clip=-1.0,
            use_peephole=False,
        )
        total = total[:size] + outputs.h
        written = (*outputs, total[next_size:])  # Sequences that end here have their sum.
        arrays = tuple(array.write(time, value) for array, value in zip(arrays, written, strict=True))
        return time + 1, offset + size, outputs.cs, outputs.h, total, arrays

    zeros = tf.zeros([sizes[0], units])
    any_rows = tf.TensorShape([None, units])
    *_, arrays = tf.while_loop(
        lambda time, *_: time < num_steps,
        step,
        (0, 0, zeros, zeros, zeros, arrays),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([]),
            any_rows,
            any_rows,
            any_rows,
            tuple(tf.TensorShape(None) for _ in arrays),
        ),
    )
    *saved, ended = (array.concat() for array in arrays)
    # Sequences ended at step 0 stand first, those of the longest last: turn the steps round.
    return _Saved(*saved), _by_falling_length(ended, sizes - next_sizes)


def _by_falling_length(ended: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """Reorders rows grouped by the step they ended at, earliest first, to latest first; groups keep their order."""
    starts = tf.cumsum(counts, exclusive=True)
    reverse_counts = tf.reverse(counts, [0])
    rows = tf.repeat(tf.reverse(starts, [0]), reverse_counts) + tf.ragged.range(reverse_counts).flat_values
    return tf.gather(ended, rows)


def _gradients(inputs, kernel, recurrent_kernel, sizes, saved, output_gradient, *, per_sequence):
    """Returns the gradients of inputs, kernel, recurrent kernel and bias, and None for the sizes."""
    gates_gradient = _gates_gradient(inputs, kernel, recurrent_kernel, sizes, saved, output_gradient, per_sequence)
    previous = _previous_states(saved.state, sizes)
    return (
        tf.matmul(gates_gradient, kernel, transpose_b=True),
        tf.matmul(inputs, gates_gradient, transpose_a=True),
        tf.matmul(previous, gates_gradient[sizes[0] :], transpose_a=True),
        tf.reduce_sum(gates_gradient, axis=0),
        None,
    )


def _previous_states(state: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """Returns, for each element but those of step 0, the state of the step before it."""
    elements = tf.range(sizes[0], tf.shape(state)[0])
    return tf.gather(state, elements - tf.repeat(sizes[:-1], sizes[1:]))


def _gates_gradient(inputs, kernel, recurrent_kernel, sizes, saved, output_gradient, per_sequence):
    """Goes back through the steps; returns the gradients before the gates' nonlinearities, `[elements, 4 * units]`."""
    units = recurrent_kernel.shape[0]
    joint_kernel = tf.concat([kernel, recurrent_kernel], axis=0)
    unused_peephole = tf.zeros([units])
    unused_bias = tf.zeros([4 * units])
    num_steps = tf.size(sizes)
    offsets = tf.cumsum(sizes, exclusive=True)
    array = tf.TensorArray(tf.float32, num_steps, infer_shape=False, element_shape=[None, 4 * units])

    def step(time, cell_gradient, state_gradient, array):
        size, offset = sizes[time], offsets[time]
        rows = slice(offset, offset + size)
        growth = [[0, size - tf.shape(cell_gradient)[0]], [0, 0]]  # Sequences that end here come in.
        own_gradient = output_gradient[:size] if per_sequence else output_gradient[rows]
        first = tf.equal(time, 0)
        before = tf.where(first, 0, offset - sizes[tf.maximum(time - 1, 0)])
        previous_cell = saved.cell[before : before + size]
        previous_cell = tf.where(first, tf.zeros_like(previous_cell), previous_cell)
        cell_gradient, gates_gradient, *_ = tf.raw_ops.LSTMBlockCellGrad(
            x=inputs[rows],
            cs_prev=previous_cell,
            h_prev=previous_cell,  # Not read: the products with the states are made outside.
            w=joint_kernel,
            wci=unused_peephole,
            wcf=unused_peephole,
            wco=unused_peephole,
            b=unused_bias,
            i=saved.input_gate[rows],
            cs=saved.cell[rows],
            f=saved.forget_gate[rows],
            o=saved.output_gate[rows],
            ci=saved.candidate[rows],
            co=saved.cell_tanh[rows],
            cs_grad=tf.pad(cell_gradient, growth),
            h_grad=tf.pad(state_gradient, growth) + own_gradient,
            use_peephole=False,
        )
        state_gradient = tf.matmul(gates_gradient, recurrent_kernel, transpose_b=True)
        return time - 1, cell_gradient, state_gradient, array.write(time, gates_gradient)

    none = tf.zeros([0, units])
    any_rows = tf.TensorShape([None, units])
    *_, array = tf.while_loop(
        lambda time, *_: time >= 0,
        step,
        (num_steps - 1, none, none, array),
        shape_invariants=(tf.TensorShape([]), any_rows, any_rows, tf.TensorShape(None)),
    )
    return array.concat()
