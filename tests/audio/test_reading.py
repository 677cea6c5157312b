import numpy as np
import pytest
import soundfile

from can_tf.audio import read_audio, wav_bytes
from can_tf.errors import AudioError
from can_tf.samples import on_grid
from tests.conftest import write_tone


def test_16_bits_at_16_khz_are_read_as_they_are(tmp_path):
    samples = np.array([-32_768, -32_767, -1, 0, 1, 12_345, 32_767], np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav"), samples / 32_768)


def test_floats_go_to_the_nearest_of_16_bits_and_what_is_too_loud_is_clipped(tmp_path):
    samples = np.array([0.1, 0.5 / 32_768, 1.5 / 32_768, 1.0, 1.5, -1.5], np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    expected = np.array([3277, 0, 2, 32_767, 32_767, -32_768]) / 32_768  # 3276.8; halves go to the even neighbor.
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav"), expected)


def test_samples_that_were_never_scaled_are_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0.0, 9828.0], np.float32), 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"a.wav: its samples reach 9828; expected -1 to 1. Scale them first\."):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("suffix, subtype", [("wav", "PCM_24"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("mp3", None)])
def test_a_path_its_bytes_an_open_file_and_its_samples_are_one_recording(tmp_path, suffix, subtype):
    path = tmp_path / f"a.{suffix}"
    noise = 0.1 * np.random.default_rng(0).normal(size=(22_050, 2))
    soundfile.write(path, noise, 44_100, subtype=subtype)
    samples = read_audio(path)
    np.testing.assert_array_equal(read_audio(str(path)), samples)
    np.testing.assert_array_equal(read_audio(path.read_bytes()), samples)
    with path.open("rb") as file:
        np.testing.assert_array_equal(read_audio(file), samples)
    decoded, rate = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(read_audio((decoded, rate)), samples)
    np.testing.assert_array_equal(read_audio(decoded, sample_rate=rate), samples)


def test_what_was_read_comes_back_from_its_own_wav_file():
    samples = read_audio(np.random.default_rng(0).uniform(-1, 1, 1_000), sample_rate=16_000)
    np.testing.assert_array_equal(read_audio(wav_bytes(samples)), samples)


@pytest.mark.parametrize("kind, scale", [(np.int16, 32_768), (np.int32, 2**31)])
def test_whole_numbers_are_samples_of_their_full_scale(kind, scale):
    samples = np.array([-scale, scale // 4], kind)
    np.testing.assert_array_equal(read_audio(samples, sample_rate=16_000), [-1.0, 0.25])


@pytest.mark.parametrize(
    "samples, rate, message",
    [
        (np.zeros(10), None, "samples: came without a sample rate; expected sample_rate, in Hz, such as 16000"),
        (
            np.zeros((2, 3, 4)),
            16_000,
            r"samples: are float64 of the shape \[2, 3, 4\]; expected floats, or integers of 16 or 32",
        ),
        (np.zeros((2, 1_000)), 16_000, r"of the shape \[2, 1000\]; expected .* \[samples, channels\]"),
        (np.array(["a"]), 16_000, "samples: are <U1 of the shape"),
        (np.zeros(10), 7, "samples: its sample rate is 7 Hz; expected 1000 to 1000000 Hz"),
        (np.zeros(0), 16_000, "samples: holds no samples"),
    ],
)
def test_samples_that_cannot_be_a_recording_are_refused(samples, rate, message):
    with pytest.raises(AudioError, match=message):
        read_audio(samples, sample_rate=rate)


def test_a_file_says_its_own_rate(tmp_path):
    with pytest.raises(AudioError, match="a.wav: came with the sample rate 8000; expected a rate for samples only"):
        read_audio(write_tone(tmp_path / "a.wav", 1.0), sample_rate=8_000)


def test_errors_have_the_name_that_was_given_and_their_parts(tmp_path):
    with pytest.raises(AudioError) as caught:
        read_audio(wav_bytes(np.zeros(48_000)), name="talk", max_seconds=2.0)
    error = caught.value
    assert (error.where, error.what, error.expected) == ("talk", "is 3 s long at 16000 Hz", "at most 2 s")
    assert str(error).endswith("Cut it at its pauses, or raise --max-seconds.")
    assert error.without_option.endswith("expected at most 2 s. Cut it at its pauses.")


def test_channels_are_averaged(tmp_path):
    left, right = np.array([0.5, 0.25, 0.5], np.float32), np.array([-0.25, 0.5, -0.25], np.float32)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 16_000, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav"), [0.125, 0.375, 0.125])


@pytest.mark.parametrize("suffix, rate", [("wav", 44_100), ("flac", 48_000), ("ogg", 22_050), ("mp3", 44_100)])
def test_every_format_and_rate_gives_the_tone_at_16_khz(tmp_path, suffix, rate):
    time = np.arange(rate) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / f"a.{suffix}", np.stack([tone, tone], axis=1), rate)
    samples = read_audio(tmp_path / f"a.{suffix}")
    assert samples.dtype == np.float32
    assert abs(len(samples) - 16_000) <= 32
    spectrum = np.abs(np.fft.rfft(samples[:16_000] * np.hanning(len(samples[:16_000]))))
    assert np.argmax(spectrum) * 16_000 / len(samples[:16_000]) == pytest.approx(440, abs=1)
    assert np.abs(samples[4_000:12_000]).max() == pytest.approx(0.5, abs=0.02)


def test_a_truncated_wav_is_refused_with_the_bytes_promised_and_found(tmp_path):
    path = write_tone(tmp_path / "a.wav", 1.0)
    path.write_bytes(path.read_bytes()[:10_044])
    with pytest.raises(AudioError, match=r"a.wav: is cut short: its header promises 32000 bytes .* 10000 are there"):
        read_audio(path)


def test_a_wav_cut_in_its_header_is_refused(tmp_path):
    path = write_tone(tmp_path / "a.wav", 1.0)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(AudioError, match="a.wav: holds no chunk of samples: it was cut short in its header"):
        read_audio(path)


def test_no_samples_are_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16_000)
    with pytest.raises(AudioError, match="a.wav: holds no samples"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path, bad):
    samples = np.zeros(1000, np.float32)
    samples[500] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is not audio at all, whatever its name"])
def test_what_is_not_audio_is_refused(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match="a.wav: cannot be read as audio"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("rate", [1, 999, 2**31 - 1])
def test_an_impossible_sample_rate_is_refused_before_it_is_resampled(tmp_path, rate):
    path = write_tone(tmp_path / "a.wav", 1.0)
    content = bytearray(path.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(AudioError, match=f"a.wav: its sample rate is {rate} Hz; expected 1000 to 1000000 Hz"):
        read_audio(path)


def test_a_header_that_promises_more_samples_than_memory_holds_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros(400), 16_000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[22:26] = b"\xff" * 4  # The low 32 bits of the number of samples.
    content[21] |= 0x0F
    (tmp_path / "a.flac").write_bytes(content)
    assert soundfile.info(tmp_path / "a.flac").frames == 2**36 - 1
    with pytest.raises(AudioError, match="a.flac: is 4294967 s long at 16000 Hz; expected at most"):
        read_audio(tmp_path / "a.flac")


def test_a_recording_longer_than_is_read_at_once_is_read_whole(tmp_path):
    samples = np.random.default_rng(0).normal(size=(1_300_000, 2)).astype(np.float32) * 0.1
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), samples.mean(axis=1), atol=0.5001 / 32_768)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(AudioError, match="a.wav: cannot be read"):
        read_audio(tmp_path / "a.wav")


def test_a_longer_recording_is_refused_by_its_header_and_nothing_is_decoded(tmp_path, monkeypatch):
    path = write_tone(tmp_path / "a.wav", 3.0)
    assert len(read_audio(path, max_seconds=3.0)) == 48_000
    monkeypatch.setattr("can_tf.audio.streams._Forward.read", None)
    message = r"a.wav: is 3 s long at 16000 Hz; expected at most 2.5 s. Cut it at its pauses, or raise --max-seconds\."
    with pytest.raises(AudioError, match=message):
        read_audio(path, max_seconds=2.5)


def test_an_hour_is_the_most_unless_said_otherwise(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros(3_601 * 1_000), 1_000)
    with pytest.raises(AudioError, match="is 3601 s long at 1000 Hz; expected at most 3600 s"):
        read_audio(tmp_path / "a.flac")


def test_at_a_high_rate_the_seconds_are_fewer_as_the_memory_is_the_same(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros(192_000), 192_000)
    with pytest.raises(AudioError, match="is 1 s long at 192000 Hz; expected at most 0.5 s"):
        read_audio(tmp_path / "a.flac", max_seconds=2.0)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_blocks_give_what_one_piece_gives(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, np.random.default_rng(0).normal(size=(40_000, 2)) * 0.1, 16_000)
    whole = on_grid(soundfile.read(path, dtype="float32")[0].mean(axis=1))
    monkeypatch.setattr("can_tf.audio.streams.BLOCK_VALUES", 3_000)
    # libsndfile's mp3 decoder rounds otherwise at each block.
    np.testing.assert_allclose(read_audio(path), whole, rtol=0, atol=1.001 / 32_768 if suffix == "mp3" else 0)
