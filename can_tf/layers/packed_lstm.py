"""An LSTM over packed sequences (see `packing`), which computes next to no padding.

The steps of one level are a rectangle, which TensorFlow's fused `BlockLSTM` runs in one go; a loop over the levels
keeps the state of the sequences that go on, which are always the first rows. No result and no gradient depends on the
elements that rounding has added.

The weights are those of `keras.layers.LSTM`. Gates are in the order i, c, f, o in the fused ops and i, f, c, o in
Keras.
The gradient goes back through the levels with a loop of its own over their steps, because that of `BlockLSTM` makes one
product for the weights per step; here it is one per level.

Only stock TensorFlow ops are used, so a model with this in it loads in TensorFlow Serving.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import tensorflow as tf

from can_tf.layers.packing import Level, Levels, Packing, Rows

Weights = tuple[tf.Tensor, tf.Tensor, tf.Tensor]

# BlockLSTM's names for what it gives of every element: input gate, cell, forget gate, output gate, candidate, tanh of
# the cell, state. LSTMBlockCellGrad takes them by the same names.
_OUTPUTS = ("i", "cs", "f", "o", "ci", "co", "h")


def packed_lstm_states(inputs: tf.Tensor, packing: Packing, weights: Weights, *, training: bool) -> tf.Tensor:
    """Runs an LSTM over packed sequences and returns every state, `<float32>[elements, units]`, packed as the inputs.

    Args:
        inputs: `<float32>[elements, features]`; zeros where an element is not real.
        packing: From `pack`.
        weights: Kernel `[features, 4 * units]`, recurrent kernel `[units, 4 * units]` and bias `[4 * units]`, as in
            `keras.layers.LSTM`.
        training: Whether to keep what the quick gradient needs. Without it there is TensorFlow's gradient, a slow one.
    """
    return _asked_of(_lstm_states if training else _states_alone, inputs, packing, weights)


def packed_lstm_sums(inputs: tf.Tensor, packing: Packing, weights: Weights, *, training: bool) -> tf.Tensor:
    """Runs an LSTM over packed sequences and returns each sequence's sum of states.

    Arguments are those of `packed_lstm_states`.

    Returns:
        `<float32>[sizes[0], units]`, by falling length: the first `real_sizes[0]` are the sequences that are not empty.
    """
    return _asked_of(_lstm_sums if training else _sums_alone, inputs, packing, weights)


def _asked_of(function: Callable[..., tf.Tensor], inputs: tf.Tensor, packing: Packing, weights: Weights) -> tf.Tensor:
    sizes = inputs.shape[-1], weights[1].shape[0]
    return _traced(function, *sizes)(inputs, *weights, *packing.levels, packing.real_sizes)


@functools.cache
def _traced(function: Callable[..., tf.Tensor], features: int, units: int) -> Callable[..., tf.Tensor]:
    """Returns a function as a graph that both directions, all models and all signatures share.

    It has hundreds of operations, and to trace it takes a second or so: once a process instead of dozens of times.
    """
    weights = [tf.TensorSpec([size, 4 * units]) for size in (features, units)] + [tf.TensorSpec([4 * units])]
    packing = [tf.TensorSpec(shape, tf.int32) for shape in ([None], [None, 4], [None])]

    def with_gates_in_order(inputs, kernel, recurrent_kernel, bias, *packing):
        reordered = (_reorder_gates(weight) for weight in (kernel, recurrent_kernel, bias))
        return function(inputs, *reordered, *packing)

    return tf.function(with_gates_in_order, [tf.TensorSpec([None, features]), *weights, *packing], autograph=False)


def _reorder_gates(weight: tf.Tensor) -> tf.Tensor:
    """Swaps the gates' order between i, f, c, o and i, c, f, o."""
    input_gate, second, third, output_gate = tf.split(weight, 4, axis=-1)
    return tf.concat([input_gate, third, second, output_gate], axis=-1)


def _states_alone(*arguments):
    return _run(*arguments, kept=("h",)).outputs["h"].concat()


def _sums_alone(*arguments):
    return _run(*arguments, kept=()).sums


@tf.custom_gradient
def _lstm_states(inputs, kernel, recurrent_kernel, bias, sizes, table, real_sizes):
    run = _run(inputs, kernel, recurrent_kernel, bias, sizes, table, real_sizes, kept=_OUTPUTS)

    def gradient(states_gradient):
        def own_gradient(time, offset, size):
            del time
            return Rows(offset, size).of(states_gradient)

        return (*_gradients(run, own_gradient), None, None, None)

    return run.outputs["h"].concat(), gradient


@tf.custom_gradient
def _lstm_sums(inputs, kernel, recurrent_kernel, bias, sizes, table, real_sizes):
    run = _run(inputs, kernel, recurrent_kernel, bias, sizes, table, real_sizes, kept=_OUTPUTS)

    def gradient(sums_gradient):
        def own_gradient(time, offset, size):
            del offset
            real = tf.gather(real_sizes, time)
            return tf.pad(Rows(0, real).of(sums_gradient), [[0, size - real], [0, 0]])

        return (*_gradients(run, own_gradient), None, None, None)

    return run.sums, gradient


@dataclasses.dataclass(frozen=True, eq=False)
class _Run:
    """An LSTM's way through the levels: what it took, and what it gave.

    Attributes:
        inputs, kernel, recurrent_kernel, levels: What it took; gates in the order of the fused ops.
        outputs: For each kept name of `_OUTPUTS`, an array that holds one `[steps * size, units]` per level.
        sums: `<float32>[sizes[0], units]`, each sequence's sum of states.
    """

    inputs: tf.Tensor
    kernel: tf.Tensor
    recurrent_kernel: tf.Tensor
    levels: Levels
    outputs: Mapping[str, tf.TensorArray]
    sums: tf.Tensor

    def step_before(self, name: str, number: tf.Tensor, level: Level) -> tf.Tensor:
        """Returns for each of a level's elements the output `name` of the step before it, and zero for step 0."""
        array = self.outputs[name]
        earlier = array.read(tf.maximum(number - 1, 0))
        # The last step of the level before, of which the first rows go on.
        last = Rows(tf.shape(earlier)[0] - self.levels.size(tf.maximum(number - 1, 0)), level.size).of(earlier)
        own = Rows(0, (level.steps - 1) * level.size).of(array.read(number))
        return tf.concat([tf.where(number > 0, last, 0.0), own], axis=0)


def _array(count: tf.Tensor, features: int) -> tf.TensorArray:
    """Returns an array of `count` matrices of different heights."""
    return tf.TensorArray(tf.float32, count, infer_shape=False, element_shape=[None, features], clear_after_read=False)


def _run(inputs, kernel, recurrent_kernel, bias, sizes, table, real_sizes, *, kept) -> _Run:
    """Goes through the levels; `kept` names the outputs to keep."""
    levels = Levels(sizes, table)
    features, units = kernel.shape[0], recurrent_kernel.shape[0]
    joint_kernel = tf.concat([kernel, recurrent_kernel], axis=0)
    most_rows = levels.size(0)

    def run_level(number, cell, state, sums, arrays):
        level = levels.level(number)
        going_on = Rows(0, level.size)
        level_inputs = tf.reshape(level.elements.of(inputs), [level.steps, level.size, features])
        outputs = _run_steps(level_inputs, level.steps, going_on.of(cell), going_on.of(state), joint_kernel, bias)
        real = tf.sequence_mask(Rows(level.first_step, level.steps).of(real_sizes), level.size, tf.float32)
        level_sums = tf.reduce_sum(outputs.h * tf.expand_dims(real, -1), axis=0)  # real is [steps, size].
        sums += tf.pad(level_sums, [[0, most_rows - level.size], [0, 0]])
        flat = tf.stack([level.steps * level.size, units])
        arrays = {name: array.write(number, tf.reshape(getattr(outputs, name), flat)) for name, array in arrays.items()}
        last = level.steps - 1
        return number + 1, tf.gather(outputs.cs, last), tf.gather(outputs.h, last), sums, arrays

    zeros = tf.zeros([most_rows, units])
    any_rows, any_array = tf.TensorShape([None, units]), tf.TensorShape(None)
    *_, sums, arrays = tf.while_loop(
        lambda number, *_: number < levels.count,
        run_level,
        (0, zeros, zeros, zeros, {name: _array(levels.count, units) for name in kept}),
        shape_invariants=(tf.TensorShape([]), any_rows, any_rows, any_rows, dict.fromkeys(kept, any_array)),
    )
    return _Run(inputs, kernel, recurrent_kernel, levels, arrays, sums)


def _run_steps(level_inputs, steps, cell, state, joint_kernel, bias):
    """Returns BlockLSTM's outputs, `[steps, size, units]` each, for the inputs `[steps, size, features]` of a level."""
    unused_peephole = tf.zeros([cell.shape[-1]])
    return tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(steps, tf.int64),
        x=level_inputs,
        cs_prev=cell,
        h_prev=state,
        w=joint_kernel,
        wci=unused_peephole,
        wcf=unused_peephole,
        wco=unused_peephole,
        b=bias,
        forget_bias=0.0,
        cell_clip=-1.0,
        use_peephole=False,
    )


OwnGradient = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def _gradients(run: _Run, own_gradient: OwnGradient) -> tuple[tf.Tensor, ...]:
    """Goes back through the levels; returns the gradients of inputs, kernel, recurrent kernel and bias.

    `run` has kept all of `_OUTPUTS`.
    `own_gradient(time, offset, size)` is the gradient, from outside, of the states of step `time`, whose `size` rows
    begin at the element `offset`; it is zero where an element is not real.
    """
    levels, units = run.levels, run.recurrent_kernel.shape[0]

    def go_back(number, carried, weight_gradients, array):
        level = levels.level(number)
        growth = tf.pad(tf.reshape(level.size - tf.shape(carried[0])[0], [1, 1]), [[0, 1], [1, 0]])
        carried = [tf.pad(gradient, growth) for gradient in carried]  # Sequences that end here come in.
        level_inputs = level.elements.of(run.inputs)
        gates_gradient, *carried = _level_gradient(run, own_gradient, number, level, level_inputs, *carried)
        level_gradients = (
            tf.matmul(level_inputs, gates_gradient, transpose_a=True),
            tf.matmul(run.step_before("h", number, level), gates_gradient, transpose_a=True),
            tf.reduce_sum(gates_gradient, axis=0),
        )
        weight_gradients = tuple(map(tf.add, weight_gradients, level_gradients))
        return number - 1, tuple(carried), weight_gradients, array.write(number, gates_gradient)

    none, any_rows = tf.zeros([0, units]), tf.TensorShape([None, units])
    zeros = (tf.zeros_like(run.kernel), tf.zeros_like(run.recurrent_kernel), tf.zeros([4 * units]))
    _, _, weight_gradients, array = tf.while_loop(
        lambda number, *_: number >= 0,
        go_back,
        (levels.count - 1, (none, none), zeros, _array(levels.count, 4 * units)),
        shape_invariants=(
            tf.TensorShape([]),
            (any_rows, any_rows),
            tuple(gradient.shape for gradient in zeros),
            tf.TensorShape(None),
        ),
    )
    inputs_gradient = tf.matmul(array.concat(), run.kernel, transpose_b=True)
    return inputs_gradient, *weight_gradients


def _level_gradient(
    run: _Run, own_gradient: OwnGradient, number, level: Level, level_inputs, cell_gradient, state_gradient
):
    """Goes back through a level's steps; returns the gradients before the gates' nonlinearities, of cell, of state.

    Gates are `[elements, 4 * units]`; cell and state are `[size, units]`, on entry those behind the level's last step
    and on return those before its first.
    """
    units = run.recurrent_kernel.shape[0]
    joint_kernel = tf.concat([run.kernel, run.recurrent_kernel], axis=0)
    unused_peephole = tf.zeros([units])
    unused_bias = tf.zeros([4 * units])
    previous_cell = run.step_before("cs", number, level)
    level_outputs = {name: array.read(number) for name, array in run.outputs.items() if name != "h"}

    def step_back(step, cell_gradient, state_gradient, array):
        first = step * level.size
        rows = Rows(first, level.size)
        own = own_gradient(level.first_step + step, level.first_element + first, level.size)
        step_cell = rows.of(previous_cell)
        cell_gradient, gates_gradient, *_ = tf.raw_ops.LSTMBlockCellGrad(
            x=rows.of(level_inputs),
            cs_prev=step_cell,
            h_prev=step_cell,  # Not read: the products with the states are made a level at a time.
            w=joint_kernel,
            wci=unused_peephole,
            wcf=unused_peephole,
            wco=unused_peephole,
            b=unused_bias,
            **{name: rows.of(values) for name, values in level_outputs.items()},
            cs_grad=cell_gradient,
            h_grad=state_gradient + own,
            use_peephole=False,
        )
        state_gradient = tf.matmul(gates_gradient, run.recurrent_kernel, transpose_b=True)
        return step - 1, cell_gradient, state_gradient, array.write(step, gates_gradient)

    any_rows = tf.TensorShape([None, units])
    _, cell_gradient, state_gradient, array = tf.while_loop(
        lambda step, *_: step >= 0,
        step_back,
        (level.steps - 1, cell_gradient, state_gradient, _array(level.steps, 4 * units)),
        shape_invariants=(tf.TensorShape([]), any_rows, any_rows, tf.TensorShape(None)),
    )
    return array.concat(), cell_gradient, state_gradient
