"""Sound while it is made: raw samples that come in from another program, or the microphone.

Both give bits of sound at their own rate, `<int16>[samples]`, until there is no more or `stop` is called, from a signal
or another thread. `at_model_rate` makes of them what `read_audio` would make of the whole.
"""

import logging
import math
import os
import queue
import select
import threading
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

from can_tf.audio.reading import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from can_tf.audio.resampling import reach, resample, same_time
from can_tf.errors import AudioError, SetupError
from can_tf.extras import require
from can_tf.samples import SAMPLE_RATE_HZ, on_grid

_LOG = logging.getLogger(__name__)

_READ_BYTES = 65_536
_LOOK_SECONDS = 0.1  # Between two looks at whether to stop.
_BLOCKS_PER_SECOND = 20
_MOST_BLOCKS = 200  # That wait from the microphone: ten seconds.
_FULL_SCALE = np.float32(32_768)
_FORMATS = {b"RIFF": "wav", b"OggS": "Ogg", b"fLaC": "FLAC", b"ID3": "mp3", b"\x1aE\xdf\xa3": "webm", b"caff": "CAF"}


class RawSound:
    """Samples from a file or a pipe: 16 bits, little-endian, mono. It is read no faster than its bits are taken.

    Args:
        file: What is read from.
        name: Of it, for messages.
        rate: Samples per second.

    Example:
        >>> import io
        >>> sound = RawSound(io.BytesIO(np.array([1, -1], "<i2").tobytes()), "a buffer", 8_000)
        >>> [bit.tolist() for bit in sound.bits()]
        [[1, -1]]
    """

    def __init__(self, file: BinaryIO, name: str, rate: int) -> None:
        self._file, self.name, self.rate = file, name, rate
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Takes what has been read for all there is."""
        self._stopped.set()

    def bits(self) -> Iterator[np.ndarray]:
        """Yields `<int16>[samples]`.

        Raises:
            AudioError: There is nothing, or it begins as a file of some format does.
        """
        rest, some = b"", False
        for content in self._contents():
            if not some:
                self._check_raw(content)
            some = True
            content = rest + content
            whole = len(content) // 2 * 2
            rest = content[whole:]
            if whole:
                yield np.frombuffer(content[:whole], "<i2")
        if not some and not self._stopped.is_set():
            raise AudioError("holds no samples", where=self.name)
        if rest and not self._stopped.is_set():
            _LOG.warning("%s: ends within a sample of 16 bits; the last byte is left out", self.name)

    def _contents(self) -> Iterator[bytes]:
        try:
            number = self._file.fileno()
        except (AttributeError, OSError):  # No file of the system's.
            while not self._stopped.is_set() and (content := self._file.read(_READ_BYTES)):
                yield content
            return
        while not self._stopped.is_set():
            if select.select([number], [], [], _LOOK_SECONDS)[0]:
                content = os.read(number, _READ_BYTES)
                if not content:
                    return
                yield content

    def _check_raw(self, content: bytes) -> None:
        for beginning, kind in _FORMATS.items():
            if content.startswith(beginning):
                raise AudioError(
                    f"is a file of the format {kind}",
                    where=self.name,
                    expected="raw samples, as ffmpeg -i talk.wav -f s16le -ac 1 -ar 16000 - writes them",
                )


class Microphone:
    """An input device of this machine. What nobody takes within ten seconds becomes silence, which is said.

    Args:
        device: Its number, or a part of its name; None is the system's choice.

    Attributes:
        rate: Samples per second: the model's, or where the device does not have that, its own.
        name: What the system calls it.

    Raises:
        MissingExtraError: sounddevice is not installed.
        SetupError: The system's library is missing, or there is no such device.
    """

    def __init__(self, device: str | None = None) -> None:
        self._library = _sounddevice()
        chosen: str | int | None = int(device) if device is not None and device.isdigit() else device
        try:
            found = self._library.query_devices(chosen, "input")
        except (ValueError, self._library.PortAudioError) as error:
            which = "no microphone" if device is None else f"no input device {device!r}"
            reason = " ".join(str(error).split())
            raise SetupError(
                f"{which} is found on this machine ({reason}). List them with: python -m sounddevice"
            ) from error
        self._device, self.name = chosen, str(found["name"])
        self.rate = self._usable_rate(round(found["default_samplerate"]))
        self._blocks: queue.Queue[np.ndarray] = queue.Queue(_MOST_BLOCKS)
        self._lost = 0  # Samples since the last block that was kept.
        self._stopped = threading.Event()
        self._told = False

    def stop(self) -> None:
        """Takes what has been heard for all there is."""
        self._stopped.set()

    def bits(self) -> Iterator[np.ndarray]:
        """Yields `<int16>[samples]` as they are heard."""
        stream = self._library.InputStream(
            samplerate=self.rate,
            blocksize=self.rate // _BLOCKS_PER_SECOND,
            device=self._device,
            channels=1,
            dtype="int16",
            callback=self._hear,
        )
        with stream:
            while not self._stopped.is_set() or not self._blocks.empty():
                try:
                    yield self._blocks.get(timeout=_LOOK_SECONDS)
                except queue.Empty:
                    continue

    def _usable_rate(self, its_own: int) -> int:
        try:
            self._library.check_input_settings(
                device=self._device, channels=1, dtype="int16", samplerate=SAMPLE_RATE_HZ
            )
        except (ValueError, self._library.PortAudioError):
            return its_own
        return SAMPLE_RATE_HZ

    def _hear(self, block: np.ndarray, frames: int, time: Any, status: Any) -> None:
        """Is called by the library, in a thread of its own, with `<int16>[frames, 1]`."""
        samples = np.concatenate([np.zeros(self._lost, np.int16), block[:, 0]])
        try:
            self._blocks.put_nowait(samples)
            self._lost = 0
        except queue.Full:
            self._lost = min(self._lost + frames, self.rate * 60)
        if (self._lost or status) and not self._told:
            self._told = True
            _LOG.warning(
                "%s: sound was lost, for this machine did not keep up; times may be off from here on", self.name
            )


def _sounddevice() -> Any:
    require("sounddevice", "Listening to the microphone", "mic")
    try:
        import sounddevice
    except OSError as error:  # Its wheels for Linux come without PortAudio.
        raise SetupError(
            f"listening to the microphone needs a library of the system's ({error}). Install PortAudio, on Debian and "
            "Ubuntu with: apt-get install libportaudio2"
        ) from error
    return sounddevice


def at_model_rate(bits: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Yields sound as `read_audio` has it, `<float32>[samples]` at `SAMPLE_RATE_HZ` on the 16-bit grid, bit by bit.

    Args:
        bits: `<float>[samples]` in [-1, 1], or `<int16>[samples]`.
        rate: Their samples per second.

    Raises:
        AudioError: The rate is none, or samples are not finite or of another type.

    Example:
        >>> [bit.tolist() for bit in at_model_rate([np.array([16_384, -1], np.int16)], 16_000)]
        [[0.5, -3.0517578125e-05]]
    """
    if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        raise AudioError(f"is {rate} Hz", where="the sample rate", expected=f"{LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz")
    scaled = (_scaled(np.asarray(bit)) for bit in bits)
    for samples in scaled if rate == SAMPLE_RATE_HZ else _resampled(scaled, rate):
        yield on_grid(samples)


def _scaled(samples: np.ndarray) -> np.ndarray:
    if samples.ndim != 1 or (samples.dtype.kind != "f" and samples.dtype != np.int16):
        what = f"are {samples.dtype} of the shape {list(samples.shape)}"
        raise AudioError(what, where="samples", expected="floats, or integers of 16 bits, of the shape [samples]")
    if not np.isfinite(samples).all():
        raise AudioError("are not all finite", where="samples")
    return samples.astype(np.float32) / (_FULL_SCALE if samples.dtype == np.int16 else 1)


def _resampled(bits: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Yields sound at `SAMPLE_RATE_HZ`: each bit is resampled with what stands around it, as within the whole."""
    unit, new_unit = same_time(rate, SAMPLE_RATE_HZ)
    context = unit * math.ceil(reach(rate, SAMPLE_RATE_HZ) / unit)
    kept, told = np.zeros(0, np.float32), 0  # Of what is kept, so much has been told and is context alone.
    for bit in bits:
        kept = np.concatenate([kept, bit])
        ready = (len(kept) - told - context) // unit * unit
        if ready < context:
            continue
        end = told + ready
        new = resample(kept[: end + context], rate, SAMPLE_RATE_HZ)
        yield new[told // unit * new_unit : end // unit * new_unit]
        kept, told = kept[max(end - context, 0) :], min(context, end)
    if len(kept) > told:
        yield resample(kept, rate, SAMPLE_RATE_HZ)[told // unit * new_unit :]
