import struct

import numpy as np
import pytest

from can_tf.audio import read_audio, wav_bytes
from can_tf.audio.wav import longest_seconds

GOOD = wav_bytes(np.zeros(16_000))


def changed(offset, kind, value):
    """Returns a good file with a field of its header changed."""
    content = bytearray(GOOD)
    struct.pack_into(kind, content, offset, value)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        changed(40, "<I", 0xFFFFFFF0),
        changed(40, "<I", 20),
        changed(40, "<I", 0),
        changed(4, "<I", 0),
        changed(4, "<I", 20),
        changed(22, "<H", 0),
        changed(24, "<I", 96_000),
        GOOD[:12] + b"odd " + GOOD[16:],
    ],
)
def test_the_length_is_that_of_the_bytes_whatever_the_header_says(content):
    assert longest_seconds(content) == 1.0


def test_channels_share_the_bytes():
    assert longest_seconds(changed(22, "<H", 2)) == 0.5


@pytest.mark.parametrize("content", [b"", b"RIFF", b"hello", GOOD[:30]])
def test_what_is_too_short_for_a_header_has_no_sound(content):
    assert longest_seconds(content) == 0.0


def test_a_wav_that_was_streamed_is_sent_with_its_length(tmp_path):
    samples = np.round(8000 * np.sin(np.arange(1600))) / 32768
    content = bytearray(wav_bytes(samples))
    struct.pack_into("<I", content, 40, 0xFFFFFFFF)
    (tmp_path / "streamed.wav").write_bytes(content)
    sent = wav_bytes(read_audio(tmp_path / "streamed.wav"))
    assert longest_seconds(sent) == pytest.approx(0.1)
    assert sent == wav_bytes(samples)
