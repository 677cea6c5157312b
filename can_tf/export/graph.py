"""The graph that answers in production: from wav bytes and timed words to the paper's predictions.

Segments and frames are computed by the functions that `build-records` uses, so training and serving cannot drift apart.
Only stock TensorFlow ops are used; TensorFlow Serving needs nothing else.

TensorFlow Serving's batching pads every tensor of a request with that tensor's own first element. So nothing is read
beyond `num_words`, `num_samples` and `segment_frames`. The signature `features` has no number of words: there, a
segment whose values are all one number is padding, which no segment of speech is.

What no training could have used, and what would take memory beyond measure, is an error (`can_tf.export.inputs`).
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from can_tf.export.inputs import LOUDEST, WORD_INPUTS, check, decoded, on_grid, padded, real_words, segments_of
from can_tf.features.front_end import FrontEnd, Segments
from can_tf.features.speakers import standardized_alone
from can_tf.models.can import with_attention
from can_tf.models.losses import SINGLE_MODALITIES, final_log_probabilities


class _SegmentsAlone(NamedTuple):
    """A model in two: the layer that makes a vector of each segment, and what it makes of words and vectors."""

    layer: keras.Layer
    rest: keras.Model


class ServedModel:
    """A trained model with its signatures.

    Each signature is a function of named tensors, batch first, that returns a dict. `frames` gives what the front end
    makes of the audio, as `features` takes it: `frames` `<float32>[batch, words, frames, width]` and `segment_frames`
    `<int32>[batch, words]`. The others give `probabilities` (Eq. 15), `fused_probabilities` (Eq. 10) and, where the
    model has these heads, `text_probabilities` (Eq. 11) and `audio_probabilities` (Eq. 12), all
    `<float32>[batch, labels]`; `label` (`<string>[batch]`); `labels` (`<string>[batch, labels]`, what the probabilities
    belong to); `text_attention` and `audio_attention` (`<float32>[batch, heads, words]`, 0 on padding); with a
    temperature, `calibrated_probabilities`.

    Args:
        model: From `can_tf.models.registry.build`, trained.
        labels: Its labels, in index order.
        alpha: The exponent of Eq. 15.
        front_end: What made the frames of its records.
        overlap: What neighboring segments of its records have in common.
        max_segment_frames: What longer segments were cut to in training.
        temperature: That of `calibrated_probabilities` (`can_tf.training.calibration`); None leaves them out.
        normalize: As `can_tf.training.options.TrainOptions` has it. With "speaker", each utterance's frames are
            standardized by its own; `features` takes frames that a client has standardized by all of a speaker's.
    """

    def __init__(
        self,
        model: keras.Model,
        labels: tuple[str, ...],
        alpha: float,
        front_end: FrontEnd,
        overlap: float,
        max_segment_frames: int,
        temperature: float | None = None,
        normalize: str = "none",
    ):
        self.model = with_attention(model)
        self._labels, self.alpha, self.temperature = labels, alpha, temperature
        self._front_end, self._overlap, self.max_segment_frames = front_end, overlap, max_segment_frames
        self.normalize = normalize
        self._segments_alone = _segments_alone(self.model)
        # What several signatures call is one graph of its own: traced, written and loaded once.
        self._segmented, self._answer_of = (
            tf.function(function, autograph=False) for function in (self._segments_of_words, self._answer_of_segments)
        )
        frames = tf.TensorSpec([None, None, None, front_end.width], tf.float32, "frames")
        segment_frames = tf.TensorSpec([None, None], tf.int32, "segment_frames")
        audio = tf.TensorSpec([None], tf.string, "audio")
        waveform = tf.TensorSpec([None, None], tf.float32, "waveform")
        num_samples = tf.TensorSpec([None], tf.int32, "num_samples")
        signatures = {
            "frames": (self._frames_of_audio, [audio, *WORD_INPUTS.values()]),
            "serving_default": (self._of_audio, [audio, *WORD_INPUTS.values()]),
            "waveform": (self._of_waveform, [waveform, num_samples, *WORD_INPUTS.values()]),
            "features": (self._of_features, [frames, segment_frames, WORD_INPUTS["words"]]),
        }
        self.functions: dict[str, tf.types.experimental.GenericFunction] = {
            name: tf.function(function, inputs, autograph=False) for name, (function, inputs) in signatures.items()
        }

    def state(self) -> tf.Module:
        """Returns what the functions use beside their inputs: variables and tables, for a SavedModel to hold.

        The layers, not the model: TensorFlow would trace Keras's own signature of each model that it finds, and often.
        """
        state = tf.Module()
        state.weights = [variable.value for variable in self.model.variables]
        state.layers, state.front_end_weights = self.model.layers, self._front_end.weights()
        return state

    def _of_audio(self, audio, words, start, end, num_words):
        """`audio`: `<string>[batch]`, wav files of 16-bit PCM; channels are averaged, on the grid that training has."""
        return self._answer_of(*self._segmented(*decoded(audio), words, start, end, num_words))

    def _frames_of_audio(self, audio, words, start, end, num_words):
        text, frames, num_samples = self._segmented(*decoded(audio), words, start, end, num_words)
        frames, segment_frames = padded(frames, text, num_samples)
        return {"frames": frames, "segment_frames": segment_frames}

    def _of_waveform(self, waveform, num_samples, words, start, end, num_words):
        """`waveform`: `<float32>[batch, samples]` in [-1, 1]; of each row, the first `num_samples` `<int32>[batch]`."""
        within = tf.reduce_all((num_samples >= 0) & (num_samples <= tf.shape(waveform)[1]))
        with check(within, "num_samples: expected numbers from 0 to the length of waveform, got", num_samples):
            num_samples = tf.cast(num_samples, tf.int64)
        samples = tf.RaggedTensor.from_tensor(waveform, lengths=num_samples).flat_values
        within = tf.reduce_all(tf.abs(samples) <= LOUDEST)  # NaN is not.
        with check(within, "waveform: expected finite samples, in [-1, 1]"):
            samples = on_grid(samples)
        return self._answer_of(*self._segmented(samples, num_samples, words, start, end, num_words))

    def _segments_of_words(self, samples, num_samples, words, start, end, num_words):
        """Returns the segments of a batch.

        Args:
            samples: `<float32>[all samples]`.
            num_samples: How many of them each utterance has, `<int64>[batch]`.
            words, start, end, num_words: As `WORD_INPUTS` has them.

        Returns:
            The words, `<string>[batch, most words]`, "" on padding; a ragged tensor of their frames,
            `<float32>[batch, (words), (frames), width]`; and `num_samples`.
        """
        real = real_words(words, start, end, num_words)
        recording, first, count = segments_of(real, num_samples, self._overlap)
        frames, segment_frames = self._front_end.frames(Segments(samples, num_samples, recording, first, count))
        segments = tf.RaggedTensor.from_row_lengths(frames, segment_frames)[:, : self.max_segment_frames]
        by_word = tf.RaggedTensor.from_row_lengths(segments, tf.cast(real.num_words, tf.int64))
        return real.text, by_word, num_samples

    def _of_features(self, frames, segment_frames, words):
        """`frames` `<float32>[batch, words, frames, width]`, `segment_frames` and `words`, both `[batch, words]`."""
        cut = frames[:, :, : self.max_segment_frames]
        counts = tf.minimum(segment_frames, tf.shape(cut)[2])
        in_segment = tf.sequence_mask(counts, tf.shape(cut)[2])[:, :, :, None]
        constant = tf.reduce_all(tf.equal(cut, cut[:, :, :1, :1]) | ~in_segment, axis=[2, 3])
        real = (counts > 0) & ~constant
        num_words = tf.reduce_max(tf.where(real, tf.range(1, tf.shape(real)[1] + 1), 0), axis=1)
        within = tf.sequence_mask(num_words, tf.shape(real)[1])
        finite = tf.reduce_all(tf.math.is_finite(cut) | ~(in_segment & within[:, :, None, None]))
        held = tf.reduce_all((segment_frames <= tf.shape(frames)[2]) | ~within)
        with (
            check(held, "segment_frames: expected no more than frames holds, got", segment_frames),
            check(tf.reduce_all(num_words > 0), "segment_frames: expected at least one word in each utterance"),
            check(tf.reduce_all(real | ~within), "segment_frames: expected frames in every segment before the last"),
            check(finite, "frames: expected finite numbers"),
        ):
            return self._answer(tf.where(within, words, ""), cut, tf.where(within, counts, 0))

    def _answer_of_segments(self, text, frames, num_samples):
        """Answers for segments as `_segments_of_words` gives them."""
        if self.normalize == "speaker":
            frames = standardized_alone(frames)
        if self._segments_alone is None:
            return self._answer(text, *padded(frames, text, num_samples))
        by_segment = frames.values
        first, count = (tf.cast(each, tf.int32) for each in (by_segment.row_starts(), by_segment.row_lengths()))
        vectors = self._segments_alone.layer.of_elements(by_segment.values, first, count)
        shape = tf.concat([tf.shape(text), tf.shape(vectors)[1:]], 0)
        by_word = frames.with_values(vectors).to_tensor(0.0, shape=shape)
        return self._answer_for(self._segments_alone.rest([text, by_word], training=False))

    def _answer(self, words, frames, segment_frames):
        inputs = {"words": words, "frames": frames, "segment_frames": segment_frames}
        return self._answer_for(self.model(inputs, training=False))

    def _answer_for(self, outputs):
        """Returns the answer that the model's outputs are."""
        log_probabilities = final_log_probabilities(outputs, self.alpha)
        probabilities = tf.exp(log_probabilities)
        labels = tf.constant(self._labels)
        answer = {
            "probabilities": probabilities,
            "label": tf.gather(labels, tf.argmax(probabilities, axis=1)),
            "labels": tf.repeat(labels[None], tf.shape(probabilities)[0], axis=0),
            "text_attention": outputs["text_attention"],
            "audio_attention": outputs["audio_attention"],
        }
        for name, logits in outputs.items():
            if name in ("fused", *SINGLE_MODALITIES):
                answer[f"{name}_probabilities"] = tf.nn.softmax(logits)
        if self.temperature is not None:
            answer["calibrated_probabilities"] = tf.nn.softmax(log_probabilities / self.temperature)
        return answer


def _segments_alone(model: keras.Model) -> _SegmentsAlone | None:
    """Returns the two parts of a model; None if no layer takes segments without padding, or frames go elsewhere too.

    Padding takes as much memory as the longest segment has, for every word of every utterance.
    """
    layers = [layer for layer in model.layers if hasattr(layer, "of_elements")]
    if len(layers) != 1:
        return None
    try:  # Not a dict: the second has no name.
        return _SegmentsAlone(layers[0], keras.Model([model.input["words"], layers[0].output], model.output))
    except ValueError:  # Outputs need the frames themselves: Keras finds them not connected.
        return None
