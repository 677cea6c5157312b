"""The graph that answers in production: from wav bytes and timed words to the paper's predictions.

Segments and frames are computed by the functions that `build-records` uses, so training and serving cannot drift apart.
Only stock TensorFlow ops are used; TensorFlow Serving needs nothing else.

TensorFlow Serving's batching pads every tensor of a request with that tensor's own first element. So nothing is read
beyond `num_words`, `num_samples` and `segment_frames`. The signature `features` has no number of words: there, a
segment whose values are all one number is padding, which no segment of speech is.

What no training could have used is an error: no words, a word without samples, times or samples that are not finite,
audio of another sample rate.
"""

import dataclasses
from contextlib import AbstractContextManager

import keras
import tensorflow as tf

from can_tf.features.front_end import FrontEnd, Segments
from can_tf.features.segments import segment_samples
from can_tf.features.speakers import standardized_alone
from can_tf.models.can import with_attention
from can_tf.models.losses import SINGLE_MODALITIES, final_log_probabilities
from can_tf.samples import SAMPLE_RATE_HZ

_MOST_SAID = 4  # Words that overlap cost memory each: of speech, they last 1.1 times as long as it at most.

WORD_INPUTS = {
    "words": tf.TensorSpec([None, None], tf.string, "words"),
    "start": tf.TensorSpec([None, None], tf.float32, "start"),
    "end": tf.TensorSpec([None, None], tf.float32, "end"),
    "num_words": tf.TensorSpec([None], tf.int32, "num_words"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class _Words:
    """The words of a batch, without padding: one flat tensor for all utterances, and how many each has."""

    text: tf.Tensor  # <string>[batch, most words], "" on padding
    start: tf.Tensor  # <float32>[all words], seconds
    end: tf.Tensor
    num_words: tf.Tensor  # <int32>[batch]


class ServedModel(tf.Module):
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
        super().__init__()
        self.model = with_attention(model)
        self._labels, self.alpha, self.temperature = labels, alpha, temperature
        self._front_end, self._overlap, self.max_segment_frames = front_end, overlap, max_segment_frames
        self.normalize = normalize
        self.front_end_weights = front_end.weights()  # An attribute, so that the SavedModel has them.
        frames = tf.TensorSpec([None, None, None, front_end.width], tf.float32, "frames")
        segment_frames = tf.TensorSpec([None, None], tf.int32, "segment_frames")
        audio = tf.TensorSpec([None], tf.string, "audio")
        waveform = tf.TensorSpec([None, None], tf.float32, "waveform")
        num_samples = tf.TensorSpec([None], tf.int32, "num_samples")
        self.functions: dict[str, tf.types.experimental.GenericFunction] = {
            "frames": tf.function(self._frames_of_audio, [audio, *WORD_INPUTS.values()]),
            "serving_default": tf.function(self._of_audio, [audio, *WORD_INPUTS.values()]),
            "waveform": tf.function(self._of_waveform, [waveform, num_samples, *WORD_INPUTS.values()]),
            "features": tf.function(self._of_features, [frames, segment_frames, WORD_INPUTS["words"]]),
        }

    def _of_audio(self, audio, words, start, end, num_words):
        """`audio`: `<string>[batch]`, wav files of 16-bit PCM; channels are averaged, on the grid that training has."""
        return self._answer_of(*self._segmented(*_decoded(audio), words, start, end, num_words))

    def _frames_of_audio(self, audio, words, start, end, num_words):
        _, frames, segment_frames = self._segmented(*_decoded(audio), words, start, end, num_words)
        return {"frames": frames, "segment_frames": segment_frames}

    def _of_waveform(self, waveform, num_samples, words, start, end, num_words):
        """`waveform`: `<float32>[batch, samples]` in [-1, 1]; of each row, the first `num_samples` `<int32>[batch]`."""
        within = tf.reduce_all((num_samples >= 0) & (num_samples <= tf.shape(waveform)[1]))
        with _check(within, "num_samples: expected numbers from 0 to the length of waveform, got", num_samples):
            num_samples = tf.cast(num_samples, tf.int64)
        samples = tf.RaggedTensor.from_tensor(waveform, lengths=num_samples).flat_values
        with _check(tf.reduce_all(tf.math.is_finite(samples)), "waveform: expected finite samples"):
            samples = _on_grid(samples)
        return self._answer_of(*self._segmented(samples, num_samples, words, start, end, num_words))

    def _segmented(self, samples, num_samples, words, start, end, num_words):
        """Returns words, frames and `segment_frames`, padded, as the model takes them.

        Args:
            samples: `<float32>[all samples]`.
            num_samples: How many of them each utterance has, `<int64>[batch]`.
            words, start, end, num_words: As `WORD_INPUTS` has them.
        """
        real = _real_words(words, start, end, num_words)
        recording = tf.repeat(tf.range(tf.size(num_samples, tf.int64)), real.num_words)
        first, count = segment_samples(real.start, real.end, tf.gather(num_samples, recording), self._overlap)
        with _check(
            tf.reduce_all(count > 0),
            "start, end: expected each word inside its audio with an end behind its start, got at",
            tf.stack([tf.boolean_mask(times, count <= 0) for times in (real.start, real.end)], axis=1),
        ):
            count = tf.identity(count)
        taken = tf.math.unsorted_segment_sum(count, recording, tf.size(num_samples, tf.int64))
        with _check(
            tf.reduce_all(taken <= _MOST_SAID * num_samples),
            f"start, end: expected words that together last at most {_MOST_SAID} times as long as their audio, got, "
            "in samples of words and of audio,",
            taken,
            num_samples,
        ):
            count = tf.identity(count)
        frames, segment_frames = self._front_end.frames(Segments(samples, num_samples, recording, first, count))
        segments = tf.RaggedTensor.from_row_lengths(frames, segment_frames)[:, : self.max_segment_frames]
        by_word = tf.RaggedTensor.from_row_lengths(segments, tf.cast(real.num_words, tf.int64))
        batch, most_words = tf.unstack(tf.shape(real.text, tf.int64))
        return (
            real.text,
            by_word.to_tensor(0.0, shape=tf.stack([batch, most_words, -1, self._front_end.width])),
            tf.cast(by_word.row_lengths(2).to_tensor(0, shape=tf.stack([batch, most_words])), tf.int32),
        )

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
            _check(held, "segment_frames: expected no more than frames holds, got", segment_frames),
            _check(tf.reduce_all(num_words > 0), "segment_frames: expected at least one word in each utterance"),
            _check(tf.reduce_all(real | ~within), "segment_frames: expected frames in every segment before the last"),
            _check(finite, "frames: expected finite numbers"),
        ):
            return self._answer(tf.where(within, words, ""), cut, tf.where(within, counts, 0))

    def _answer_of(self, words, frames, segment_frames):
        """Answers for frames as the front end made them."""
        if self.normalize == "speaker":
            frames = standardized_alone(frames, segment_frames)
        return self._answer(words, frames, segment_frames)

    def _answer(self, words, frames, segment_frames):
        outputs = self.model({"words": words, "frames": frames, "segment_frames": segment_frames}, training=False)
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


def _decoded(audio: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the samples of wav files, `<float32>[all samples]`, and how many each has, `<int64>[batch]`."""
    waveforms = tf.map_fn(_decode, audio, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0))
    return waveforms.flat_values, waveforms.row_lengths()


def _decode(content: tf.Tensor) -> tf.Tensor:
    samples, rate = tf.audio.decode_wav(content)
    right = tf.equal(rate, SAMPLE_RATE_HZ)
    with _check(right, f"audio: expected {SAMPLE_RATE_HZ} Hz, resample it; its sample rate is", rate):
        return _on_grid(tf.reduce_mean(samples, axis=1))


def _real_words(words: tf.Tensor, start: tf.Tensor, end: tf.Tensor, num_words: tf.Tensor) -> _Words:
    within = tf.reduce_all((num_words >= 1) & (num_words <= tf.shape(words)[1]))
    with _check(within, "num_words: expected numbers from 1 to the length of words, got", num_words):
        num_words = tf.identity(num_words)
    real = tf.sequence_mask(num_words, tf.shape(words)[1])
    text = tf.where(real, words, "")
    start, end = tf.boolean_mask(start, real), tf.boolean_mask(end, real)
    with (
        _check(tf.reduce_all(tf.math.is_finite(start) & tf.math.is_finite(end)), "start, end: expected finite seconds"),
        _check(
            tf.reduce_all(tf.boolean_mask(text, real) != ""), "words: expected no empty word among the first num_words"
        ),
    ):
        return _Words(tf.identity(text), tf.identity(start), tf.identity(end), num_words)


def _on_grid(samples: tf.Tensor) -> tf.Tensor:
    """Returns samples on the grid of 16-bit integers, as `can_tf.samples.on_grid` does: what training had."""
    return tf.clip_by_value(tf.round(samples * 32_768.0), -32_768.0, 32_767.0) / 32_768.0


def _check(condition: tf.Tensor, message: str, *values: tf.Tensor) -> AbstractContextManager:
    """Fails the request with InvalidArgument, status 400 in TensorFlow Serving, before what is made within runs."""
    return tf.control_dependencies([tf.debugging.Assert(condition, [message, *values], summarize=8)])
