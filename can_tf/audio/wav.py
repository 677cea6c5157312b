"""Recordings as the bytes that the exported graph decodes: wav, 16-bit PCM, at the features' sample rate."""

import io
import wave
from pathlib import Path

import numpy as np
import soundfile

from can_tf.audio.reading import read_audio
from can_tf.limits import MAX_SECONDS


def wav_bytes(samples: np.ndarray, sample_rate_hz: int) -> bytes:
    """Returns `<float32>[samples]` in [-1, 1] as a wav file of 16-bit PCM, mono."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sample_rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def read_as_wav(path: Path, sample_rate_hz: int, *, max_seconds: float = MAX_SECONDS) -> tuple[bytes, np.ndarray]:
    """Returns a recording of any format as such bytes and as such samples.

    A file that is 16-bit PCM wav at that rate already goes as it is; another is resampled, averaged over channels and
    rounded to 16 bits.

    Raises:
        AudioError: As `can_tf.audio.reading.read_audio` does.
    """
    samples = read_audio(path, sample_rate_hz, max_seconds=max_seconds)
    information = soundfile.info(path)
    if (information.format, information.subtype, information.samplerate) == ("WAV", "PCM_16", sample_rate_hz):
        content = path.read_bytes()
        if _promised_samples(content) == len(samples):  # A program that streams a wav file cannot tell its length.
            return content, samples
    return wav_bytes(samples, sample_rate_hz), samples


def _promised_samples(content: bytes) -> int:
    """Returns how many samples a channel a wav file's header tells; -1 where there is none."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            return file.getnframes()
    except (wave.Error, EOFError, RuntimeError):
        return -1


def seconds_of(content: bytes) -> float:
    """Returns how long a wav file of PCM is, by its header and size; 0 for what is none, which the graph refuses."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            frames = min(file.getnframes(), len(content) // (file.getsampwidth() * file.getnchannels()))
            return frames / file.getframerate()
    except (wave.Error, EOFError, RuntimeError, ZeroDivisionError):
        return 0.0
