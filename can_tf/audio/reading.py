"""The one way in for sound: any recording becomes 16 kHz, mono, on the grid of 16-bit integers.

`build-records`, `predict`, `explain`, `align` and `serve` all read through `read_audio`, so that training and serving
have the same samples, to the bit, whatever the recording was.
"""

import contextlib
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import soundfile

from can_tf.audio.resampling import resample
from can_tf.errors import AudioError
from can_tf.limits import MAX_SECONDS, length_fault
from can_tf.samples import SAMPLE_RATE_HZ, on_grid

# A file's path, its bytes, an open file, samples, or samples with their rate.
Source = Path | str | bytes | BinaryIO | np.ndarray | tuple[np.ndarray, int]

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 1_000_000  # Beyond, a header is damaged, and resampling takes forever.
_LOUDEST = 4.0  # Decoders overshoot full scale a little; what goes further was never scaled to it.
_MOST_CHANNELS = 64
_BLOCK_VALUES = 1 << 20
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # What programs write that stream a wav file and cannot go back.


def read_audio(
    source: Source, *, sample_rate: int | None = None, name: str | None = None, max_seconds: float = MAX_SECONDS
) -> np.ndarray:
    """Returns a recording as `<float32>[samples]`: 16 kHz, channels averaged, in [-1, 1), on the 16-bit grid.

    Args:
        source: A path, the bytes of a file or an open binary file, in any format that libsndfile reads (wav, flac, ogg,
            mp3 and others); or samples, `<float>[samples]` or `[samples, channels]` in [-1, 1], or integers of 16 or 32
            bits, with `sample_rate` or as a pair with it.
        sample_rate: Of samples, in Hz; a file says its own.
        name: What errors call the recording; by default a file's path.
        max_seconds: A longer recording is refused before it is decoded.

    Raises:
        AudioError: The file is missing, empty, of an unknown format, too long, a wav that is cut short, or holds
            samples that are not finite or far beyond full scale; or samples come without their rate.

    Example:
        >>> read_audio(np.zeros((48_000, 2)), sample_rate=48_000).shape  # A second, stereo.
        (16000,)
        >>> from can_tf.audio import wav_bytes
        >>> read_audio(wav_bytes(np.full(4, 0.25))).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    samples, rate, name = _decoded(source, sample_rate, name, max_seconds)
    if not len(samples):
        raise AudioError("holds no samples", where=name)
    if not np.isfinite(samples).all():
        raise AudioError("holds samples that are not finite (NaN or infinity)", where=name, advice="Convert it again")
    if (peak := float(np.abs(samples).max())) > _LOUDEST:
        raise AudioError(f"its samples reach {peak:.6g}", where=name, expected="-1 to 1", advice="Scale them first")
    return on_grid(samples if rate == SAMPLE_RATE_HZ else resample(samples, rate, SAMPLE_RATE_HZ))


class Header(NamedTuple):
    """What the header of a recording says: samples per channel, and their rate in Hz."""

    samples: int
    sample_rate: int


def read_header(path: Path) -> Header:
    """Returns what a recording's header says, without decoding it; raises AudioError if it cannot be read.

    Whether a wav file is whole is for `read_audio` to say.
    """
    with _opened(path, str(path), check_whole=False) as file:
        return Header(file.frames, file.samplerate)


def seconds_in(path: Path) -> float:
    """Returns the length of a recording by its header; raises AudioError if it cannot be read."""
    header = read_header(path)
    return header.samples / header.sample_rate


def _decoded(
    source: Source, sample_rate: int | None, name: str | None, max_seconds: float
) -> tuple[np.ndarray, int, str]:
    """Returns `<float32>[samples]` with channels averaged, their rate in Hz, and the recording's name."""
    if isinstance(source, tuple):
        source, sample_rate = source
    if isinstance(source, (str, Path, bytes)) or hasattr(source, "read"):
        name = name or (str(source) if isinstance(source, (str, Path)) else "recording")
        if sample_rate is not None:
            raise AudioError(f"came with the sample rate {sample_rate}", where=name, expected="a rate for samples only")
        return (*_from_file(source, name, max_seconds), name)
    return (*_from_array(source, sample_rate, name or "samples", max_seconds), name or "samples")


def _from_file(source: Any, name: str, max_seconds: float) -> tuple[np.ndarray, int]:
    with _opened(source, name) as file:
        _check_length(file.frames, file.samplerate, name, max_seconds)
        # No more is decoded than the header tells.
        return np.concatenate([*_mono_blocks(file), np.zeros(0, np.float32)]), file.samplerate


def _from_array(samples: Any, rate: int | None, name: str, max_seconds: float) -> tuple[np.ndarray, int]:
    samples = np.asarray(samples)
    if rate is None:
        raise AudioError("came without a sample rate", where=name, expected="sample_rate, in Hz, such as 16000")
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2 or samples.dtype.kind not in "fi" or not samples.shape[1] <= _MOST_CHANNELS:
        raise AudioError(
            f"are {samples.dtype} of the shape {list(samples.shape)}",
            where=name,
            expected="numbers of the shape [samples] or [samples, channels]",
        )
    _check_length(len(samples), rate, name, max_seconds)
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1) if samples.dtype.kind == "i" else 1.0
    return (samples.astype(np.float32) / np.float32(full_scale)).mean(axis=1, dtype=np.float32), rate


def _check_length(frames: int, rate: int, name: str, max_seconds: float) -> None:
    if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        expected = f"{LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz"
        raise AudioError(f"its sample rate is {rate} Hz", where=name, expected=expected)
    if fault := length_fault(frames, rate, max_seconds):
        raise AudioError(**fault._asdict(), where=name)


@contextlib.contextmanager
def _opened(source: Any, name: str, *, check_whole: bool = True) -> Iterator[soundfile.SoundFile]:
    """Gives a recording opened by libsndfile; what keeps it from being read is an AudioError that names it."""
    try:
        with contextlib.ExitStack() as stack:
            content: BinaryIO
            if isinstance(source, (str, Path)):
                content = stack.enter_context(Path(source).open("rb"))
            else:
                content = io.BytesIO(source if isinstance(source, bytes) else source.read())
            if check_whole:
                _check_wav_is_whole(content, name)
            yield stack.enter_context(soundfile.SoundFile(content))
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        expected = "wav, flac, ogg or mp3"
        raise AudioError(f"cannot be read as audio ({reason})", where=name, expected=expected) from error


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """Yields a recording in parts, `<float32>[samples]`: a damaged header may promise more than any memory holds."""
    while len(block := file.read(_BLOCK_VALUES // file.channels, dtype="float32", always_2d=True)):
        yield block.mean(axis=1) if file.channels > 1 else block[:, 0]


def _check_wav_is_whole(file: BinaryIO, name: str) -> None:
    """Raises AudioError when a RIFF file ends before its data chunk does, which libsndfile reads without a word."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    header = file.read(12)
    if header[:4] == b"RIFF" and header[8:] == b"WAVE":
        length = _length_of_data(file, name)
        if length not in _UNKNOWN_SIZES and file.tell() + length > size:
            there = max(size - file.tell(), 0)
            raise AudioError(
                f"is cut short: its header promises {length} bytes of samples, {there} are there", where=name
            )
    file.seek(0)


def _length_of_data(file: BinaryIO, name: str) -> int:
    """Goes to the samples of a wav file and returns how many bytes of them its header promises."""
    while len(chunk := file.read(8)) == 8:
        kind, length = struct.unpack("<4sI", chunk)
        if kind == b"data":
            return length
        file.seek(length + length % 2, io.SEEK_CUR)
    raise AudioError("is a wav file without a data chunk: it was cut short in its header", where=name)
