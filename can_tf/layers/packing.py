"""Sequences of unequal length packed step by step, so that next to no padding is computed.

Sequences are ordered by falling length: step t holds the t-th element of the sequences that have one, and the number of
these, a step's size, never grows. Sizes are rounded up to a few values, so that all steps of one size, a level, are a
rectangle; the rounding adds elements behind the ends of some sequences.
"""

import dataclasses

import tensorflow as tf

_SMALLEST_ROUNDING = 4  # Rows: a product of fewer takes as long.
_LEVELS_PER_OCTAVE = 8  # More compute less padding, in smaller rectangles.


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
    """Returns the packing of sequences of `lengths`, `<int32>[sequences]`, at least one; a length may be 0.

    Example:
        >>> packing = pack(tf.constant([1, 3]))
        >>> packing.sequence.numpy().tolist()
        [1, 0, 1, 0, 1, 0]
        >>> packing.real.numpy().tolist()
        [True, True, True, False, True, False]
    """
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
    multiple = tf.cast(tf.pow(2.0, octave), tf.int32) // _LEVELS_PER_OCTAVE
    multiple = tf.maximum(multiple, _SMALLEST_ROUNDING)
    return -(-sizes // multiple) * multiple


@dataclasses.dataclass(frozen=True, eq=False)
class Levels:
    """Runs of steps of one size, each `<int32>[levels]`: a level's elements are a rectangle `[steps, size]`."""

    sizes: tf.Tensor
    steps: tf.Tensor
    first_steps: tf.Tensor
    first_elements: tf.Tensor

    @property
    def count(self) -> tf.Tensor:
        """How many levels there are, `<int32>[]`."""
        return tf.size(self.sizes)

    def elements(self, level: tf.Tensor) -> slice:
        """Returns which of the packed elements are the level's."""
        first = self.first_elements[level]
        return slice(first, first + self.steps[level] * self.sizes[level])


def levels_of(sizes: tf.Tensor) -> Levels:
    """Returns the levels of a packing's `sizes`, `<int32>[steps]`."""
    level_sizes, _, steps = tf.unique_with_counts(sizes)
    first_steps, first_elements = tf.cumsum(steps, exclusive=True), tf.cumsum(steps * level_sizes, exclusive=True)
    return Levels(level_sizes, steps, first_steps, first_elements)
