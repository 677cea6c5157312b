"""An LSTM over sequences of unequal length that computes next to no padding.

Sequences are ordered by falling length and their elements packed step by step: step t holds the t-th element of the
sequences that have one, and the number of these, a step's size, never grows. Sizes are rounded up to few levels, so
that all steps of one level are a rectangle, which TensorFlow's fused `BlockLSTM` runs in one go; a loop over the levels
keeps the state of the sequences that go on, which are always the first rows. The rounding adds elements of zeros behind
the ends of some sequences; no result and no gradient depends on them.

The weights are those of `keras.layers.LSTM`. Gates are in the order i, c, f, o in the fused ops and i, f, c, o in
Keras.
The gradient is a loop of its own, because that of `BlockLSTM` makes a product for the weights at every step; here they
get one large product over all elements at the end.

Only stock TensorFlow ops are used, so a model with this in it loads in TensorFlow Serving.
"""

import dataclasses

import tensorflow as tf

_SMALLEST_ROUNDING = 4  # Rows: a product of fewer takes as long.
_LEVELS_AN_OCTAVE = 8  # More compute less padding, in smaller rectangles.


@dataclasses.dataclass(frozen=True, eq=False)
class Packing:
    """Where each element of padded sequences goes when they are packed.

    Attributes:
        sizes: `<int32>[steps]`, rows of each step, rounded up; at least one step of at least one row.
        real_sizes: `<int32>[steps]`, rows of each step that are elements; the others stand behind them.
        sequence: `<int32>[elements]`, the sequence that each packed element belongs to.
        step: `<int32>[elements]`, its place in that sequence.
        real: `<bool>[elements]`, False for what rounding has added behind a sequence's end.
        order: `<int32>[sequences]`, the sequences by falling length.
        lengths: `<int32>[sequences]`, in the order given.
    """

    sizes: tf.Tensor
    real_sizes: tf.Tensor
    sequence: tf.Tensor
    step: tf.Tensor
    real: tf.Tensor
    order: tf.Tensor
    lengths: tf.Tensor

    def rows(self, padded_length: tf.Tensor, *, backwards: bool) -> tf.Tensor:
        """Returns the row of each packed element in `[sequences * padded_length, ...]`, read forwards or backwards.

        Elements that are not real get row 0.
        """
        step = tf.gather(self.lengths, self.sequence) - 1 - self.step if backwards else self.step
        return tf.where(self.real, self.sequence * padded_length + step, 0)


def pack(lengths: tf.Tensor) -> Packing:
    """Returns the packing of sequences of `lengths`, `<int32>[sequences]`, at least one; a length may be 0."""
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    ascending = tf.reverse(tf.gather(lengths, order), [0])
    steps = tf.range(tf.maximum(tf.reduce_max(lengths), 1))
    real_sizes = tf.size(lengths) - tf.searchsorted(ascending, steps, side="right")
    sizes = tf.clip_by_value(_rounded_up(real_sizes), 1, tf.size(lengths))
    sequence = tf.gather(order, tf.ragged.range(sizes).flat_values)
    step = tf.repeat(steps, sizes)
    return Packing(sizes, real_sizes, sequence, step, step < tf.gather(lengths, sequence), order, lengths)


def _rounded_up(sizes: tf.Tensor) -> tf.Tensor:
    """Rounds up to multiples that grow with the size, so that each octave has but a few levels."""
    octave = tf.math.floor(tf.math.log(tf.cast(tf.maximum(sizes, 1), tf.float32)) / tf.math.log(2.0))
    multiple = tf.cast(tf.pow(2.0, octave), tf.int32) // _LEVELS_AN_OCTAVE
    multiple = tf.maximum(multiple, _SMALLEST_ROUNDING)
    return -(-sizes // multiple) * multiple


Weights = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def packed_lstm_states(inputs: tf.Tensor, packing: Packing, weights: Weights) -> tf.Tensor:
    """Runs an LSTM over packed sequences and returns every state, `<float32>[elements, units]`, packed as the inputs.

    Args:
        inputs: `<float32>[elements, features]`; zeros where an element is not real.
        packing: From `pack`.
        weights: Kernel `[features, 4 * units]`, recurrent kernel `[units, 4 * units]` and bias `[4 * units]`, as in
            `keras.layers.LSTM`.
    """
    kernel, recurrent_kernel, bias = (_reorder_gates(weight) for weight in weights)
    return _lstm_states(inputs, kernel, recurrent_kernel, bias, packing.sizes, packing.real_sizes)


def packed_lstm_sums(inputs: tf.Tensor, packing: Packing, weights: Weights) -> tf.Tensor:
    """Runs an LSTM over packed sequences and returns each sequence's sum of states.

    Arguments are those of `packed_lstm_states`.

    Returns:
        `<float32>[sizes[0], units]`, by falling length: the first `real_sizes[0]` are the sequences that are not empty.
    """
    kernel, recurrent_kernel, bias = (_reorder_gates(weight) for weight in weights)
    return _lstm_sums(inputs, kernel, recurrent_kernel, bias, packing.sizes, packing.real_sizes)


def _reorder_gates(weight: tf.Tensor) -> tf.Tensor:
    """Swaps the gates' order between i, f, c, o and i, c, f, o."""
    input_gate, second, third, output_gate = tf.split(weight, 4, axis=-1)
    return tf.concat([input_gate, third, second, output_gate], axis=-1)


@tf.custom_gradient
def _lstm_states(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes):
    saved, _ = _run(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes)

    def gradient(states_gradient):
        def own_gradient(time, offset):
            return states_gradient[offset : offset + sizes[time]]

        return (*_gradients(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient), None, None)

    return saved.state, gradient


@tf.custom_gradient
def _lstm_sums(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes):
    saved, sums = _run(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes)

    def gradient(sums_gradient):
        def own_gradient(time, offset):
            del offset
            return tf.pad(sums_gradient[: real_sizes[time]], [[0, sizes[time] - real_sizes[time]], [0, 0]])

        return (*_gradients(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient), None, None)

    return sums, gradient


@dataclasses.dataclass(frozen=True, eq=False)
class _Saved:
    """What the forward pass leaves for the gradient: gates, cells and states of all elements, `[elements, units]`.

    In the order of `BlockLSTM`'s outputs.
    """

    input_gate: tf.Tensor
    cell: tf.Tensor
    forget_gate: tf.Tensor
    output_gate: tf.Tensor
    candidate: tf.Tensor
    cell_tanh: tf.Tensor
    state: tf.Tensor


_NUM_SAVED = len(dataclasses.fields(_Saved))


def _run(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes):
    """Goes through the steps, a level of sizes at a time; returns what is saved, and each sequence's sum of states."""
    features, units = kernel.shape[0], recurrent_kernel.shape[0]
    joint_kernel = tf.concat([kernel, recurrent_kernel], axis=0)
    unused_peephole = tf.zeros([units])
    level_sizes, _, level_steps = tf.unique_with_counts(sizes)
    num_levels = tf.size(level_sizes)
    arrays = tuple(
        tf.TensorArray(tf.float32, num_levels, infer_shape=False, element_shape=[None, units])
        for _ in range(_NUM_SAVED)
    )

    def run_level(level, time, offset, cell, state, sums, arrays):
        size, steps = level_sizes[level], level_steps[level]
        outputs = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(steps, tf.int64),
            x=tf.reshape(inputs[offset : offset + steps * size], [steps, size, features]),
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
        real = tf.sequence_mask(real_sizes[time : time + steps], size, tf.float32)  # [steps, size]
        level_sums = tf.reduce_sum(outputs.h * real[:, :, None], axis=0)
        sums += tf.pad(level_sums, [[0, sizes[0] - size], [0, 0]])
        arrays = tuple(
            array.write(level, tf.reshape(output, [steps * size, units]))
            for array, output in zip(arrays, outputs, strict=True)
        )
        return level + 1, time + steps, offset + steps * size, outputs.cs[-1], outputs.h[-1], sums, arrays

    zeros = tf.zeros([sizes[0], units])
    scalar, any_rows = tf.TensorShape([]), tf.TensorShape([None, units])
    *_, sums, arrays = tf.while_loop(
        lambda level, *_: level < num_levels,
        run_level,
        (0, 0, 0, zeros, zeros, zeros, arrays),
        shape_invariants=(
            scalar,
            scalar,
            scalar,
            any_rows,
            any_rows,
            any_rows,
            tuple(tf.TensorShape(None) for _ in arrays),
        ),
    )
    return _Saved(*(array.concat() for array in arrays)), sums


def _gradients(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient):
    """Returns the gradients of inputs, kernel, recurrent kernel and bias.

    `own_gradient(time, offset)` is the gradient of a step's states from outside, zero where an element is not real.
    """
    gates_gradient = _gates_gradient(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient)
    previous = _previous_states(saved.state, sizes)
    return (
        tf.matmul(gates_gradient, kernel, transpose_b=True),
        tf.matmul(inputs, gates_gradient, transpose_a=True),
        tf.matmul(previous, gates_gradient[sizes[0] :], transpose_a=True),
        tf.reduce_sum(gates_gradient, axis=0),
    )


def _previous_states(state: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """Returns, for each element but those of step 0, the state of the step before it."""
    elements = tf.range(sizes[0], tf.shape(state)[0])
    return tf.gather(state, elements - tf.repeat(sizes[:-1], sizes[1:]))


def _gates_gradient(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient):
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
            h_grad=tf.pad(state_gradient, growth) + own_gradient(time, offset),
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
