"""Sound that tests encode, and the headers that they damage."""

import io
import struct

import numpy as np
import soundfile

RATE_HZ = 16_000


def voice(seconds: float = 1.0, rate: int = RATE_HZ, *, seed: int = 0, channels: int = 1) -> np.ndarray:
    """Returns a tone that wobbles over a little noise, `<float32>[samples, channels]`: nobody's voice."""
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 220 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    noise = 0.02 * np.random.default_rng(seed).normal(size=(len(time), channels))
    return (tone[:, None] + noise).astype(np.float32)


def encoded(samples: np.ndarray, form: str, rate: int = RATE_HZ, **settings: object) -> bytes:
    """Returns samples as a file that libsndfile writes."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form, **settings)
    return buffer.getvalue()


def pcm(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()


def chunk(name: bytes, data: bytes, *, padded: bool = True, length: int | None = None) -> bytes:
    """Returns a chunk of a wav file, with a length of its own if it is to be wrong."""
    told = struct.pack("<I", len(data) if length is None else length)
    return name + told + data + b"\0" * (padded and len(data) % 2)


def fmt(rate: int = RATE_HZ, channels: int = 1, *, tag: int = 1, tail: bytes = b"") -> bytes:
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, 2 * rate * channels, 2 * channels, 16) + tail)


def riff(*chunks: bytes, length: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if length is None else length) + body


def vbr_mp3(samples: np.ndarray, rate: int = RATE_HZ) -> bytes:
    """Returns an mp3 of variable bit rate, with its Xing header."""
    return encoded(samples, "MP3", rate, bitrate_mode="VARIABLE", compression_level=0.5)


def without_info(mp3: bytes) -> bytes:
    """Returns an mp3 without the frame that tells how many there are."""
    place = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    start = mp3.rfind(b"\xff", 0, place)
    return mp3[mp3.find(mp3[start : start + 2], place) :]
