"""What a request to the exported graph holds, checked and bounded, as stock TensorFlow ops.

What no training could have used is an error: no words, a word without samples, times or samples that are not finite,
audio of another sample rate. So is what would take far more memory than it is large itself.
"""

import contextlib
import dataclasses
from collections.abc import Iterator

import tensorflow as tf

from can_tf.features.segments import segment_samples
from can_tf.samples import SAMPLE_RATE_HZ

# What follows bounds the memory that a request can take by a multiple of its own size, and some MB.
_SAMPLES_PER_WORD, _WORDS_ANYWAY = 320, 50  # A word for every 20 ms; people say one in 200.
_WORDS_ANYWAY_TOGETHER = 256  # Of all utterances of a request.
_SAMPLES_PER_RECORDING, _RECORDINGS_ANYWAY = 1_600, 64  # 0.1 s: no word is shorter. A pretrained encoder reads its
# weights anew for each recording, which takes it as long as to encode 0.3 s.
_SAMPLES_PER_PLACE, _PLACES_ANYWAY = 40, 2**11  # Places for words, padding included.
_MOST_PADDED, _PADDING_ANYWAY = 32, 2**22  # Numbers of padded frames, for each sample.
_MOST_SAID = 3  # Words that overlap cost memory each: of speech, they last 1.1 times as long as it at most.
LOUDEST = 4.0  # Of a waveform; more was never scaled to -1 to 1 (`can_tf.audio.levels` says the same of recordings).

WORD_INPUTS = {
    "words": tf.TensorSpec([None, None], tf.string, "words"),
    "start": tf.TensorSpec([None, None], tf.float32, "start"),
    "end": tf.TensorSpec([None, None], tf.float32, "end"),
    "num_words": tf.TensorSpec([None], tf.int32, "num_words"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Words:
    """The words of a batch, without padding: one flat tensor for all utterances, and how many each has."""

    text: tf.Tensor  # <string>[batch, most words], "" on padding
    start: tf.Tensor  # <float32>[all words], seconds
    end: tf.Tensor
    num_words: tf.Tensor  # <int32>[batch]


def decoded(audio: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the samples of wav files, `<float32>[all samples]`, and how many each has, `<int64>[batch]`."""
    waveforms = tf.map_fn(_decode, audio, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0))
    return waveforms.flat_values, waveforms.row_lengths()


def _decode(content: tf.Tensor) -> tf.Tensor:
    samples, rate = tf.audio.decode_wav(content)
    right = tf.equal(rate, SAMPLE_RATE_HZ)
    with check(right, f"audio: expected {SAMPLE_RATE_HZ} Hz, resample it; its sample rate is", rate):
        return on_grid(tf.reduce_mean(samples, axis=1))


def real_words(words: tf.Tensor, start: tf.Tensor, end: tf.Tensor, num_words: tf.Tensor) -> Words:
    """Returns the words of a batch, of inputs as `WORD_INPUTS` has them."""
    within = tf.reduce_all((num_words >= 1) & (num_words <= tf.shape(words)[1]))
    with check(within, "num_words: expected numbers from 1 to the length of words, got", num_words):
        num_words = tf.identity(num_words)
    real = tf.sequence_mask(num_words, tf.shape(words)[1])
    text = tf.where(real, words, "")
    start, end = tf.boolean_mask(start, real), tf.boolean_mask(end, real)
    with (
        check(tf.reduce_all(tf.math.is_finite(start) & tf.math.is_finite(end)), "start, end: expected finite seconds"),
        check(
            tf.reduce_all(tf.boolean_mask(text, real) != ""), "words: expected no empty word among the first num_words"
        ),
    ):
        return Words(tf.identity(text), tf.identity(start), tf.identity(end), num_words)


def segments_of(words: Words, num_samples: tf.Tensor, overlap: float) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns each word's recording, first sample in it and number of samples, `<int64>[all words]`.

    Args:
        words: Of a batch.
        num_samples: Of its recordings, `<int64>[batch]`.
        overlap: As `can_tf.features.segments.segment_samples` has it.
    """
    recordings = tf.size(num_samples, tf.int64)
    recording = tf.repeat(tf.range(recordings), words.num_words)
    with _few_enough(words, num_samples):
        first, count = segment_samples(words.start, words.end, tf.gather(num_samples, recording), overlap)
    with check(
        tf.reduce_all(count > 0),
        "start, end: expected each word inside its audio with an end behind its start, got at",
        tf.stack([tf.boolean_mask(times, count <= 0) for times in (words.start, words.end)], axis=1),
    ):
        count = tf.identity(count)
    taken = tf.math.unsorted_segment_sum(count, recording, recordings)
    with check(
        tf.reduce_all(taken <= _MOST_SAID * num_samples),
        f"start, end: expected words that together last at most {_MOST_SAID} times as long as their audio, got, "
        "in samples of words and of audio,",
        taken,
        num_samples,
    ):
        return recording, first, tf.identity(count)


@contextlib.contextmanager
def _few_enough(words: Words, num_samples: tf.Tensor) -> Iterator[None]:
    """Fails a request whose words, or places for words, are far more than its audio holds."""
    places = tf.size(words.text, tf.int64)
    every_word, every_sample = tf.reduce_sum(tf.cast(words.num_words, tf.int64)), tf.reduce_sum(num_samples)
    with (
        check(
            tf.reduce_all(tf.cast(words.num_words, tf.int64) <= num_samples // _SAMPLES_PER_WORD + _WORDS_ANYWAY),
            "num_words: expected no more words than can be said in the audio, got, in words and in samples,",
            words.num_words,
            num_samples,
        ),
        check(
            every_word <= every_sample // _SAMPLES_PER_WORD + _WORDS_ANYWAY_TOGETHER,
            "num_words: expected no more words in a request than can be said in its audio, got, in words and samples,",
            every_word,
            every_sample,
        ),
        check(
            tf.size(num_samples, tf.int64) <= every_sample // _SAMPLES_PER_RECORDING + _RECORDINGS_ANYWAY,
            "audio: expected recordings that can hold a word, 0.1 s each on average, got, in samples,",
            num_samples,
        ),
        check(
            places <= every_sample // _SAMPLES_PER_PLACE + _PLACES_ANYWAY,
            "words: expected fewer of them, padding included, in so little audio; put utterances of like numbers of "
            "words in a request; got",
            places,
        ),
    ):
        yield


def padded(frames: tf.RaggedTensor, words: tf.Tensor, num_samples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns frames as a model takes them, `<float32>[batch, words, frames, width]`, and `<int32>[batch, words]`.

    Args:
        frames: Of the segments, ragged `<float32>[batch, (words), (frames), width]`.
        words: `<string>[batch, words]`.
        num_samples: `<int64>[batch]`, of the recordings.
    """
    shape, counts = tf.shape(words, tf.int64), frames.row_lengths(2)
    longest, width = tf.reduce_max(counts.flat_values), frames.flat_values.shape[-1]
    numbers = tf.reduce_prod(shape) * longest * width
    with check(
        numbers <= _MOST_PADDED * tf.reduce_sum(num_samples) + _PADDING_ANYWAY,
        "start, end: one word is so much longer than others that padding would be most of the frames; got numbers",
        numbers,
    ):
        in_full = frames.to_tensor(0.0, shape=tf.concat([shape, [longest, width]], 0))
    return in_full, tf.cast(counts.to_tensor(0, shape=shape), tf.int32)


def on_grid(samples: tf.Tensor) -> tf.Tensor:
    """Returns samples on the grid of 16-bit integers, as `can_tf.samples.on_grid` does: what training had."""
    return tf.clip_by_value(tf.round(samples * 32_768.0), -32_768.0, 32_767.0) / 32_768.0


def check(condition: tf.Tensor, message: str, *values: tf.Tensor) -> contextlib.AbstractContextManager:
    """Fails the request with InvalidArgument, status 400 in TensorFlow Serving, before what is made within runs."""
    return tf.control_dependencies([tf.debugging.Assert(condition, [message, *values], summarize=8)])
