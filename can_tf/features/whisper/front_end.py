"""The front end `whisper-base`: what Whisper's encoder makes of a recording, averaged over each segment.

A state of a middle block knows how its 20 ms sound within the whole utterance, and is a far better start for emotion
than a spectrum (arXiv 2308.08713). The encoder is frozen.
"""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from can_tf.features.front_end import FrontEnd, Segments
from can_tf.features.whisper.weights import BLOCKS, LICENSE_PATH, WIDTH

if TYPE_CHECKING:
    import tensorflow as tf

SAMPLES_PER_STATE = 320
_NOTICE = (
    "A part of OpenAI's Whisper (https://github.com/openai/whisper), model base, is in this model: the convolutions, "
    "the positions and up to three blocks of its encoder. Its license, MIT, asks that its notice goes with every copy."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WhisperBase(FrontEnd):
    """The mean of the encoder's states within each segment: one frame of 512 numbers, however long the segment is.

    Attributes:
        layer: The block whose states count, 1 to 3.

    Example:
        >>> WhisperBase().width, WhisperBase().frames_per_second
        (512, None)
    """

    layer: int = BLOCKS
    name: ClassVar[str] = "whisper-base"
    # On EmoDB with a speaker to validate, the best WA came after 3 epochs and the lowest loss after 26 (one seed).
    monitor: ClassVar[str] = "loss"

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def frames_per_second(self) -> float | None:
        return None

    def fault(self) -> str | None:
        return None if 1 <= self.layer <= BLOCKS else f"layer: expected 1 to {BLOCKS}, found {self.layer}"

    def weights(self) -> "tf.Module":
        from can_tf.features.whisper.encoder import encoder

        return encoder(self.layer)

    def notice(self) -> str:
        return f"{_NOTICE}\n\n{LICENSE_PATH.read_text(encoding='utf-8')}"

    def frames(self, segments: Segments):
        import tensorflow as tf

        from can_tf.features.rows import repeated, row_of_each

        states, num_states = _states(segments, self.layer)
        real = segments.num_samples > 0
        first, count = _states_within(segments, num_states)
        offset = tf.gather(tf.cumsum(num_states, exclusive=True), segments.recording)
        first, count = tf.boolean_mask(offset + first, real), tf.boolean_mask(count, real)
        taken = tf.gather(states, repeated(first, count) + tf.ragged.range(count).flat_values)
        return tf.math.segment_mean(taken, row_of_each(count)), tf.cast(real, tf.int64)


def _states(segments: Segments, layer: int) -> tuple["tf.Tensor", "tf.Tensor"]:
    """Returns the states of all recordings, `<float32>[states, 512]`, and how many each has, `<int64>[recordings]`."""
    import tensorflow as tf

    from can_tf.features.whisper.encoder import encoder
    from can_tf.features.whisper.log_mel import log_mel_spectra
    from can_tf.features.whisper.windows import FRAMES_PER_STATE, joined, windows_of

    log_mel, num_frames = log_mel_spectra(segments.samples, segments.recording_samples)
    windows = windows_of(num_frames)
    first_frame = tf.gather(tf.cumsum(num_frames, exclusive=True), windows.recording)
    states = encoder(layer)(log_mel, first_frame + FRAMES_PER_STATE * windows.first_state, windows)
    return joined(states, windows, num_frames)


def _states_within(segments: Segments, num_states: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
    """Returns each segment's first state within its recording, and how many it has: at least one, `<int64>[segments]`.

    A state belongs to the segment that its middle, every 20 ms from the recording's first sample on, lies in. A segment
    between two of them has the one before its own middle.
    """
    import tensorflow as tf

    last_state = tf.gather(num_states, segments.recording) - 1
    end = segments.first + segments.num_samples
    first = (segments.first + SAMPLES_PER_STATE - 1) // SAMPLES_PER_STATE
    behind = tf.minimum((end + SAMPLES_PER_STATE - 1) // SAMPLES_PER_STATE, last_state + 1)
    nearest = tf.minimum((segments.first + segments.num_samples // 2) // SAMPLES_PER_STATE, last_state)
    return tf.where(behind > first, first, nearest), tf.maximum(behind - first, 1)
