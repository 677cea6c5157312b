import struct

import numpy as np
import pytest

from can_tf.audio import read_audio, wav_bytes
from can_tf.audio.wav import seconds_of

GOOD = wav_bytes(np.zeros(16_000))


def changed(offset, kind, value):
    """Returns a good file with a field of its header changed."""
    content = bytearray(GOOD)
    struct.pack_into(kind, content, offset, value)
    return bytes(content)


def test_the_length_is_told_by_the_header():
    assert seconds_of(GOOD) == 1.0


def test_a_header_that_promises_more_than_is_there_counts_what_is_there():
    assert seconds_of(changed(40, "<I", 0xFFFFFFF0)) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"hello",
        GOOD[:30],
        changed(24, "<I", 0),
        changed(22, "<H", 0),
        changed(20, "<H", 7),
        changed(4, "<I", 3),
    ],
)
def test_what_is_no_wav_of_pcm_is_left_to_the_graph(content):
    assert seconds_of(content) == 0.0


def test_a_wav_that_was_streamed_is_sent_with_its_length(tmp_path):
    samples = np.round(8000 * np.sin(np.arange(1600))) / 32768
    content = bytearray(wav_bytes(samples))
    struct.pack_into("<I", content, 40, 0xFFFFFFFF)
    (tmp_path / "streamed.wav").write_bytes(content)
    sent = wav_bytes(read_audio(tmp_path / "streamed.wav"))
    assert seconds_of(sent) == pytest.approx(0.1)
    assert sent == wav_bytes(samples)
