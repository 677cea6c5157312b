"""Recordings as people's programs write them: the samples are those that FFmpeg decodes, or the recording is refused.

The encoders are Debian's: ffmpeg, sox, lame, flac, opus-tools, vorbis-tools; `make encoders` installs them.
"""

import subprocess

import numpy as np
import pytest
import soundfile

from can_tf.audio import read_audio
from can_tf.errors import AudioError
from tests.audio.encoded import voice

EXACT, LOSSY, OPUS = 0, 2, 8  # Steps of 16 bits; libopus answers FFmpeg in 16 bits, and libsndfile in floats.
_FF = "ffmpeg -loglevel error -y"

# What is made; of which rate and channels; how; and how far it may be from what FFmpeg decodes.
COMBINATIONS = [
    ("pcm.wav", 16_000, 1, f"{_FF} -i IN OUT", EXACT),
    ("pcm24.wav", 44_100, 2, f"{_FF} -i IN -c:a pcm_s24le OUT", EXACT),
    ("float.wav", 48_000, 2, f"{_FF} -i IN -c:a pcm_f32le OUT", EXACT),
    ("streamed.wav", 16_000, 1, f"{_FF} -i IN -f wav - > OUT", EXACT),
    ("streamed24.wav", 44_100, 2, f"{_FF} -i IN -c:a pcm_s24le -f wav - > OUT", EXACT),
    ("streamed-float.wav", 48_000, 1, f"{_FF} -i IN -c:a pcm_f32le -f wav - > OUT", EXACT),
    ("streamed-mulaw.wav", 8_000, 1, f"{_FF} -i IN -c:a pcm_mulaw -f wav - > OUT", EXACT),
    ("streamed-adpcm.wav", 8_000, 1, f"{_FF} -i IN -c:a adpcm_ms -f wav - > OUT", EXACT),
    ("sox.wav", 16_000, 2, "sox -q IN -t wav - > OUT", EXACT),
    ("sox-in-and-out.wav", 22_050, 1, "cat IN | sox -q -t wav - -t wav - > OUT", EXACT),
    ("sox-alaw.wav", 8_000, 1, "sox -q IN -e a-law -t wav - > OUT", EXACT),
    ("mp3-in.wav", 44_100, 2, f"{_FF} -i IN -c:a libmp3lame OUT", LOSSY),
    ("g722-in.wav", 16_000, 1, f"{_FF} -i IN -c:a g722 OUT", EXACT),
    ("sox.aiff", 16_000, 1, "sox -q IN -t aiff - > OUT", EXACT),
    ("sox.au", 16_000, 1, "sox -q IN -t au - > OUT", EXACT),
    ("sox.w64", 16_000, 1, "sox -q IN -t w64 - > OUT", EXACT),
    ("sox.caf", 16_000, 1, "sox -q IN -t caf - > OUT", EXACT),
    ("sox.sph", 16_000, 1, "sox -q IN -t sph - > OUT", EXACT),
    ("ff.au", 16_000, 2, f"{_FF} -i IN -f au - > OUT", EXACT),
    ("ff.caf", 16_000, 1, f"{_FF} -i IN -f caf - > OUT", EXACT),
    ("alac.caf", 44_100, 2, f"{_FF} -i IN -c:a alac OUT", EXACT),
    ("a.flac", 44_100, 2, "flac -s IN -o OUT", EXACT),
    ("streamed.flac", 16_000, 1, "cat IN | flac -s - -c > OUT", EXACT),
    ("ff-streamed.flac", 48_000, 2, f"{_FF} -i IN -f flac - > OUT", EXACT),
    ("a.oga", 44_100, 2, "flac -s --ogg IN -o OUT", EXACT),
    ("constant.mp3", 44_100, 2, "lame --quiet IN OUT", LOSSY),
    ("variable.mp3", 44_100, 1, "lame --quiet -V4 IN OUT", LOSSY),
    ("constant-untagged.mp3", 44_100, 2, "lame --quiet -t IN OUT", LOSSY),
    ("variable-untagged.mp3", 48_000, 2, "lame --quiet -t -V4 IN OUT", LOSSY),
    ("average-untagged.mp3", 22_050, 1, "lame --quiet -t --abr 60 IN OUT", LOSSY),
    ("streamed.mp3", 16_000, 1, "cat IN | lame --quiet -V2 - - > OUT", LOSSY),
    ("telephone.mp3", 8_000, 1, "lame --quiet IN OUT", LOSSY),
    ("ff-streamed.mp3", 48_000, 2, f"{_FF} -i IN -q:a 4 -f mp3 - > OUT", LOSSY),
    ("sox-variable.mp3", 44_100, 2, "sox -q IN -C -4.2 OUT", LOSSY),
    ("a.mp2", 48_000, 2, f"{_FF} -i IN OUT", LOSSY),
    ("a.ogg", 44_100, 2, "oggenc -Q IN -o OUT", LOSSY),
    ("streamed.ogg", 16_000, 1, "cat IN | oggenc -Q - > OUT", LOSSY),
    ("sox.ogg", 8_000, 1, "sox -q IN OUT", LOSSY),
    ("a.opus", 48_000, 2, "opusenc --quiet IN OUT", OPUS),
    ("narrow.opus", 8_000, 1, "opusenc --quiet IN OUT", OPUS),
    ("streamed.opus", 16_000, 1, "cat IN | opusenc --quiet - - > OUT", OPUS),
    ("ff-opus.ogg", 16_000, 1, f"{_FF} -i IN -c:a libopus -f ogg - > OUT", OPUS),
    ("a.spx", 16_000, 1, f"{_FF} -i IN -c:a libspeex OUT", LOSSY),
    ("a.webm", 48_000, 2, f"{_FF} -i IN -c:a libopus OUT", OPUS),
    ("streamed.webm", 48_000, 1, f"{_FF} -i IN -c:a libopus -f webm - > OUT", OPUS),
    ("vorbis.mka", 44_100, 2, f"{_FF} -i IN -c:a libvorbis OUT", LOSSY),
    ("a.m4a", 44_100, 2, f"{_FF} -i IN OUT", LOSSY),
    ("alac.m4a", 44_100, 2, f"{_FF} -i IN -c:a alac OUT", EXACT),
    ("fragments.mp4", 44_100, 1, f"{_FF} -i IN -movflags frag_keyframe+empty_moov -f mp4 - > OUT", LOSSY),
    ("a.aac", 44_100, 1, f"{_FF} -i IN OUT", LOSSY),
    ("a.3gp", 16_000, 1, f"{_FF} -i IN -c:a aac OUT", LOSSY),
    ("a.wma", 44_100, 2, f"{_FF} -i IN OUT", LOSSY),
    ("a.ts", 48_000, 2, f"{_FF} -i IN -c:a aac OUT", LOSSY),
]
SAYS_ITS_LENGTH = (
    *("pcm.wav", "float.wav", "g722-in.wav", "alac.caf", "a.flac", "a.oga", "constant.mp3", "variable.mp3", "a.ogg"),
    *("a.opus", "a.webm", "a.m4a", "a.3gp", "a.wma"),
)
# What FFmpeg itself cannot decode, or decodes as nothing; of these the source is known.
LOST_ON_FFMPEG = [
    ("streamed.rf64", f"{_FF} -i IN -rf64 always -f wav - > OUT"),
    ("streamed.w64", f"{_FF} -i IN -f w64 - > OUT"),
    ("streamed.aiff", f"{_FF} -i IN -f aiff - > OUT"),
]

pytestmark = pytest.mark.encoders


def made(folder, name, rate, channels, command):
    """Returns what a program makes of a voice of 2.5 s, and the voice's samples."""
    samples = voice(2.5, rate, channels=channels)
    soundfile.write(folder / "in.wav", samples, rate, subtype="PCM_16")
    shell = command.replace("IN", str(folder / "in.wav")).replace("OUT", str(folder / name))
    subprocess.run(["bash", "-o", "pipefail", "-c", shell], check=True, capture_output=True)
    return folder / name, read_audio(folder / "in.wav")


def decoded_by_ffmpeg(path):
    """Returns samples and rate as FFmpeg decodes them; of Opus, by the library of its authors, as we do."""
    probe = [
        "ffprobe",
        "-loglevel",
        "error",
        "-show_entries",
        "stream=codec_name,sample_rate,channels",
        "-of",
        "csv=p=0",
    ]
    codec, rate, channels = (
        subprocess.run([*probe, path], check=True, capture_output=True, text=True).stdout.split()[0].split(",")[:3]
    )
    decoder = ["-c:a", "libopus"] if codec == "opus" else []
    raw = ["ffmpeg", "-loglevel", "error", *decoder, "-i", path, "-f", "f32le", "-"]
    samples = np.frombuffer(subprocess.run(raw, check=True, capture_output=True).stdout, "<f4")
    return samples.reshape(-1, int(channels)), int(rate)


@pytest.mark.parametrize("name, rate, channels, command, steps", COMBINATIONS, ids=[each[0] for each in COMBINATIONS])
def test_the_samples_are_those_that_ffmpeg_decodes(tmp_path, name, rate, channels, command, steps):
    path, _ = made(tmp_path, name, rate, channels, command)
    samples, expected = read_audio(path), read_audio(decoded_by_ffmpeg(path))
    assert len(samples) == len(expected)
    assert len(expected) >= 2.4 * 16_000
    np.testing.assert_allclose(samples, expected, rtol=0, atol=(steps + 0.001) / 32_768)


@pytest.mark.parametrize("name, command", LOST_ON_FFMPEG, ids=[each[0] for each in LOST_ON_FFMPEG])
def test_streams_that_ffmpeg_writes_and_cannot_read_are_read_to_their_ends(tmp_path, name, command):
    path, expected = made(tmp_path, name, 16_000, 1, command)
    np.testing.assert_array_equal(read_audio(path), expected)


@pytest.mark.parametrize(
    "combination", [each for each in COMBINATIONS if each[0] in SAYS_ITS_LENGTH], ids=lambda each: each[0]
)
def test_what_says_its_length_and_was_cut_short_is_refused(tmp_path, combination):
    path, _ = made(tmp_path, *combination[:4])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match=path.name):
        read_audio(path)
