"""Files as streams of samples: who reads them, how long they say they are, and their samples block by block."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import soundfile

from can_tf.audio import chunks, media, mp3, ogg
from can_tf.errors import AudioError

FORMATS = "wav, flac, ogg, opus, mp3, m4a, webm or another kind of sound"
SUFFIXES = (
    *(
        ".wav",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".mp2",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
        ".w64",
        ".rf64",
    ),
    *(".sph", ".caf", *media.SUFFIXES),
)
BLOCK_VALUES = 1 << 20
_FIRST_BYTES = 1 << 12
_UNKNOWN_SAMPLES = 1 << 62  # What libsndfile says of a stream that does not tell how long it is.
_MPEG_PADDING = 4_096
_FLAC_HEADER_BYTES = 42
_FLAC_START = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")


class Stream(NamedTuple):
    """Sound of one rate.

    Attributes:
        rate: In Hz.
        channels: How many.
        told: Samples per channel that its container tells, None if it does not.
        least: As many are in it at least, or a part is missing.
        most: As many are in it at most, None where more are no wonder.
        blocks: The samples, `<float32>[samples, channels]`, in parts: a damaged header may promise more than any memory
            holds.
    """

    rate: int
    channels: int
    told: int | None
    least: int
    most: int | None
    blocks: Iterator[np.ndarray]


class _Forward(soundfile.SoundFile):
    """A file that is read from its beginning to its end: between blocks, soundfile would seek, which streams cannot."""

    def seekable(self) -> bool:
        return False


@contextlib.contextmanager
def opened(source: Any, name: str) -> Iterator[list[Stream]]:
    """Gives the streams of a recording, which follow one another: one, or several Ogg files in one.

    Args:
        source: A path, the bytes of a file, or an open binary file.
        name: What errors call it.

    Raises:
        AudioError: It cannot be read, or was cut short.
        MissingExtraError: It is of a kind that needs PyAV, which is not installed.
    """
    try:
        with contextlib.ExitStack() as stack:
            file: BinaryIO
            if isinstance(source, (str, Path)):
                file = stack.enter_context(Path(source).open("rb"))
            else:
                file = io.BytesIO(source if isinstance(source, bytes) else source.read())
            yield _streams(file, name, stack)
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition(">: ")[2] or error
        )
        raise AudioError(f"cannot be read as audio ({reason})", where=name, expected=FORMATS) from error


def _streams(file: BinaryIO, name: str, stack: contextlib.ExitStack) -> list[Stream]:
    head = file.read(_FIRST_BYTES)
    if head[:3] == b"ID3":  # Tags stand before mp3, and before AAC, FLAC and what else people tag.
        content = head + file.read()
        file = io.BytesIO(content[mp3.after_tags(content) :])
        head = file.read(_FIRST_BYTES)
    file.seek(0)
    if kind := media.kind_of(head):
        return [_by_ffmpeg(file, kind, name, stack)]
    if layout := chunks.layout_of(head):
        return [_of_chunks(file, layout, name, stack)]
    if head[:4] == b"OggS":
        return _of_ogg(ogg.links_of(file.read(), name), name, stack)
    if head[:8] in _FLAC_START:
        return [_of_flac(file.read(), name, stack)]
    if mp3.is_mpeg(head):
        return [_of_mpeg(file.read(), name, stack)]
    least = chunks.told_by_plain_header(head, file.seek(0, io.SEEK_END), name)
    file.seek(0)
    stream = _by_libsndfile(file, stack)
    return [stream._replace(least=max(stream.least, least))]


def _by_libsndfile(file: BinaryIO, stack: contextlib.ExitStack) -> Stream:
    sound = stack.enter_context(_Forward(file))
    told = None if sound.frames > _UNKNOWN_SAMPLES else sound.frames
    return Stream(sound.samplerate, sound.channels, told, told or 0, None, _blocks(sound))


def _blocks(sound: soundfile.SoundFile) -> Iterator[np.ndarray]:
    while len(block := sound.read(BLOCK_VALUES // sound.channels, dtype="float32", always_2d=True)):
        yield block


def _by_ffmpeg(file: BinaryIO, kind: media.Kind, name: str, stack: contextlib.ExitStack) -> Stream:
    track = stack.enter_context(media.track(file, kind, name))
    return Stream(track.rate, track.channels, track.told, track.least, None, track.blocks)


def _of_chunks(file: BinaryIO, layout: Any, name: str, stack: contextlib.ExitStack) -> Stream:
    found = chunks.chunks_of(file, layout)
    file = chunks.with_true_length(file, layout, found, name)
    encoding = chunks.encoding_of(file, found)
    file.seek(0)
    if encoding == "mp3":
        file.seek(found[-1].start)
        return _of_mpeg(file.read(), name, stack)
    if encoding:
        kind = media.CAF if layout is chunks.CAF else media.WAV
        return _by_ffmpeg(file, kind._replace(name=f"{kind.name} {encoding}"), name, stack)
    return _by_libsndfile(file, stack)


def _of_ogg(links: list[ogg.Link], name: str, stack: contextlib.ExitStack) -> list[Stream]:
    files = [io.BytesIO(link.content) for link in links]
    if foreign := next((link.codec for link in links if link.codec in ("FLAC", "Speex")), None):
        kind = media.OGG._replace(name=f"{foreign} in Ogg")
        return [_by_ffmpeg(file, kind, name, stack) for file in files]
    return [
        _by_libsndfile(io.BytesIO(ogg.opus_at_48_khz(link.content)) if link.codec == "Opus" else file, stack)
        for link, file in zip(links, files, strict=True)
    ]


def _of_mpeg(content: bytes, name: str, stack: contextlib.ExitStack) -> Stream:
    frames = mp3.all_frames(content, name)
    stream = _by_libsndfile(io.BytesIO(frames.content), stack)
    if frames.begin_anew:
        behind = _without_first(stream.blocks, (stream.told or 0) - frames.samples)
        return stream._replace(told=frames.samples, least=frames.samples, blocks=behind)
    # Encoders' delay and padding are off already. Where there is no header, libsndfile tells a guess.
    return stream._replace(told=frames.samples, least=frames.samples - _MPEG_PADDING)


def _without_first(blocks: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    for block in blocks:
        yield block[samples:]
        samples = max(samples - len(block), 0)


def _of_flac(content: bytes, name: str, stack: contextlib.ExitStack) -> Stream:
    if any(content.find(start, len(start)) > 0 for start in _FLAC_START):
        raise AudioError("holds several FLAC files one behind another", where=name, advice="Take them apart")
    if len(content) < _FLAC_HEADER_BYTES:
        raise AudioError("is cut short in its header", where=name)
    told = (content[21] & 0x0F) << 32 | int.from_bytes(content[22:26], "big")
    # Read as a stream that does not tell its length: libsndfile would stop at what it tells.
    stream = _by_libsndfile(io.BytesIO(content[:21] + bytes([content[21] & 0xF0, 0, 0, 0, 0]) + content[26:]), stack)
    return stream._replace(told=told or None, least=told, most=told or None)
