"""What a container says of its length is not believed: all there is is read, or the recording is refused."""

import io
import struct

import numpy as np
import pytest
import soundfile

from can_tf.audio import read_audio, wav_bytes
from can_tf.audio.reading import read_header
from can_tf.errors import AudioError
from tests.audio.encoded import RATE_HZ, chunk, encoded, fmt, pcm, riff, vbr_mp3, voice, without_info

SOUND = pcm(voice())
WHOLE = read_audio(riff(fmt(), chunk(b"data", SOUND)))
INFO = chunk(b"LIST", b"INFOISFT\x05\0\0\0made\0")  # 17 bytes and one to make it even.
NOISE = np.random.default_rng(0).normal(size=2 * RATE_HZ).astype(np.float32) * 0.2
QUIET_AT_ITS_END = np.concatenate([NOISE, 0.01 * voice(2.0)[:, 0]])  # At a variable rate, its first frames are long.


@pytest.mark.parametrize(
    "content",
    [
        riff(fmt(), INFO, chunk(b"data", SOUND)),
        riff(fmt(), INFO[:-1], chunk(b"data", SOUND)),
        riff(fmt(), chunk(b"data", SOUND), INFO),
        riff(fmt(), chunk(b"data", SOUND), INFO[:-1]),
        riff(fmt(), chunk(b"data", SOUND), chunk(b"id3 ", b"ID3\x03\0\0\0\0\0\x0fTIT2\0\0\0\x05\0\0\0talk")),
        riff(fmt(), chunk(b"data", SOUND)) + b"\0",
        riff(fmt(), chunk(b"data", SOUND)) + bytes(3_000),
        riff(fmt(), chunk(b"data", SOUND)) + b"TAG" + b"talk".ljust(125, b"\0"),
        riff(fmt(tail=bytes(2)), chunk(b"data", SOUND)),
        riff(fmt(tail=struct.pack("<HHI", 22, 16, 4) + bytes(16)), chunk(b"data", SOUND)),
        riff(chunk(b"JUNK", bytes(28)), fmt(), chunk(b"data", SOUND)),
        riff(
            chunk(b"bext", bytes(602)),
            fmt(),
            chunk(b"fact", bytes(4)),
            chunk(b"PEAK", bytes(16)),
            chunk(b"data", SOUND),
        ),
        riff(fmt(), chunk(b"data", SOUND), length=0),
        riff(fmt(), chunk(b"data", SOUND), length=0xFFFFFFFF),
    ],
)
def test_whatever_stands_around_its_samples_a_wav_is_read_whole(content):
    np.testing.assert_array_equal(read_audio(content), WHOLE)


@pytest.mark.parametrize(
    "length", [0xFFFFFFFF, 0xFFFFFFFF - 36, 0x80000000, 0x7FFFF000, 0x7FFFEFDC, 0x7FFFF000 - 36, 0]
)
@pytest.mark.parametrize("riff_length", [None, 0, 0xFFFFFFFF, 0x7FFFF024])
def test_a_wav_that_was_streamed_is_read_to_its_end(tmp_path, length, riff_length):
    content = riff(fmt(), INFO, chunk(b"data", SOUND, length=length), length=riff_length)
    np.testing.assert_array_equal(read_audio(content), WHOLE)
    (tmp_path / "a.wav").write_bytes(content)
    assert read_header(tmp_path / "a.wav") == (RATE_HZ, RATE_HZ)


def test_an_rf64_that_was_streamed_is_read_to_its_end():
    content = riff(chunk(b"ds64", bytes(28)), fmt(), chunk(b"data", SOUND, length=0xFFFFFFFF), length=0xFFFFFFFF)
    np.testing.assert_array_equal(read_audio(b"RF64" + content[4:]), WHOLE)


@pytest.mark.parametrize("form", ["W64", "CAF", "AU", "AIFF"])
def test_other_containers_that_were_streamed_are_read_to_their_ends(form):
    content = bytearray(encoded(voice(), form, subtype="PCM_16"))
    place, kind, unknown = {
        "W64": (content.find(b"data\xf3\xac") + 16, "<Q", (1 << 63) - 1),
        "CAF": (content.find(b"data") + 4, ">Q", (1 << 64) - 1),
        "AU": (8, ">I", 0xFFFFFFFF),
        "AIFF": (content.find(b"SSND") + 4, ">I", 0x7FFFF008),
    }[form]
    expected = read_audio(bytes(content))
    struct.pack_into(kind, content, place, unknown)
    np.testing.assert_array_equal(read_audio(bytes(content)), expected)


def test_a_wav_of_no_samples_is_not_taken_for_a_stream():
    with pytest.raises(AudioError, match="holds no samples"):
        read_audio(riff(fmt(), chunk(b"data", b""), INFO))


@pytest.mark.parametrize(
    "content",
    [
        riff(fmt(), chunk(b"data", SOUND, length=4_096)),
        riff(fmt(), chunk(b"data", SOUND)) * 2,
        riff(fmt(), chunk(b"data", SOUND)) + SOUND,
    ],
    ids=["a header of the first write", "two files in one", "samples behind"],
)
def test_a_wav_that_goes_on_behind_its_samples_is_refused(content):
    with pytest.raises(AudioError, match="goes on behind its samples: its header promises .* more follow"):
        read_audio(content, name="a.wav")


@pytest.mark.parametrize(
    "form, settings",
    [("WAV", {}), ("AIFF", {}), ("AU", {}), ("W64", {}), ("CAF", {}), ("NIST", {}), ("RF64", {}), ("WAVEX", {})]
    + [("FLAC", {}), ("OGG", {"subtype": "VORBIS"}), ("OGG", {"subtype": "OPUS"}), ("MP3", {})],
)
def test_what_was_cut_short_is_refused_in_every_container(form, settings):
    content = encoded(voice(2.0), form, **settings)
    assert len(read_audio(content)) == 2 * RATE_HZ
    with pytest.raises(AudioError, match="cut short|lost sync"):
        read_audio(content[: len(content) * 6 // 10])


def with_total_samples(count):
    """Returns a FLAC file of 32,000 samples with another number in its header, in its 36 bits for that."""
    content = bytearray(encoded(voice(2.0), "FLAC"))
    content[21] = content[21] & 0xF0 | count >> 32
    content[22:26] = (count & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(content)


def test_a_flac_that_was_streamed_is_read_to_its_end_within_the_limit(tmp_path):
    content = with_total_samples(0)
    np.testing.assert_array_equal(read_audio(content), read_audio(with_total_samples(32_000)))
    with pytest.raises(AudioError, match="is 2 s long at 16000 Hz; expected at most 1 s"):
        read_audio(content, max_seconds=1.0)
    (tmp_path / "a.flac").write_bytes(content)
    assert read_header(tmp_path / "a.flac").samples == 32_000


@pytest.mark.parametrize(
    "content, message",
    [
        (with_total_samples(1_000), "its header promises 1000 samples, and there are 32000"),
        (with_total_samples(40_000), "its header promises 40000 samples, 32000 can be decoded"),
        (with_total_samples(2**36 - 1), "is 4294967 s long"),
        (with_total_samples(32_000) + with_total_samples(32_000), "holds several FLAC files one behind another"),
    ],
)
def test_a_flac_that_holds_more_or_less_than_it_says_is_refused(content, message):
    with pytest.raises(AudioError, match=message):
        read_audio(content)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])  # MPEG 2.5, 2, 2, 1 and 1.
@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_of_variable_rate_without_a_header_is_read_whole(rate, channels):
    samples = np.concatenate([np.random.default_rng(0).normal(size=rate) * 0.2, 0.01 * voice(1.0, rate)[:, 0]])
    content = vbr_mp3(np.repeat(samples[:, None], channels, axis=1), rate)
    [with_header, without] = [read_audio(each, max_seconds=4.0) for each in (content, without_info(content))]
    assert len(with_header) == 2 * RATE_HZ
    # Without the header nobody knows of the encoder's delay, 576 samples and the decoder's 529, and of the padding.
    assert 0 <= len(without) - len(with_header) <= 4 * 1_152 * RATE_HZ / rate
    delay = max(
        range(len(without) - len(with_header)), key=lambda lag: with_header @ without[lag : lag + len(with_header)]
    )
    assert delay == pytest.approx(1_105 * RATE_HZ / rate, abs=1)


@pytest.mark.parametrize("behind", [b"", b"TAG" + bytes(125), b"APETAGEX" + bytes(24)])
def test_two_mp3s_in_one_are_read_both(behind):
    first, second = vbr_mp3(QUIET_AT_ITS_END), vbr_mp3(voice(1.5)[:, 0])
    for joined in (first + behind + second, without_info(first) + behind + without_info(second)):
        seconds = len(read_audio(b"ID3\x04\0\0\0\0\0\x05hello" + joined + behind)) / RATE_HZ
        assert 5.5 <= seconds <= 5.9  # With delay and padding of both.


def test_an_mp3_that_changes_its_rate_is_refused():
    joined = vbr_mp3(voice(1.0, 44_100)[:, 0], 44_100) + vbr_mp3(voice(1.0, 48_000, channels=2), 48_000)
    with pytest.raises(AudioError, match="changes on its way from 44100 Hz, mono, to 48000 Hz, stereo"):
        read_audio(joined)


def test_an_mp3_with_a_hole_is_refused():
    content = without_info(encoded(voice(3.0), "MP3", bitrate_mode="CONSTANT"))
    middle = len(content) // 2
    with pytest.raises(AudioError, match="is damaged: .* bytes in its middle are no MPEG frames"):
        read_audio(content[:middle] + b"\x01" * 3_000 + content[middle + 3_000 :])


def test_an_mp3_in_a_wav_is_read_whole():
    content = without_info(vbr_mp3(QUIET_AT_ITS_END))
    expected = read_audio(content)
    in_wav = riff(fmt(tag=0x55, tail=struct.pack("<HHIHHH", 12, 1, 2, 1, 1, 1393)), chunk(b"data", content))
    np.testing.assert_array_equal(read_audio(in_wav), expected)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("behind", [b"", b"TAG" + bytes(125)])
def test_oggs_in_one_are_read_all(subtype, behind):
    parts = [encoded(voice(seconds, seed=seconds), "OGG", subtype=subtype) for seconds in (1, 2, 1)]
    expected = np.concatenate([read_audio(part) for part in parts])
    assert len(expected) == 4 * RATE_HZ
    np.testing.assert_array_equal(read_audio(b"".join(parts) + behind), expected)
    with pytest.raises(AudioError, match="is 2 s long at .*; expected at most 1.5 s"):
        read_audio(b"".join(parts), max_seconds=2.5)


def test_oggs_of_several_rates_in_one_are_read_all(tmp_path):
    parts = [encoded(voice(1.0, rate), "OGG", rate) for rate in (RATE_HZ, 8_000)]
    (tmp_path / "a.ogg").write_bytes(b"".join(parts))
    assert len(read_audio(tmp_path / "a.ogg")) == 2 * RATE_HZ
    assert read_header(tmp_path / "a.ogg").samples == 2 * RATE_HZ


def test_an_ogg_with_a_lost_page_is_refused():
    content = encoded(voice(8.0), "OGG", subtype="VORBIS")
    pages = content.split(b"OggS")
    with pytest.raises(
        AudioError, match="is cut short or damaged: its header promises 128000 samples, .* can be decoded"
    ):
        read_audio(b"OggS".join(pages[:4] + pages[5:]))


def test_opus_is_decoded_at_48_khz_whatever_rate_its_header_remembers(tmp_path):
    (tmp_path / "a.opus").write_bytes(encoded(voice(), "OGG", subtype="OPUS"))
    assert soundfile.info(tmp_path / "a.opus").samplerate == RATE_HZ
    assert read_header(tmp_path / "a.opus") == (48_000, 48_000)
    assert len(read_audio(tmp_path / "a.opus")) == RATE_HZ


def test_what_was_read_by_its_true_length_comes_back_from_its_own_wav_file():
    content = riff(fmt(), chunk(b"data", SOUND, length=0))
    assert wav_bytes(read_audio(content)) == wav_bytes(
        soundfile.read(io.BytesIO(riff(fmt(), chunk(b"data", SOUND))))[0]
    )
