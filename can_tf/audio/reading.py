"""The one way in for sound: any recording becomes 16 kHz, mono, on the grid of 16-bit integers.

`build-records`, `predict`, `explain`, `align` and `serve` all read through `read_audio`, so that training and serving
have the same samples, to the bit, whatever the recording was.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from can_tf.audio.levels import Mixer, check_not_silent
from can_tf.audio.resampling import resample
from can_tf.audio.streams import Stream, opened
from can_tf.errors import AudioError
from can_tf.limits import MAX_SECONDS, length_fault
from can_tf.samples import SAMPLE_RATE_HZ, on_grid

# A file's path, its bytes, an open file, samples, or samples with their rate.
Source = Path | str | bytes | BinaryIO | np.ndarray | tuple[np.ndarray, int]

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 1_000_000  # Beyond, a header is damaged, and resampling takes forever.
_MOST_CHANNELS = 64
_SAMPLE_TYPES = ("float16", "float32", "float64", "int16", "int32")


class Recording(NamedTuple):
    """A recording as `read_audio` has it, and whether it came at another rate than the model's."""

    samples: np.ndarray
    resampled: bool


def read_audio(
    source: Source, *, sample_rate: int | None = None, name: str | None = None, max_seconds: float = MAX_SECONDS
) -> np.ndarray:
    """Returns a recording as `<float32>[samples]`: 16 kHz, channels averaged, in [-1, 1), on the 16-bit grid.

    Args:
        source: A path, the bytes of a file or an open binary file: wav, flac, ogg, opus, mp3 and what else libsndfile
            reads, and with the extra `media` webm, m4a and what else FFmpeg reads; or samples, `<float>[samples]` or
            `[samples, channels]` in [-1, 1], or integers of 16 or 32 bits, with `sample_rate` or as a pair with it.
        sample_rate: Of samples, in Hz; a file says its own.
        name: What errors call the recording; by default a file's path.
        max_seconds: A longer recording is refused, before it is decoded if it says how long it is.

    Raises:
        AudioError: The file is missing, empty, of an unknown format, too long, cut short, or longer than it says; it is
            silent, its channels cancel out, or its samples are not finite or far beyond full scale; or samples come
            without their rate.
        MissingExtraError: The file is of a kind that needs the extra `media`.

    Example:
        >>> left = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000)
        >>> read_audio(np.stack([left, 0 * left], axis=1), sample_rate=48_000).shape  # A second, stereo.
        (16000,)
        >>> from can_tf.audio import wav_bytes
        >>> read_audio(wav_bytes(np.array([0.25, -0.25, 0.5]))).tolist()
        [0.25, -0.25, 0.5]
    """
    return read_recording(source, sample_rate=sample_rate, name=name, max_seconds=max_seconds).samples


def read_recording(
    source: Source, *, sample_rate: int | None = None, name: str | None = None, max_seconds: float = MAX_SECONDS
) -> Recording:
    """Returns what `read_audio` does, with whether it was resampled; arguments and errors are the same."""
    name = name or _name_of(source)
    parts = [part for part in _decoded(source, sample_rate, name, max_seconds) if len(part[0])]
    if not parts:
        raise AudioError("holds no samples", where=name)
    samples = np.concatenate(
        [mono if rate == SAMPLE_RATE_HZ else resample(mono, rate, SAMPLE_RATE_HZ) for mono, rate in parts]
    )
    check_not_silent(samples, name)
    return Recording(on_grid(samples), any(rate != SAMPLE_RATE_HZ for _, rate in parts))


class Header(NamedTuple):
    """What the header of a recording says: samples per channel, and their rate in Hz."""

    samples: int
    sample_rate: int


def read_header(path: Path) -> Header:
    """Returns how long a recording is by its own word; where it has none, it is decoded.

    Raises:
        AudioError: It cannot be read, or was cut short.
        MissingExtraError: It is of a kind that needs PyAV, which is not installed.
    """
    with opened(path, str(path)) as streams:
        if not streams:
            return Header(0, SAMPLE_RATE_HZ)
        rate = streams[0].rate
        _check_rate(rate, str(path))
        counts = [
            sum(len(block) for block in stream.blocks) if stream.told is None else stream.told for stream in streams
        ]
        return Header(
            round(sum(count * rate / stream.rate for count, stream in zip(counts, streams, strict=True))), rate
        )


def seconds_in(path: Path) -> float:
    """Returns the length of a recording by its header; raises AudioError if it cannot be read."""
    header = read_header(path)
    return header.samples / header.sample_rate


def _name_of(source: Source) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    return "recording" if isinstance(source, bytes) or hasattr(source, "read") else "samples"


def _decoded(
    source: Source, sample_rate: int | None, name: str, max_seconds: float
) -> Iterator[tuple[np.ndarray, int]]:
    """Yields `<float32>[samples]` with channels averaged, and their rate in Hz, for each stream of a recording."""
    if isinstance(source, tuple):
        source, sample_rate = source
    if not (isinstance(source, (str, Path, bytes)) or hasattr(source, "read")):
        yield _mixed(_of_array(source, sample_rate, name), name, max_seconds)
        return
    if sample_rate is not None:
        raise AudioError(f"came with the sample rate {sample_rate}", where=name, expected="a rate for samples only")
    with opened(source, name) as streams:
        for stream in streams:
            mono, rate = _mixed(stream, name, max_seconds)
            max_seconds -= len(mono) / rate
            yield mono, rate


def _of_array(samples: Any, rate: int | None, name: str) -> Stream:
    samples = np.asarray(samples)
    if rate is None:
        raise AudioError("came without a sample rate", where=name, expected="sample_rate, in Hz, such as 16000")
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2 or samples.dtype not in _SAMPLE_TYPES or not 0 < samples.shape[1] <= _MOST_CHANNELS:
        raise AudioError(
            f"are {samples.dtype} of the shape {list(samples.shape)}",
            where=name,
            expected="floats, or integers of 16 or 32 bits, of the shape [samples] or [samples, channels]",
        )
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1) if samples.dtype.kind == "i" else 1.0
    scaled = samples.astype(np.float32) / np.float32(full_scale)
    return Stream(rate, samples.shape[1], len(samples), len(samples), None, iter([scaled]))


def _mixed(stream: Stream, name: str, max_seconds: float) -> tuple[np.ndarray, int]:
    """Decodes a stream: returns `<float32>[samples]` with channels averaged, and their rate."""
    _check_rate(stream.rate, name)
    _check_length(stream.told or 0, stream.rate, name, max_seconds)
    mixer = Mixer(stream.channels)
    for block in stream.blocks:
        mixer.add(block)
        # Length is what is decoded, not what a header says.
        _check_length(mixer.samples, stream.rate, name, max_seconds)
    _check_whole(mixer.samples, stream, name)
    return mixer.mono(name), stream.rate


def _check_whole(samples: int, stream: Stream, name: str) -> None:
    if samples < stream.least:
        what = f"is cut short or damaged: its header promises {stream.told} samples, {samples} can be decoded"
        raise AudioError(what, where=name, advice="Convert it again")
    if stream.most is not None and samples > stream.most:
        what = f"is longer than it says: its header promises {stream.told} samples, and there are {samples}"
        raise AudioError(what, where=name, advice="Convert it again")


def _check_rate(rate: int, name: str) -> None:
    if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        expected = f"{LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz"
        raise AudioError(f"its sample rate is {rate} Hz", where=name, expected=expected)


def _check_length(samples: int, rate: int, name: str, max_seconds: float) -> None:
    if fault := length_fault(samples, rate, max_seconds):
        raise AudioError(**fault._asdict(), where=name)
