"""An LSTM over sequences of unequal length that computes next to no padding.

Sequences are ordered by falling length and their elements packed step by step: step t holds the t-th element of the
sequences that have one, and the number of these, a step's size, never grows. Sizes are rounded up to few levels, so
that all steps of one level are a rectangle, which TensorFlow's fused `BlockLSTM` runs in one go; a loop over the levels
keeps the state of the sequences that go on, which are always the first rows. The rounding adds elements of zeros behind
the ends of some sequences; no result and no gradient depends on them.

The weights are those of `keras.layers.LSTM`. Gates are in the order i, c, f, o in the fused ops and i, f, c, o in
Keras.
The gradient goes back through the levels with a loop of its own over their steps, because that of `BlockLSTM` makes a
product for the weights at every step; here they get one product a level.

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


def packed_lstm_states(inputs: tf.Tensor, packing: Packing, weights: Weights, *, training: bool) -> tf.Tensor:
    """Runs an LSTM over packed sequences and returns every state, `<float32>[elements, units]`, packed as the inputs.

    Args:
        inputs: `<float32>[elements, features]`; zeros where an element is not real.
        packing: From `pack`.
        weights: Kernel `[features, 4 * units]`, recurrent kernel `[units, 4 * units]` and bias `[4 * units]`, as in
            `keras.layers.LSTM`.
        training: Whether to keep what the quick gradient needs. Without it there is TensorFlow's gradient, a slow one.
    """
    arguments = (inputs, *(_reorder_gates(weight) for weight in weights), packing.sizes, packing.real_sizes)
    if training:
        return _lstm_states(*arguments)
    arrays, _ = _run(*arguments, kept=("h",))
    return arrays["h"].concat()


def packed_lstm_sums(inputs: tf.Tensor, packing: Packing, weights: Weights, *, training: bool) -> tf.Tensor:
    """Runs an LSTM over packed sequences and returns each sequence's sum of states.

    Arguments are those of `packed_lstm_states`.

    Returns:
        `<float32>[sizes[0], units]`, by falling length: the first `real_sizes[0]` are the sequences that are not empty.
    """
    arguments = (inputs, *(_reorder_gates(weight) for weight in weights), packing.sizes, packing.real_sizes)
    if training:
        return _lstm_sums(*arguments)
    _, sums = _run(*arguments, kept=())
    return sums


def _reorder_gates(weight: tf.Tensor) -> tf.Tensor:
    """Swaps the gates' order between i, f, c, o and i, c, f, o."""
    input_gate, second, third, output_gate = tf.split(weight, 4, axis=-1)
    return tf.concat([input_gate, third, second, output_gate], axis=-1)


@tf.custom_gradient
def _lstm_states(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes):
    saved, _ = _run(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes, kept=_OUTPUTS)

    def gradient(states_gradient):
        def own_gradient(time, offset, size):
            del time
            return states_gradient[offset : offset + size]

        return (*_gradients(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient), None, None)

    return saved["h"].concat(), gradient


@tf.custom_gradient
def _lstm_sums(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes):
    saved, sums = _run(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes, kept=_OUTPUTS)

    def gradient(sums_gradient):
        def own_gradient(time, offset, size):
            del offset
            return tf.pad(sums_gradient[: real_sizes[time]], [[0, size - real_sizes[time]], [0, 0]])

        return (*_gradients(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient), None, None)

    return sums, gradient


@dataclasses.dataclass(frozen=True, eq=False)
class _Levels:
    """Runs of steps of one size, each `<int32>[levels]`: a level's elements are a rectangle `[steps, size]`."""

    sizes: tf.Tensor
    steps: tf.Tensor
    first_steps: tf.Tensor
    first_elements: tf.Tensor

    @property
    def count(self) -> tf.Tensor:
        return tf.size(self.sizes)

    def elements(self, level: tf.Tensor) -> slice:
        """Returns which of the packed elements are the level's."""
        first = self.first_elements[level]
        return slice(first, first + self.steps[level] * self.sizes[level])


def _levels(sizes: tf.Tensor) -> _Levels:
    level_sizes, _, steps = tf.unique_with_counts(sizes)
    first_steps, first_elements = tf.cumsum(steps, exclusive=True), tf.cumsum(steps * level_sizes, exclusive=True)
    return _Levels(level_sizes, steps, first_steps, first_elements)


# BlockLSTM's names for what it gives of every element: input gate, cell, forget gate, output gate, candidate, tanh of
# the cell, state. LSTMBlockCellGrad takes them by the same names.
_OUTPUTS = ("i", "cs", "f", "o", "ci", "co", "h")


def _array(count: tf.Tensor, features: int) -> tf.TensorArray:
    """Returns an array of `count` matrices of different heights."""
    return tf.TensorArray(tf.float32, count, infer_shape=False, element_shape=[None, features], clear_after_read=False)


def _run(inputs, kernel, recurrent_kernel, bias, sizes, real_sizes, *, kept):
    """Goes through the levels; returns an array of levels of each output `kept`, and each sequence's sum of states."""
    levels = _levels(sizes)
    features, units = kernel.shape[0], recurrent_kernel.shape[0]
    joint_kernel = tf.concat([kernel, recurrent_kernel], axis=0)
    unused_peephole = tf.zeros([units])
    most_rows = levels.sizes[0]

    def run_level(level, cell, state, sums, arrays):
        size, steps = levels.sizes[level], levels.steps[level]
        outputs = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(steps, tf.int64),
            x=tf.reshape(inputs[levels.elements(level)], [steps, size, features]),
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
        first_step = levels.first_steps[level]
        real = tf.sequence_mask(real_sizes[first_step : first_step + steps], size, tf.float32)  # [steps, size]
        level_sums = tf.reduce_sum(outputs.h * real[:, :, None], axis=0)
        sums += tf.pad(level_sums, [[0, most_rows - size], [0, 0]])
        arrays = {
            name: array.write(level, tf.reshape(getattr(outputs, name), [steps * size, units]))
            for name, array in arrays.items()
        }
        return level + 1, outputs.cs[-1], outputs.h[-1], sums, arrays

    zeros = tf.zeros([most_rows, units])
    any_rows = tf.TensorShape([None, units])
    arrays = {name: _array(levels.count, units) for name in kept}
    *_, sums, arrays = tf.while_loop(
        lambda level, *_: level < levels.count,
        run_level,
        (0, zeros, zeros, zeros, arrays),
        shape_invariants=(
            tf.TensorShape([]),
            any_rows,
            any_rows,
            any_rows,
            {name: tf.TensorShape(None) for name in kept},
        ),
    )
    return arrays, sums


def _gradients(inputs, kernel, recurrent_kernel, sizes, saved, own_gradient):
    """Goes back through the levels; returns the gradients of inputs, kernel, recurrent kernel and bias.

    `saved` has an array of levels for each of `_OUTPUTS`.
    `own_gradient(time, offset, size)` is the gradient, from outside, of the states of step `time`, whose `size` rows
    begin at the element `offset`; it is zero where an element is not real.
    """
    levels, units = _levels(sizes), recurrent_kernel.shape[0]

    def go_back(level, cell_gradient, state_gradient, kernel_gradient, recurrent_gradient, bias_gradient, array):
        growth = [[0, levels.sizes[level] - tf.shape(cell_gradient)[0]], [0, 0]]  # Sequences that end here come in.
        gates_gradient, cell_gradient, state_gradient = _level_gradient(
            inputs,
            kernel,
            recurrent_kernel,
            levels,
            saved,
            own_gradient,
            level,
            tf.pad(cell_gradient, growth),
            tf.pad(state_gradient, growth),
        )
        return (
            level - 1,
            cell_gradient,
            state_gradient,
            kernel_gradient + tf.matmul(inputs[levels.elements(level)], gates_gradient, transpose_a=True),
            recurrent_gradient + tf.matmul(_step_before(saved["h"], levels, level), gates_gradient, transpose_a=True),
            bias_gradient + tf.reduce_sum(gates_gradient, axis=0),
            array.write(level, gates_gradient),
        )

    none = tf.zeros([0, units])
    any_rows = tf.TensorShape([None, units])
    *_, kernel_gradient, recurrent_gradient, bias_gradient, array = tf.while_loop(
        lambda level, *_: level >= 0,
        go_back,
        (
            levels.count - 1,
            none,
            none,
            tf.zeros_like(kernel),
            tf.zeros_like(recurrent_kernel),
            tf.zeros([4 * units]),
            _array(levels.count, 4 * units),
        ),
        shape_invariants=(
            tf.TensorShape([]),
            any_rows,
            any_rows,
            kernel.shape,
            recurrent_kernel.shape,
            tf.TensorShape([4 * units]),
            tf.TensorShape(None),
        ),
    )
    inputs_gradient = tf.matmul(array.concat(), kernel, transpose_b=True)
    return inputs_gradient, kernel_gradient, recurrent_gradient, bias_gradient


def _step_before(array: tf.TensorArray, levels: _Levels, level: tf.Tensor) -> tf.Tensor:
    """Returns for each of a level's elements what `array` has for the step before it, and zero for step 0."""
    size = levels.sizes[level]
    earlier = tf.maximum(level - 1, 0)
    last = array.read(earlier)[-levels.sizes[earlier] :][:size]
    return tf.concat([tf.where(level > 0, last, tf.zeros_like(last)), array.read(level)[:-size]], axis=0)


def _level_gradient(
    inputs, kernel, recurrent_kernel, levels, saved, own_gradient, level, cell_gradient, state_gradient
):
    """Goes back through a level's steps; returns the gradients before the gates' nonlinearities, of cell, of state.

    Gates are `[elements, 4 * units]`; cell and state are `[size, units]`, on entry those behind the level's last step
    and on return those before its first.
    """
    units = recurrent_kernel.shape[0]
    size, steps = levels.sizes[level], levels.steps[level]
    joint_kernel = tf.concat([kernel, recurrent_kernel], axis=0)
    unused_peephole = tf.zeros([units])
    unused_bias = tf.zeros([4 * units])
    level_inputs = inputs[levels.elements(level)]
    previous_cell = _step_before(saved["cs"], levels, level)
    level_saved = {name: array.read(level) for name, array in saved.items() if name != "h"}

    def step_back(step, cell_gradient, state_gradient, array):
        first = step * size
        rows = slice(first, first + size)
        own = own_gradient(levels.first_steps[level] + step, levels.first_elements[level] + first, size)
        cell_gradient, gates_gradient, *_ = tf.raw_ops.LSTMBlockCellGrad(
            x=level_inputs[rows],
            cs_prev=previous_cell[rows],
            h_prev=previous_cell[rows],  # Not read: the products with the states are made a level at a time.
            w=joint_kernel,
            wci=unused_peephole,
            wcf=unused_peephole,
            wco=unused_peephole,
            b=unused_bias,
            **{name: values[rows] for name, values in level_saved.items()},
            cs_grad=cell_gradient,
            h_grad=state_gradient + own,
            use_peephole=False,
        )
        state_gradient = tf.matmul(gates_gradient, recurrent_kernel, transpose_b=True)
        return step - 1, cell_gradient, state_gradient, array.write(step, gates_gradient)

    any_rows = tf.TensorShape([None, units])
    _, cell_gradient, state_gradient, array = tf.while_loop(
        lambda step, *_: step >= 0,
        step_back,
        (steps - 1, cell_gradient, state_gradient, _array(steps, 4 * units)),
        shape_invariants=(tf.TensorShape([]), any_rows, any_rows, tf.TensorShape(None)),
    )
    return array.concat(), cell_gradient, state_gradient
