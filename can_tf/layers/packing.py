"""Sequences of unequal length packed step by step, so that next to no padding is computed.

Sequences are ordered by falling length: step t holds the t-th element of the sequences that have one, and the number of
these, a step's size, never grows. Sizes are rounded up to a few values, so that all steps of one size, a level, are a
rectangle; the rounding adds elements behind the ends of some sequences.
"""

import dataclasses
from typing import NamedTuple

import tensorflow as tf

_SMALLEST_ROUNDING = 4  # Rows: a product of fewer takes as long.
_LEVELS_PER_OCTAVE = 8  # More compute less padding, in smaller rectangles.


class Rows:
    """A range of rows, to be taken of several tensors: their slices share all operations but one, the taking.

    Each slice in Python's brackets has five operations of its own, and a graph of thousands is slow to begin with.

    Example:
        >>> Rows(1, 2).of(tf.constant([10, 20, 30, 40])).numpy().tolist()
        [20, 30]
    """

    def __init__(self, first: tf.Tensor, count: tf.Tensor):
        self._begin, self._end, self._stride = tf.stack([first]), tf.stack([first + count]), tf.constant([1])

    def of(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the rows of a tensor."""
        return tf.raw_ops.StridedSlice(input=values, begin=self._begin, end=self._end, strides=self._stride)


@dataclasses.dataclass(frozen=True, eq=False)
class Level:
    """A run of steps of one size, whose elements are a rectangle `[steps, size]`.

    Attributes:
        size, steps: Of the rectangle, `<int32>[]`.
        first_step, first_element: Where it begins, in steps and in packed elements, `<int32>[]`.
        elements: Its packed elements.
    """

    size: tf.Tensor
    steps: tf.Tensor
    first_step: tf.Tensor
    first_element: tf.Tensor
    elements: Rows


class Levels(NamedTuple):
    """The levels of a packing.

    Attributes:
        sizes: `<int32>[levels]`, of their steps.
        table: `<int32>[levels, 4]`: of each, the numbers of `Level`.
    """

    sizes: tf.Tensor
    table: tf.Tensor

    @property
    def count(self) -> tf.Tensor:
        """How many levels there are, `<int32>[]`."""
        return tf.size(self.sizes)

    def size(self, number: tf.Tensor) -> tf.Tensor:
        """Returns the size of a level's steps, `<int32>[]`."""
        return tf.gather(self.sizes, number)

    def level(self, number: tf.Tensor) -> Level:
        """Returns a level by its number."""
        size, steps, first_step, first_element = tf.unstack(tf.gather(self.table, number), num=4)
        return Level(size, steps, first_step, first_element, Rows(first_element, steps * size))


class Packing(NamedTuple):
    """Where each element of padded sequences goes when they are packed.

    Attributes:
        sizes: `<int32>[steps]`, rows of each step, rounded up; at least one step of at least one row.
        levels: Runs of steps of one size.
        real_sizes: `<int32>[steps]`, rows of each step that are elements; the others stand behind them.
        sequence: `<int32>[elements]`, the sequence that each packed element belongs to.
        step: `<int32>[elements]`, its place in that sequence.
        real: `<bool>[elements]`, False for what rounding has added behind a sequence's end.
        order: `<int32>[sequences]`, the sequences by falling length.
        lengths: `<int32>[sequences]`, in the order given.
    """

    sizes: tf.Tensor
    levels: Levels
    real_sizes: tf.Tensor
    sequence: tf.Tensor
    step: tf.Tensor
    real: tf.Tensor
    order: tf.Tensor
    lengths: tf.Tensor

    def rows(self, first: tf.Tensor, *, backwards: bool) -> tf.Tensor:
        """Returns the row that each packed element is taken from, where sequences are read forwards or backwards.

        Args:
            first: `<int32>[sequences]`, the row of each sequence's first element; its others follow.
            backwards: Whether its last element is the first to be read.

        Elements that are not real get row 0.
        """
        step = tf.gather(self.lengths, self.sequence) - 1 - self.step if backwards else self.step
        return tf.where(self.real, tf.gather(first, self.sequence) + step, 0)


def pack(lengths: tf.Tensor) -> Packing:
    """Returns the packing of sequences of `lengths`, `<int32>[sequences]`, at least one; a length may be 0.

    Example:
        >>> packing = pack(tf.constant([1, 3]))
        >>> packing.sequence.numpy().tolist()
        [1, 0, 1, 0, 1, 0]
        >>> packing.real.numpy().tolist()
        [True, True, True, False, True, False]
    """
    return _packing_of(lengths)


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _packing_of(lengths: tf.Tensor) -> Packing:
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    ascending = tf.reverse(tf.gather(lengths, order), [0])
    steps = tf.range(tf.maximum(tf.reduce_max(lengths), 1))
    real_sizes = tf.size(lengths) - tf.searchsorted(ascending, steps, side="right")
    sizes = tf.clip_by_value(_rounded_up(real_sizes), 1, tf.size(lengths))
    sequence = tf.gather(order, tf.ragged.range(sizes).flat_values)
    step = tf.repeat(steps, sizes)
    return Packing(
        sizes, levels_of(sizes), real_sizes, sequence, step, step < tf.gather(lengths, sequence), order, lengths
    )


def _rounded_up(sizes: tf.Tensor) -> tf.Tensor:
    """Rounds up to multiples that grow with the size, so that each octave has but a few levels."""
    octave = tf.math.floor(tf.math.log(tf.cast(tf.maximum(sizes, 1), tf.float32)) / tf.math.log(2.0))
    multiple = tf.cast(tf.pow(2.0, octave), tf.int32) // _LEVELS_PER_OCTAVE
    multiple = tf.maximum(multiple, _SMALLEST_ROUNDING)
    return -(-sizes // multiple) * multiple


def levels_of(sizes: tf.Tensor) -> Levels:
    """Returns the levels of a packing's `sizes`, `<int32>[steps]`."""
    level_sizes, _, steps = tf.unique_with_counts(sizes)
    first_steps, first_elements = tf.cumsum(steps, exclusive=True), tf.cumsum(steps * level_sizes, exclusive=True)
    return Levels(level_sizes, tf.stack([level_sizes, steps, first_steps, first_elements], axis=1))
