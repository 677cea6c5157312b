"""The bottom of the audio encoder: one vector a segment (Lee et al., 2020, Section 3.2.2 and Figure 1).

A BLSTM whose weights all segments share reads each segment's frames; its states are averaged over them. Both layers
have the weights of `keras.layers.Bidirectional(keras.layers.LSTM(units))`, in that order and those shapes, and may take
each other's. `SegmentEncoder` computes real frames alone; `ReferenceSegmentEncoder` is made of stock Keras layers,
computes all the padding as well, and is there to be compared with.

Left open by the paper, decided here: the average is over real frames, not over the zero padding; a segment of no frames
gives zeros; frames are normalized by given statistics, here and not before, because here padding is gone. Departs from
the paper: nowhere.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from can_tf.layers.bidirectional import BidirectionalLayer
from can_tf.layers.packed_lstm import packed_lstm_sums
from can_tf.layers.packing import pack


@keras.saving.register_keras_serializable(package="can_tf")
class SegmentEncoder(BidirectionalLayer):
    """Encodes each segment's frames into one vector.

    Args:
        units: Positive int, LSTM units a direction.
        mean, variance: Of the frames: one number for each of a frame's, or one for all; frames are normalized by them.

    Call arguments:
        frames: `<float32>[batch, words, frames, width]`; what stands beyond a segment's frames is never read.
        segment_frames: `<int32>[batch, words]`, real frames of each segment, 0 on padding.

    Returns:
        `<float32>[batch, words, 2 * units]`: the mean of the forward states, then of the backward states.
    """

    def __init__(
        self, units: int = 128, mean: float | Sequence[float] = 0.0, variance: float | Sequence[float] = 1.0, **kwargs
    ):
        super().__init__(units, **kwargs)
        self.mean, self.variance = mean, variance
        self.normalization = keras.layers.Normalization(mean=mean, variance=variance)

    def build(self, frames_shape, segment_frames_shape=None):
        self.normalization.build((None, frames_shape[-1]))
        super().build(frames_shape)

    def call(self, frames, segment_frames, training=None):
        batch, words, longest = tf.unstack(tf.shape(frames)[:3])
        elements = tf.reshape(frames, [batch * words * longest, frames.shape[-1]])
        first = tf.range(batch * words) * longest
        vectors = self.of_elements(elements, first, tf.reshape(segment_frames, [-1]), training=bool(training))
        return tf.reshape(vectors, [batch, words, 2 * self.units])

    def of_elements(
        self, elements: tf.Tensor, first: tf.Tensor, lengths: tf.Tensor, *, training: bool = False
    ) -> tf.Tensor:
        """Returns the vectors of segments whose frames are not padded, `<float32>[segments, 2 * units]`.

        Args:
            elements: `<float32>[frames, width]`.
            first: `<int32>[segments]`, each segment's first frame among them; its others follow.
            lengths: `<int32>[segments]`, how many it has.
            training: Whether to keep what the quick gradient needs.
        """
        packing = pack(lengths)
        sums = []
        for backwards, weights in ((False, self.forward_weights()), (True, self.backward_weights())):
            taken = self.normalization(tf.gather(elements, packing.rows(first, backwards=backwards)))
            sums.append(
                packed_lstm_sums(tf.where(packing.real[:, None], taken, 0.0), packing, weights, training=training)
            )
        # Segments come by falling length, empty ones last if at all: put each in its place.
        count = packing.real_sizes[0]
        nonempty = packing.order[:count]
        means = tf.concat(sums, axis=-1)[:count] / tf.cast(tf.gather(lengths, nonempty), tf.float32)[:, None]
        return tf.scatter_nd(nonempty[:, None], means, [tf.size(lengths), 2 * self.units])

    def compute_output_spec(self, frames, segment_frames, training=None):
        return keras.KerasTensor((*frames.shape[:2], 2 * self.units), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "variance": self.variance}


@keras.saving.register_keras_serializable(package="can_tf")
class ReferenceSegmentEncoder(keras.layers.Layer):
    """What `SegmentEncoder` computes, on stock Keras layers: words are folded into the batch, and padding is masked.

    It has the arguments, inputs, outputs and weights of `SegmentEncoder`.
    """

    def __init__(
        self, units: int = 128, mean: float | Sequence[float] = 0.0, variance: float | Sequence[float] = 1.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.units, self.mean, self.variance = units, mean, variance
        self.normalization = keras.layers.Normalization(mean=mean, variance=variance)
        self.blstm = keras.layers.Bidirectional(keras.layers.LSTM(units, return_sequences=True), name="blstm")

    def build(self, frames_shape, segment_frames_shape=None):
        self.normalization.build((None, frames_shape[-1]))
        self.blstm.build((None, None, frames_shape[-1]))
        self.built = True

    def call(self, frames, segment_frames):
        batch, words, longest = tf.unstack(tf.shape(frames)[:3])
        segments = tf.reshape(self.normalization(frames), [batch * words, longest, frames.shape[-1]])
        lengths = tf.reshape(segment_frames, [-1])
        mask = tf.sequence_mask(lengths, longest)
        # Segments of no frames would be a row with nothing unmasked; their states are dropped below.
        states = self.blstm(segments, mask=mask)
        real = tf.cast(mask, tf.float32)[:, :, None]
        means = tf.reduce_sum(states * real, axis=1) / tf.maximum(tf.reduce_sum(real, axis=1), 1.0)
        return tf.reshape(means, [batch, words, 2 * self.units])

    def compute_output_spec(self, frames, segment_frames):
        return keras.KerasTensor((*frames.shape[:2], 2 * self.units), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "mean": self.mean, "variance": self.variance}
