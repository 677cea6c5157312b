"""What libsndfile does not read: the containers of browsers, telephones and video, by FFmpeg's libraries (PyAV).

Which of the two reads a recording is told by its first bytes, and never by what is installed: so its samples are the
same everywhere, or it is refused.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from can_tf.errors import AudioError, MissingExtraError

EXTRA = "media"
SUFFIXES = (
    *(".webm", ".mka", ".mkv", ".m4a", ".mp4", ".m4b", ".mov", ".3gp", ".3g2", ".aac", ".amr", ".awb", ".wma", ".ac3"),
    *(".ts", ".flv", ".wv", ".spx", ".caf"),
)
_SECONDS_MISSING = 0.1  # What a container may promise beyond its last sample: encoders' padding, and rounding.
_LONGEST_GAP = 0.5  # Seconds from one packet to the next; in silence, Opus sends one each 0.4 s.


class Kind(NamedTuple):
    """A container: what users call it, and FFmpeg, which is told it: it would guess lists of addresses too."""

    name: str
    demuxer: str


_BY_START = (
    (0, b"\x1aE\xdf\xa3", Kind("WebM or Matroska", "matroska")),
    *((4, start, Kind("MP4 or QuickTime", "mov")) for start in (b"ftyp", b"moov", b"mdat", b"wide")),
    (0, b"#!AMR", Kind("AMR", "amr")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("Windows Media", "asf")),
    (0, b"\x0bw", Kind("AC-3", "ac3")),
    (0, b"FLV\x01", Kind("Flash video", "flv")),
    (0, b"wvpk", Kind("WavPack", "wv")),
)
OGG, WAV, CAF, AAC = Kind("Ogg", "ogg"), Kind("wav", "wav"), Kind("CAF", "caf"), Kind("AAC", "aac")


def kind_of(head: bytes) -> Kind | None:
    """Returns what a recording is that libsndfile never reads, by its first kilobyte; None for any other."""
    for place, start, kind in _BY_START:
        if head[place : place + len(start)] == start:
            return kind
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # As MPEG's frames, of the layer that is none.
        return AAC
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return Kind("MPEG-TS", "mpegts")
    return None


def library(name: str, kind: str) -> Any:
    """Returns the module `av`; raises MissingExtraError, which names the recording, if it is not installed."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(f"{name}: reading {kind}", EXTRA) from error
    return av


class Track(NamedTuple):
    """The sound of a container, with the fields of `can_tf.audio.streams.Stream`."""

    rate: int
    channels: int
    told: int | None
    least: int
    blocks: Iterator[np.ndarray]  # <float32>[samples, channels]


@contextlib.contextmanager
def track(file: BinaryIO, kind: Kind, name: str) -> Iterator[Track]:
    """Gives the sound of a container.

    Raises:
        AudioError: It cannot be read, or holds no sound or more than one track of it.
        MissingExtraError: PyAV is not installed.
    """
    av = library(name, kind.name)
    try:
        with av.open(file, format=kind.demuxer) as container:
            tracks = container.streams.audio
            if len(tracks) != 1:
                found = f"{len(tracks)} tracks of sound" if tracks else "no sound"
                advice = "Take out the one you mean: ffmpeg -i OLD -map 0:a:0 NEW.wav" if tracks else ""
                raise AudioError(f"holds {found}", where=name, expected="one", advice=advice)
            [stream] = tracks
            codec = stream.codec_context  # None of an encoding that is unknown.
            if codec is None or not (codec.sample_rate and codec.channels):
                raise AudioError(f"holds no sound that FFmpeg can decode as {kind.name}", where=name)
            seconds = _seconds(container, stream, kind, av.time_base)
            told = round(seconds * stream.rate) if seconds else None
            least = round(max((seconds or 0) - _SECONDS_MISSING, 0) * stream.rate)
            yield Track(stream.rate, stream.channels, told, least, _blocks(container, stream, name))
    except av.error.FFmpegError as error:
        raise AudioError(f"cannot be read as {kind.name} ({error.strerror})", where=name) from error


def _seconds(container: Any, stream: Any, kind: Kind, time_base: int) -> float | None:
    """Returns how long a track is by its container, None if that does not tell."""
    if kind == AAC:
        return None  # FFmpeg guesses by the rate of the first bits.
    if stream.duration:
        return float(stream.duration * stream.time_base)
    # Matroska knows one duration for all tracks; a picture's may be longer.
    return container.duration / time_base if container.duration and len(container.streams) == 1 else None


def _blocks(container: Any, stream: Any, name: str) -> Iterator[np.ndarray]:
    expected = None
    for frame in container.decode(stream):
        if frame.is_corrupt:
            raise AudioError("is damaged", where=name, advice="Convert it again")
        if expected is not None and frame.time is not None and frame.time - expected > _LONGEST_GAP:
            what = f"is damaged: {frame.time - expected:.1f} s are missing at {expected:.1f} s"
            raise AudioError(what, where=name, advice="Record or convert it again")
        expected = None if frame.time is None else frame.time + frame.samples / frame.sample_rate
        if (frame.sample_rate, len(frame.layout.channels)) != (stream.rate, stream.channels):
            raise AudioError("changes its rate or its channels on the way", where=name, advice="Convert it to wav")
        values = frame.to_ndarray()  # [channels, samples], or [1, samples * channels]
        values = values.T if frame.format.is_planar else values.reshape(-1, stream.channels)
        if values.dtype == np.uint8:
            values = values.astype(np.float32) / 128 - 1
        elif values.dtype.kind == "i":
            values = values / np.float32(2.0 ** (8 * values.dtype.itemsize - 1))
        yield values.astype(np.float32)
