"""What browsers and telephones record, by PyAV: the containers that libsndfile does not read."""

import io
import sys

import av
import numpy as np
import pytest

from can_tf.audio import read_audio
from can_tf.audio.reading import read_header
from can_tf.errors import AudioError, MissingExtraError
from tests.audio.encoded import chunk, fmt, riff, voice


def contained(container, codec, *, rate=48_000, channels=1, seconds=2.0, tracks=1, options=None, seekable=True):
    """Returns a voice in a container, as FFmpeg's libraries write it; not seekable, as a recorder that streams does."""
    buffer = io.BytesIO()
    if not seekable:
        buffer.seekable = lambda: False
    with av.open(buffer, "w", format=container, options=options or {}) as output:
        streams = [
            output.add_stream(codec, rate=rate, layout="mono" if channels == 1 else "stereo") for _ in range(tracks)
        ]
        samples = (voice(seconds, rate, channels=channels) * 32_767).astype(np.int16)
        for stream in streams:
            if not stream.codec_context.is_open:
                stream.codec_context.open()
            size = stream.codec_context.frame_size or 960
            for start in range(0, len(samples), size):
                part = np.ascontiguousarray(samples[start : start + size])
                frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout=stream.layout.name)
                frame.sample_rate, frame.pts = rate, start
                for made in resampler_of(stream).resample(frame):
                    output.mux(stream.encode(made))
            output.mux(stream.encode(None))
    return buffer.getvalue()


def resampler_of(stream):
    """Returns what makes a stream's kind of samples of ours."""
    context = stream.codec_context
    return av.AudioResampler(context.format.name, context.layout.name, context.sample_rate)


def source(rate, channels=1, seconds=2.0):
    samples = (voice(seconds, rate, channels=channels) * 32_767).astype(np.int16)
    return read_audio(samples, sample_rate=rate)


@pytest.mark.parametrize(
    "container, codec, rate, options",
    [
        ("webm", "libopus", 48_000, {}),  # Firefox and Chrome, when they are asked for a file.
        ("webm", "libopus", 48_000, {"live": "1"}),  # MediaRecorder: of no length, and its pieces as they come.
        ("ipod", "aac", 44_100, {}),  # iPhones' m4a.
        ("mp4", "aac", 48_000, {"movflags": "frag_keyframe+empty_moov"}),  # Safari's MediaRecorder.
        ("3gp", "aac", 16_000, {}),
        ("adts", "aac", 44_100, {}),
        ("mpegts", "aac", 48_000, {}),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_browsers_and_telephones_record_is_read_whole(tmp_path, container, codec, rate, options, channels):
    content = contained(container, codec, rate=rate, channels=channels, options=options)
    samples, expected = read_audio(content), source(rate, channels)
    assert -0.1 * 16_000 <= len(samples) - len(expected) <= 0.2 * 16_000  # Encoders add delay and padding.
    lag = max(range(4_000), key=lambda lag: samples[lag : lag + 16_000] @ expected[4_000:20_000]) - 4_000
    nearest = samples[4_000 + lag : 20_000 + lag]
    assert np.corrcoef(nearest, expected[4_000:20_000])[0, 1] > 0.95
    (tmp_path / "a").write_bytes(content)
    header = read_header(tmp_path / "a")
    assert header.samples / header.sample_rate == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("container, codec", [("mp4", "alac"), ("matroska", "flac"), ("mov", "pcm_s16le")])
def test_what_is_not_lossy_gives_its_very_samples(container, codec):
    np.testing.assert_array_equal(read_audio(contained(container, codec, rate=44_100, channels=2)), source(44_100, 2))


@pytest.mark.parametrize("container, codec", [("webm", "libopus"), ("ipod", "aac"), ("matroska", "flac")])
def test_what_was_cut_short_is_refused(container, codec):
    content = contained(container, codec, rate=48_000)
    with pytest.raises(AudioError, match="talk: (is cut short|cannot be read as)"):
        read_audio(content[: len(content) * 6 // 10], name="talk")


def test_a_stream_with_a_part_missing_is_refused():
    content = contained("matroska", "pcm_s16le", rate=16_000, seconds=6.0, options={"live": "1"})
    with pytest.raises(AudioError, match="talk: is damaged: .* s are missing at .* s. Record or convert it again"):
        read_audio(content[:64_000] + content[128_000:], name="talk")


def test_of_two_tracks_none_is_chosen():
    with pytest.raises(AudioError, match="holds 2 tracks of sound; expected one. Take out the one you mean: ffmpeg"):
        read_audio(contained("matroska", "libopus", tracks=2))


def test_a_longer_recording_is_refused_by_what_is_decoded():
    content = contained("webm", "libopus", options={"live": "1"})
    with pytest.raises(AudioError, match="expected at most 1.5 s"):
        read_audio(content, max_seconds=1.5)


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"\x1aE\xdf\xa3", "WebM or Matroska"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom", "MP4 or QuickTime"),
        (b"#!AMR\n", "AMR"),
        (b"\xff\xf1\x50\x80", "AAC"),
        (b"ID3\x04\0\0\0\0\0\x02ab\xff\xf1\x50\x80", "AAC"),
        (
            b"caff\0\1\0\0desc\0\0\0\0\0\0\0\x20@\xe5\x88\x80\0\0\0\0aac " + bytes(20) + b"data" + bytes(8),
            "CAF of the encoding aac",
        ),
    ],
)
def test_what_only_looks_like_a_recording_is_refused_by_its_kind(start, kind):
    with pytest.raises(AudioError, match=f"talk: (cannot be read as {kind}|holds no sound.*{kind})"):
        read_audio(start + bytes(200), name="talk")


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"\x1aE\xdf\xa3" + bytes(100), "WebM or Matroska"),
        (b"OggS\0\2" + bytes(20) + b"\1\x09\x7fFLAC\1\0\0\0", "FLAC in Ogg"),
        (riff(fmt(tag=0x28F), chunk(b"data", bytes(8))), "wav of the encoding 0x028f"),
    ],
)
def test_without_pyav_the_recording_and_the_extra_are_named(monkeypatch, content, kind):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError) as caught:
        read_audio(content, name="talk")
    assert str(caught.value) == (
        f"talk: reading {kind} needs an optional part of can_tf. Install it with: pip install 'can_tf[media]', or in "
        "can_tf's own folder: pip install '.[media]'"
    )


def test_a_list_of_addresses_is_no_recording():
    for content in (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n"):
        with pytest.raises(AudioError, match="cannot be read as audio"):
            read_audio(content)
