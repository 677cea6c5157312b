"""Recordings as the bytes that the exported graph decodes: wav files of 16-bit PCM, mono, at 16 kHz."""

import io
import wave

import numpy as np

from can_tf.samples import SAMPLE_RATE_HZ, pcm16

_HEADER_BYTES = 44  # At least.


def wav_bytes(samples: np.ndarray) -> bytes:
    """Returns samples as a wav file, from which the graph decodes these very samples.

    Args:
        samples: `<float32>[samples]` in [-1, 1], from `can_tf.audio.read_audio`.

    Example:
        >>> len(wav_bytes(np.zeros(16_000, np.float32)))
        32044
    """
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm16(samples).astype("<i2").tobytes())
    return buffer.getvalue()


def longest_seconds(content: bytes) -> float:
    """Returns how long the sound can be that the graph decodes from these bytes, whatever its header says of a length.

    Of the header counts the number of channels alone, at the place where TensorFlow reads it.
    """
    channels = max(1, int.from_bytes(content[22:24], "little"))
    return max(0, len(content) - _HEADER_BYTES) / (2 * channels * SAMPLE_RATE_HZ)
