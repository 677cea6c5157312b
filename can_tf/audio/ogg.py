"""Ogg, page by page: of streams that were put one behind another, libsndfile reads the first and says nothing."""

from typing import NamedTuple

from can_tf.errors import AudioError

_FIRST = 2  # The flag of a stream's first page.
_HEADER_BYTES = 27


class Link(NamedTuple):
    """A stream, or streams side by side, with a beginning and an end of its own: what it is, and its bytes."""

    codec: str
    content: bytes


def links_of(content: bytes, name: str) -> list[Link]:
    """Returns the streams of a recording that follow one another.

    Raises:
        AudioError: The last page is cut short.
    """
    starts: list[tuple[int, str]] = []
    place, within_starts = content.find(b"OggS"), False
    while place >= 0:
        end = _end_of_page(content, place, name)
        first = bool(content[place + 5] & _FIRST)
        if first and not within_starts:
            starts.append((place, _codec(content[place + _HEADER_BYTES + content[place + 26] : end])))
        within_starts = first
        place = end if content[end : end + 4] == b"OggS" else content.find(b"OggS", end)
    ends = [start for start, _ in starts[1:]] + [len(content)]
    return [Link(codec, content[start:end]) for (start, codec), end in zip(starts, ends, strict=True)]


def _end_of_page(content: bytes, place: int, name: str) -> int:
    sizes = (
        content[place + _HEADER_BYTES : place + _HEADER_BYTES + content[place + 26]]
        if place + 26 < len(content)
        else b""
    )
    end = place + _HEADER_BYTES + len(sizes) + sum(sizes)
    if (not sizes and place + _HEADER_BYTES > len(content)) or end > len(content):
        raise AudioError("is cut short: its last page is not whole", where=name)
    return end


def _codec(packet: bytes) -> str:
    for start, codec in ((b"\x01vorbis", "Vorbis"), (b"OpusHead", "Opus"), (b"\x7fFLAC", "FLAC"), (b"Speex", "Speex")):
        if packet.startswith(start):
            return codec
    return ""


def opus_at_48_khz(content: bytes) -> bytes:
    """Returns an Ogg Opus stream whose header says that 48 kHz went in.

    libsndfile decodes at the rate that the header remembers, which Opus calls of no consequence (RFC 7845, 5.1): at
    16 kHz the sound would come 2 ms early, and not as others decode it.
    """
    head = _HEADER_BYTES + content[26]
    end = head + sum(content[_HEADER_BYTES:head])
    page = bytearray(content[:end])
    page[head + 12 : head + 16] = (48_000).to_bytes(4, "little")
    page[22:26] = bytes(4)
    page[22:26] = _checksum(bytes(page)).to_bytes(4, "little")
    return bytes(page) + content[end:]


def _checksum(page: bytes) -> int:
    """Returns a page's CRC, as Ogg has it: the polynomial 0x04c11db7 from the highest bit on, beginning with 0."""
    remainder = 0
    for byte in page:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ (0x04C11DB7 if remainder >> 31 else 0)) & 0xFFFFFFFF
    return remainder
