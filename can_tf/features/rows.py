"""Rows of different lengths that lie one after another in one tensor, as stock TensorFlow ops."""

import tensorflow as tf


def row_of_each(counts: tf.Tensor) -> tf.Tensor:
    """Returns the row that each element lies in, `<int64>[elements]`, where rows have `counts` elements, `[rows]`."""
    ends = tf.cumsum(counts)
    return tf.searchsorted(ends, tf.range(tf.reduce_sum(counts)), side="right", out_type=tf.int64)


def repeated(values: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """Returns each row's value for each of its elements, `[elements, ...]`.

    `tf.repeat` gives the same, and takes memory for as many elements in each row as the longest has: where one
    recording is long and many are short, far more than all of them together.

    Args:
        values: `[rows, ...]`.
        counts: `[rows]`, how many elements each row has; of type int32 or int64.

    Example:
        >>> repeated(tf.constant([3, 5, 7]), tf.constant([2, 0, 1])).numpy().tolist()
        [3, 3, 7]
    """
    return tf.gather(values, row_of_each(counts))
