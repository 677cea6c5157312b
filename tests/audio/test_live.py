"""Sound that comes in bit by bit: what is read of it, and that it is the sound of the whole."""

import importlib.machinery
import io
import os
import sys
import threading
import types

import numpy as np
import pytest

from can_tf.audio import read_audio, wav_bytes
from can_tf.audio.live import Microphone, RawSound, at_model_rate
from can_tf.errors import AudioError, MissingExtraError, SetupError

SAMPLES = (8_000 * np.sin(np.arange(20_000) ** 1.3 / 60)).astype(np.int16)


def raw(content, rate=16_000):
    return RawSound(io.BytesIO(content), "standard input", rate)


def test_samples_are_little_endian_however_they_come(caplog):
    reading, writing = os.pipe()
    content = SAMPLES.astype("<i2").tobytes()

    def write():
        for begin in range(0, len(content), 333):  # Which cuts samples in two.
            os.write(writing, content[begin : begin + 333])
        os.close(writing)

    with os.fdopen(reading, "rb") as file:
        thread = threading.Thread(target=write)
        thread.start()
        found = np.concatenate(list(RawSound(file, "a pipe", 16_000).bits()))
        thread.join()
    np.testing.assert_array_equal(found, SAMPLES)
    assert caplog.text == ""


def test_half_a_sample_at_the_end_is_said(caplog):
    [bit] = raw(b"\x01\x00\x02").bits()
    assert bit.tolist() == [1]
    assert "standard input: ends within a sample of 16 bits; the last byte is left out" in caplog.text


def test_nothing_and_files_of_a_format_are_refused():
    with pytest.raises(AudioError, match="standard input: holds no samples"):
        list(raw(b"").bits())
    with pytest.raises(AudioError, match="is a file of the format wav; expected raw samples, as ffmpeg "):
        list(raw(wav_bytes(np.zeros(10, np.float32))).bits())


def test_a_stop_ends_a_pipe_that_stays_open():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        sound = RawSound(file, "a pipe", 16_000)
        os.write(writing, b"\x01\x00\x02")
        bits = sound.bits()
        assert next(bits).tolist() == [1]
        sound.stop()
        assert list(bits) == []
    os.close(writing)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 16_001])
def test_sound_in_bits_is_resampled_as_the_whole(rate):
    bits = np.split(SAMPLES, [1, 700, 701, 5_000, 12_345])
    found = np.concatenate(list(at_model_rate(bits, rate)))
    whole = read_audio(SAMPLES, sample_rate=rate)
    assert len(found) == len(whole)
    assert np.abs(found - whole).max() <= 1.01 / 32_768  # A step of the grid.


def test_sound_at_the_rate_of_the_model_is_as_it_is():
    [found] = at_model_rate([SAMPLES], 16_000)
    np.testing.assert_array_equal(found, read_audio(SAMPLES, sample_rate=16_000))
    [found] = at_model_rate([np.array([0.5, 2.0], np.float64)], 16_000)
    assert found.tolist() == [0.5, 32_767 / 32_768]


@pytest.mark.parametrize(
    "bit, message",
    [
        (np.zeros(3, np.int32), "are int32 of the shape"),
        (np.zeros((3, 1)), r"shape \[3, 1\]"),
        (np.array([np.inf]), "are not all finite"),
    ],
)
def test_what_is_no_sound_is_refused(bit, message):
    with pytest.raises(AudioError, match=message):
        list(at_model_rate([bit], 16_000))


class StandInSounddevice(types.ModuleType):
    """What is used of sounddevice; its device plays blocks when its stream is opened."""

    PortAudioError = OSError

    def __init__(self, blocks=(), rates=(16_000, 44_100)):
        super().__init__("sounddevice")
        self.__spec__ = importlib.machinery.ModuleSpec("sounddevice", None)
        self.blocks, self.rates, self.opened = blocks, rates, None

    def query_devices(self, device, kind):
        if device not in (None, 3, "USB"):
            raise ValueError(f"No input device matching {device!r}")
        return {"name": "USB Microphone", "default_samplerate": 44_100.0}

    def check_input_settings(self, *, samplerate, **_):
        if samplerate not in self.rates:
            raise self.PortAudioError("Invalid sample rate")

    def InputStream(self, *, callback, **settings):  # noqa: N802
        self.opened = settings
        for block, status in self.blocks:
            callback(block[:, None], len(block), None, status)
        return open(os.devnull)  # noqa: PTH123 It only has to be closed.


def microphone(monkeypatch, *arguments, **about):
    library = StandInSounddevice(**about)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return library, Microphone(*arguments)


def test_the_microphone_gives_what_it_hears(monkeypatch):
    blocks = [(SAMPLES[:800], None), (SAMPLES[800:1_600], None)]
    library, heard = microphone(monkeypatch, "3", blocks=blocks)
    assert (heard.name, heard.rate) == ("USB Microphone", 16_000)
    bits = heard.bits()
    first = next(bits)
    heard.stop()  # What has been heard is given all the same.
    np.testing.assert_array_equal(np.concatenate([first, *bits]), SAMPLES[:1_600])
    assert library.opened == {"samplerate": 16_000, "blocksize": 800, "device": 3, "channels": 1, "dtype": "int16"}


def test_a_device_without_the_rate_of_the_model_has_its_own(monkeypatch):
    assert microphone(monkeypatch, rates=(44_100,))[1].rate == 44_100


def test_what_nobody_takes_becomes_silence_and_is_said_once(monkeypatch, caplog):
    blocks = [(np.full(800, index, np.int16), None) for index in range(1, 203)]
    _, heard = microphone(monkeypatch, blocks=blocks)
    bits = heard.bits()
    found = [next(bits) for _ in range(200)]
    heard._hear(np.full((800, 1), 7, np.int16), 800, None, None)
    heard.stop()
    [last] = bits
    assert [int(bit[0]) for bit in found] == list(range(1, 201))
    assert last.tolist() == [0] * 1_600 + [7] * 800
    assert caplog.text.count("USB Microphone: sound was lost") == 1


def test_what_is_missing_is_named(monkeypatch):
    with pytest.raises(SetupError, match=r"no input device 'x' is found .*No input device matching 'x'.* List them"):
        microphone(monkeypatch, "x")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"can_tf\[mic\]"):
        Microphone()


def test_a_library_of_the_system_that_is_missing_is_named(monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(SetupError, match=r"\(PortAudio library not found\).* apt-get install libportaudio2"):
        Microphone()
