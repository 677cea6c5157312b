"""Reading recordings: any format that libsndfile knows, to mono float32 at the features' sample rate.

The only module that imports tensorflow-io: its resampler is not a stock op, so nothing that is served may use it.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from can_tf.errors import AudioError
from can_tf.limits import MAX_SECONDS, length_fault

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 1_000_000  # Beyond, a header is damaged, and resampling takes forever.
_BLOCK_VALUES = 1 << 20
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # What programs write that stream a wav file and cannot go back.


def read_audio(path: Path, sample_rate_hz: int, *, max_seconds: float = MAX_SECONDS) -> np.ndarray:
    """Returns a recording as `<float32>[samples]`, in [-1, 1], channels averaged, at `sample_rate_hz`.

    Raises:
        AudioError: The file is missing, empty, of an unknown format, longer than `max_seconds`, a wav that is cut
            short, or holds samples that are not finite. Other formats do not always tell that they were cut short.
    """
    _check_wav_is_whole(path)
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
                raise AudioError(
                    f"{path}: its sample rate is {rate} Hz; expected {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz."
                )
            # Before samples are decoded; no more of them than the header tells are decoded later.
            if fault := length_fault(file.frames, rate, max_seconds):
                raise AudioError(f"{path}: {fault}.")
            mono = np.concatenate([*_mono_blocks(file), np.zeros(0, np.float32)])
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: cannot be read as audio ({error}). Expected wav, flac, ogg or mp3.") from error
    if not len(mono):
        raise AudioError(f"{path}: holds no samples.")
    if not np.isfinite(mono).all():
        raise AudioError(f"{path}: holds samples that are not finite (NaN or infinity). Convert the file again.")
    return mono if rate == sample_rate_hz else resample(mono, rate, sample_rate_hz)


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """Yields a recording in parts, `<float32>[samples]`: a damaged header may promise more than any memory holds."""
    while len(block := file.read(_BLOCK_VALUES // file.channels, dtype="float32", always_2d=True)):
        yield block.mean(axis=1) if file.channels > 1 else block[:, 0]


def resample(samples: np.ndarray, rate_hz: int, new_rate_hz: int) -> np.ndarray:
    """Returns `<float32>[samples]` at another rate."""
    import tensorflow_io as tfio  # Takes a second to load, and most corpora come at 16 kHz.

    return tfio.audio.resample(samples[:, None], rate_hz, new_rate_hz).numpy()[:, 0]


def _check_wav_is_whole(path: Path) -> None:
    """Raises AudioError when a RIFF file ends before its data chunk does, which libsndfile reads without a word."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            header = file.read(12)
            if header[:4] != b"RIFF" or header[8:] != b"WAVE":
                return
            while len(chunk := file.read(8)) == 8:
                name, length = struct.unpack("<4sI", chunk)
                if name == b"data":
                    break
                file.seek(length + length % 2, 1)
            else:
                raise AudioError(f"{path}: is a wav file without a data chunk: it was cut short in its header.")
            if length not in _UNKNOWN_SIZES and file.tell() + length > size:
                raise AudioError(
                    f"{path}: is cut short: its header promises {length} bytes of samples, "
                    f"{max(size - file.tell(), 0)} are there."
                )
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}).") from error
