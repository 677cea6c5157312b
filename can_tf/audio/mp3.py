"""MP3, and the MPEG audio of layers I and II, frame by frame: a stream of frames has no length of its own.

How long it is stands, if anywhere, in a first frame that has no sound (Xing, Info or VBRI). Where that is missing,
libsndfile takes the bit rate of the first frame for that of all, and may stop after a quarter of the recording; behind
the end of a first file it ignores another that was put behind it. So the frames are counted, and where the header does
not tell their number, they get a new one.
"""

from typing import NamedTuple

from can_tf.errors import AudioError

_KBITS = {  # By version (1, or 2 and 2.5) and layer; index 0 is a free rate, 15 forbidden.
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_64_KBITS = {1: 5, 2: 8}  # Index in layer III; such a frame has room for a count.
_LONGEST_FRAME = 1_441  # Bytes, in layer III.
_MOST_FRAMES_LOST = 1  # Encoders differ in whether they count the first.


class _Frame(NamedTuple):
    """What a frame's four bytes say."""

    version: int  # As in the header: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5.
    layer: int
    rate: int
    mono: bool
    bytes: int
    samples: int

    @property
    def kind(self) -> tuple[int, int, int, bool]:
        return self[:4]


class Frames(NamedTuple):
    """The frames of a recording.

    Attributes:
        content: Their bytes, as libsndfile reads all of them.
        samples: How many they hold for each channel, encoders' delay and padding included.
        begin_anew: Whether their header is a new one, with a frame of silence behind it: of what libsndfile decodes,
            the last `samples` are theirs.
    """

    content: bytes
    samples: int
    begin_anew: bool = False


def _frame_at(content: bytes, place: int) -> _Frame | None:
    head = content[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bits in (0, 15) or rate == 3:
        return None
    hertz, first = _RATES[version][rate], version == 3
    bits_a_second = 1000 * _KBITS[1 if first else 2, layer][bits]
    samples = 384 if layer == 1 else 576 if layer == 3 and not first else 1152
    slot = 4 if layer == 1 else 1
    length = (samples // 8 * bits_a_second // hertz // slot + (head[2] >> 1 & 1)) * slot
    return _Frame(version, layer, hertz, head[3] >> 6 == 3, length, samples)


def after_tags(content: bytes, place: int = 0) -> int:
    """Returns where ID3v2 tags end that begin at a place; the place itself if there are none."""
    while content[place : place + 3] == b"ID3" and len(content) >= place + 10:
        size = content[place + 6 : place + 10]  # Seven bits a byte.
        place += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    return place


def is_mpeg(head: bytes) -> bool:
    """Tells MPEG audio by its first bytes: a frame, and another behind it as far as the bytes go."""
    place = after_tags(head)
    place += len(head[place:]) - len(head[place:].lstrip(b"\0"))
    frame = _frame_at(head, place)
    return frame is not None and (place + frame.bytes + 4 > len(head) or _follows(head, place, frame))


def _follows(content: bytes, place: int, frame: _Frame) -> bool:
    """Tells whether behind a frame there is another of its kind, or the end."""
    behind = _frame_at(content, place + frame.bytes)
    return place + frame.bytes == len(content) or (behind is not None and behind.kind == frame.kind)


def all_frames(content: bytes, name: str) -> Frames:
    """Returns a recording's bytes with a header that tells all of its frames.

    Raises:
        AudioError: Frames that the header promises are missing, or the rate changes on the way.
    """
    parts, infos = _scan(content, name)
    if not parts:
        raise AudioError("holds no whole MPEG frame", where=name)
    frame = _frame_at(content, parts[0][0])
    assert frame is not None
    number = sum(count for _, _, count in parts)
    promised = infos[0][1] if infos else None
    if promised is not None and promised > number + _MOST_FRAMES_LOST and len(infos) == 1:
        raise AudioError(f"is cut short: its header promises {promised} frames, {number} are there", where=name)
    samples = number * frame.samples
    if len(infos) == 1 and promised is not None and abs(number - promised) <= _MOST_FRAMES_LOST:
        return Frames(content[infos[0][0] :], samples)
    if frame.layer != 3:  # Of one bit rate, as all of these layers are.
        return Frames(content[parts[0][0] :], samples)
    # libsndfile takes the decoder's delay off a file with a header: off the silent frame, and so off no sound.
    silence = _empty_frame(content[parts[0][0] : parts[0][0] + 4])
    counted = _with_count(silence, frame, number + 1)
    return Frames(b"".join([counted, silence, *(content[start:end] for start, end, _ in parts)]), samples, True)


def _scan(content: bytes, name: str) -> tuple[list[tuple[int, int, int]], list[tuple[int, int | None]]]:
    """Returns the runs of frames with sound as (start, end, frames), and the others as (start, frames they promise)."""
    parts: list[tuple[int, int, int]] = []
    infos: list[tuple[int, int | None]] = []
    kind, place, lost = None, after_tags(content), 0
    while place < len(content):
        frame = _frame_at(content, place)
        if frame is None or place + frame.bytes > len(content) or (kind not in (None, frame.kind)):
            if frame is not None and kind is not None and _is_another_kind(content, place, frame, name, kind):
                continue
            place, skipped = _next_frame(content, place + 1), place
            lost += place - skipped if parts and place < len(content) and not _is_tag(content, skipped) else 0
            continue
        kind, end = frame.kind, place + frame.bytes
        if (promised := _promised_frames(content[place:end], frame)) is not False:
            infos.append((place, promised))
        elif parts and parts[-1][1] == place:
            parts[-1] = (parts[-1][0], end, parts[-1][2] + 1)
        else:
            parts.append((place, end, 1))
        place = after_tags(content, end)
    if lost > _LONGEST_FRAME:
        what = f"is damaged: {lost} bytes in its middle are no MPEG frames"
        raise AudioError(what, where=name, advice="Convert it again")
    return parts, infos


def _is_tag(content: bytes, place: int) -> bool:
    """Tells a tag behind the frames, after which another recording may follow; or padding."""
    return content[place : place + 3] == b"TAG" or content[place : place + 8] in (b"APETAGEX", bytes(8))


def _is_another_kind(content: bytes, place: int, frame: _Frame, name: str, kind: tuple[int, int, int, bool]) -> bool:
    """Refuses a recording that goes on at another rate or with other channels; of three such frames none is chance."""
    second = _frame_at(content, place + frame.bytes)
    if second is None or second.kind != frame.kind or frame.kind == kind:
        return False
    if not _follows(content, place + frame.bytes, second):
        return False
    raise AudioError(
        f"changes on its way from {kind[2]} Hz, {'mono' if kind[3] else 'stereo'}, to {frame.rate} Hz, "
        f"{'mono' if frame.mono else 'stereo'}",
        where=name,
        advice="Take its parts as recordings of their own",
    )


def _next_frame(content: bytes, place: int) -> int:
    """Returns where the next frame begins that another follows; the end if there is none."""
    while (place := content.find(b"\xff", place)) >= 0:
        frame = _frame_at(content, place)
        if frame is not None and _follows(content, place, frame):
            return place
        place += 1
    return len(content)


def _promised_frames(frame: bytes, what: _Frame) -> int | bool | None:
    """Returns how many frames a frame without sound promises, None if it does not say; False if it has sound."""
    if what.layer != 3:
        return False
    tag = frame[4 + _side_bytes(what) :][:12]
    if tag[:4] in (b"Xing", b"Info"):
        return int.from_bytes(tag[8:12], "big") if len(tag) == 12 and tag[7] & 1 else None
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[50:54], "big")
    return False


def _side_bytes(frame: _Frame) -> int:
    """Returns how long what stands before a frame's sound is."""
    return (17 if frame.mono else 32) if frame.version == 3 else (9 if frame.mono else 17)


def _empty_frame(head: bytes) -> bytes:
    """Returns a frame of silence of the kind of another."""
    version = 1 if head[1] >> 3 & 3 == 3 else 2
    start = bytes([0xFF, head[1] | 1, _64_KBITS[version] << 4 | head[2] & 0x0C, head[3]])
    frame = _frame_at(start, 0)
    assert frame is not None
    return start.ljust(frame.bytes, b"\0")


def _with_count(silence: bytes, frame: _Frame, count: int) -> bytes:
    """Returns a frame of silence that tells how many frames follow."""
    start = silence[: 4 + _side_bytes(frame)] + b"Xing" + bytes([0, 0, 0, 1]) + count.to_bytes(4, "big")
    return start.ljust(len(silence), b"\0")
