"""Recordings as the bytes that the exported graph decodes: wav files of 16-bit PCM, mono, at 16 kHz."""

import io
import wave

import numpy as np

from can_tf.samples import SAMPLE_RATE_HZ, pcm16


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


def seconds_of(content: bytes) -> float:
    """Returns the length of a wav file of PCM by its header and size; 0 for any other, which the graph refuses."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            frames = min(file.getnframes(), len(content) // (file.getsampwidth() * file.getnchannels()))
            return frames / file.getframerate()
    except (wave.Error, EOFError, RuntimeError, ZeroDivisionError):
        return 0.0
