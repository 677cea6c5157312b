"""Containers made of chunks: wav, RF64, AIFF, W64 and CAF. How many bytes of sound they promise, and hold.

libsndfile believes a length of 0, reads a file that was cut short without a word, and stops where the header says, even
if the recording goes on behind it.
"""

import io
import re
import struct
from typing import BinaryIO, NamedTuple

from can_tf.errors import AudioError

# Lengths that programs write which stream a file and cannot go back, or a little less: of them, the header's length is
# taken off. 0 (GStreamer), 0x7ffff000 (sox, espeak-ng), 0x80000000 (arecord), 0xffffffff (ffmpeg).
_ROOM_FOR_A_HEADER = 1 << 16
_NEARLY_2_GB, _2_GB, _4_GB, _64_BITS = 0x7FFFF000, 0x80000000, 0xFFFFFFFF, 1 << 62

_MPEG_LAYER_3 = 0x55  # A wav file's tag for mp3.
# What libsndfile decodes of a wav file: PCM, ADPCM, float, A-law, mu-law, GSM 6.10, G.721, and the extensible tag.
_READABLE_TAGS = {0x01, 0x02, 0x03, 0x06, 0x07, 0x11, 0x31, 0x40, _MPEG_LAYER_3, 0xFFFE}
_READABLE_CAF = {b"lpcm", b"ulaw", b"alaw"}


class _Layout(NamedTuple):
    """How chunks follow one another."""

    first: int  # Where the first chunk begins.
    name_bytes: int
    length: str  # As `struct` has it.
    unit: int  # A chunk begins at a multiple of so many bytes from its forerunner.
    counts_itself: bool  # Whether the length counts name and length too.
    sound: bytes  # The first four bytes of the name of the chunk with the samples.


_RIFF = _Layout(12, 4, "<I", 2, False, b"data")
_AIFF = _Layout(12, 4, ">I", 2, False, b"SSND")
_W64 = _Layout(40, 16, "<Q", 8, True, b"data")
CAF = _Layout(8, 4, ">Q", 1, False, b"data")


class Chunk(NamedTuple):
    """A chunk: its name's first four bytes, where its content begins, and the length that its header tells."""

    name: bytes
    start: int
    length: int


def layout_of(head: bytes) -> _Layout | None:
    """Returns how a file's chunks follow one another, by its first 16 bytes; None if it has none."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _RIFF
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _AIFF
    if head[:4] == b"riff" and head[4:8] == b"\x2e\x91\xcf\x11":
        return _W64
    return CAF if head[:4] == b"caff" else None


def chunks_of(file: BinaryIO, layout: _Layout) -> list[Chunk]:
    """Returns a file's chunks up to the one with the samples."""
    found: list[Chunk] = []
    place = layout.first
    while chunk := _chunk_at(file, place, layout):
        if not _is_name(chunk.name) and layout.unit == 2 and place > layout.first:
            # The chunk before is of odd length, and its writer forgot the byte that makes it even.
            chunk = _chunk_at(file, place - 1, layout)
        if chunk is None or not _is_name(chunk.name):
            break
        found.append(chunk)
        if chunk.name == layout.sound:
            break
        place = chunk.start + chunk.length
        place += -(place - layout.first) % layout.unit
    return found


def _chunk_at(file: BinaryIO, place: int, layout: _Layout) -> Chunk | None:
    file.seek(place)
    head = file.read(layout.name_bytes + struct.calcsize(layout.length))
    if len(head) < layout.name_bytes + struct.calcsize(layout.length):
        return None
    [length] = struct.unpack(layout.length, head[layout.name_bytes :])
    return Chunk(head[:4], place + len(head), max(length - len(head), 0) if layout.counts_itself else length)


def _is_name(name: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in name)


def told_by_plain_header(head: bytes, size: int, name: str) -> int:
    """Returns the samples that a header without chunks promises, that of NIST's sphere files; 0 for any other.

    Raises:
        AudioError: An .au file ends before its samples do.
    """
    if head[:4] == b".snd" and len(head) >= 12:
        start, promised = struct.unpack(">II", head[4:12])
        if promised < _4_GB - _ROOM_FOR_A_HEADER and start + promised > size:
            raise _cut_short(promised, size - start, name)
    counted = re.search(rb"^sample_count -i (\d+)", head, re.MULTILINE) if head[:7] == b"NIST_1A" else None
    return int(counted[1]) if counted else 0


def _cut_short(promised: int, there: int, name: str) -> AudioError:
    return AudioError(f"is cut short: its header promises {promised} bytes of samples, {there} are there", where=name)


def encoding_of(file: BinaryIO, chunks: list[Chunk]) -> str:
    """Returns "mp3" for a wav file of MP3, the name of an encoding that libsndfile cannot decode, "" for any other."""
    for chunk in chunks:
        file.seek(chunk.start)
        if chunk.name == b"fmt ":
            tag = int.from_bytes(file.read(2), "little")
            return "mp3" if tag == _MPEG_LAYER_3 else "" if tag in _READABLE_TAGS else f"of the encoding {tag:#06x}"
        if chunk.name == b"desc":
            kind = file.read(12)[8:]
            return "" if kind in _READABLE_CAF else f"of the encoding {kind.decode('latin-1').strip()}"
    return ""


def with_true_length(file: BinaryIO, layout: _Layout, chunks: list[Chunk], name: str) -> BinaryIO:
    """Returns a file whose header tells how many bytes of samples there are: the same, or a copy in memory.

    Raises:
        AudioError: The file ends before its samples do, has none, or goes on behind them with what is no chunk.
    """
    if not chunks or chunks[-1].name != layout.sound:
        raise AudioError("holds no chunk of samples: it was cut short in its header", where=name)
    size = file.seek(0, io.SEEK_END)
    there = size - chunks[-1].start
    promised, field = _promised(file, layout, chunks)
    if _is_placeholder(promised, layout) and not (promised == 0 and _only_chunks(file, chunks[-1].start, layout)):
        file.seek(0)
        content = bytearray(file.read())
        length = there + (chunks[-1].start - field.start + layout.name_bytes) * layout.counts_itself
        content[field] = length.to_bytes(field.stop - field.start, "big" if layout.length[0] == ">" else "little")
        return io.BytesIO(content)
    if promised > there:
        raise _cut_short(promised, there, name)
    if not _only_chunks(file, chunks[-1].start + promised, layout):
        raise AudioError(
            f"goes on behind its samples: its header promises {promised} bytes of them, and {there - promised} more "
            "follow that are nothing else",
            where=name,
            advice="If they belong to it, correct its header: sox --ignore-length OLD.wav NEW.wav",
        )
    file.seek(0)
    return file if all(chunk.start % 2 == 0 for chunk in chunks) or layout is not _RIFF else _evened(file, chunks)


def _evened(file: BinaryIO, chunks: list[Chunk]) -> BinaryIO:
    """Returns a copy of a wav file whose chunks begin at even places, where libsndfile looks for them."""
    body = b"WAVE"
    for chunk in chunks:
        if chunk.name in (b"fmt ", b"data"):
            file.seek(chunk.start)
            content = file.read(chunk.length)
            body += chunk.name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
    return io.BytesIO(b"RIFF" + len(body).to_bytes(4, "little") + body)


def _promised(file: BinaryIO, layout: _Layout, chunks: list[Chunk]) -> tuple[int, slice]:
    """Returns how many bytes of samples the header promises, and where it says so."""
    sound = chunks[-1]
    if chunks[0].name == b"ds64" and sound.length == _4_GB:  # RF64: the length is where 64 bits fit.
        file.seek(chunks[0].start + 8)
        return int.from_bytes(file.read(8), "little"), slice(chunks[0].start + 8, chunks[0].start + 16)
    return sound.length, slice(sound.start - struct.calcsize(layout.length), sound.start)


def _is_placeholder(length: int, layout: _Layout) -> bool:
    if layout.length.endswith("Q"):
        return length == 0 or length >= _64_BITS
    # sox takes less off for a wide frame, espeak-ng more, as it leaves room for what follows.
    near_2_gb = _NEARLY_2_GB - _ROOM_FOR_A_HEADER <= length <= _2_GB
    return length == 0 or near_2_gb or length >= _4_GB - _ROOM_FOR_A_HEADER


def _only_chunks(file: BinaryIO, place: int, layout: _Layout) -> bool:
    """Tells whether from here on there are whole chunks, tags or padding, and not more samples."""
    size = file.seek(0, io.SEEK_END)
    place += -(place - layout.first) % layout.unit
    while size - place >= layout.name_bytes + struct.calcsize(layout.length):
        file.seek(place)
        start = file.read(4)
        if (start[:3] == b"TAG" and size - place == 128) or start in (b"ID3\x03", b"ID3\x04", b"APET"):
            return True  # Tags as mp3 files have them.
        chunk = _chunk_at(file, place, layout)
        if chunk is None or not _is_name(chunk.name) or chunk.start + chunk.length > size or chunk.name == b"RIFF":
            file.seek(place - 1)  # Where the byte behind an odd length is missing.
            return not file.read().strip(b"\0")
        place = chunk.start + chunk.length
        place += -(place - layout.first) % layout.unit
    return True
