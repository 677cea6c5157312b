"""Sound: from any source to 16 kHz, mono, on the 16-bit grid."""

from can_tf.audio.reading import Source, read_audio, read_header, read_recording, seconds_in
from can_tf.audio.wav import wav_bytes

__all__ = ["Source", "read_audio", "read_header", "read_recording", "seconds_in", "wav_bytes"]
