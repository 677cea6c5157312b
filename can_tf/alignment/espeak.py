"""Speech from espeak-ng with the time of each word, through the library that `espeakng-loader` brings.

The engine reports where each word begins. It merges some groups ("of the") into one event; words are therefore joined
by a zero-width space and a space, which keeps nearly all apart, and where an event is still missing the words are
spoken one by one.
"""

import ctypes
import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from can_tf.errors import CanError, MissingExtraError

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000  # Where its data is missing, espeak-ng would end the process.
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_UTF8 = 1
_PHONETIC_ALPHABET = 2
_WORD_EVENT, _LIST_END = 1, 0
_WORD_JOINT = "\u200b "
_SILENT = 0.003  # Of full scale: below this the engine is between sounds.


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """How something is said: words a minute, then volume, pitch and pitch range in espeak-ng's units of 0 to 100."""

    rate: int
    volume: int
    pitch: int
    pitch_range: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Samples `<float32>[samples]` in [-1, 1], and start and end of each word in seconds."""

    samples: np.ndarray
    words: tuple[tuple[float, float], ...]


class Synthesizer:
    """espeak-ng, of which a process has one.

    Attributes:
        sample_rate_hz: Of what `speak` returns.
    """

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise MissingExtraError(
                "espeak-ng, for the demo corpus and for guessing pronunciations,", "demo"
            ) from error
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        folder = str(Path(espeakng_loader.get_data_path()).parent).encode()
        self.sample_rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, folder, _DO_NOT_EXIT)
        if self.sample_rate_hz <= 0:
            raise CanError(f"espeak-ng cannot start with the data in {folder.decode()}; install espeakng-loader again")
        self._chunks: list[bytes] = []
        self._word_starts: list[float] = []
        self._callback = _Callback(self._receive)  # Kept, for the library does not.
        self._library.espeak_SetSynthCallback(self._callback)

    def use_voice(self, name: str) -> None:
        """Chooses a voice, such as "en-us+f3"; raises CanError if there is none of this name."""
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise CanError(f"espeak-ng has no voice {name!r}")

    def speak(self, words: Sequence[str], delivery: Delivery) -> Speech:
        """Says some words without a pause, and tells when each was said; silence at both ends is cut off."""
        self._synthesize(_WORD_JOINT.join(words), delivery)
        if len(self._word_starts) != len(words):
            if len(words) == 1:
                self._word_starts = [0.0]
            else:
                return _joined([self.speak([word], delivery) for word in words], self.sample_rate_hz)
        return _trimmed(self._samples(), self._word_starts, self.sample_rate_hz)

    def phonemes(self, text: str) -> str:
        """Returns how a text is said, in the International Phonetic Alphabet."""
        rest = ctypes.c_char_p(text.encode())
        translate = self._library.espeak_TextToPhonemes
        translate.restype = ctypes.c_char_p
        clauses = []
        while rest.value:
            clauses.append(translate(ctypes.byref(rest), _UTF8, _PHONETIC_ALPHABET).decode())
        return " ".join(clauses).strip()

    def _synthesize(self, text: str, delivery: Delivery) -> None:
        for parameter, value in (
            (_RATE, delivery.rate),
            (_VOLUME, delivery.volume),
            (_PITCH, delivery.pitch),
            (_RANGE, delivery.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._chunks, self._word_starts = [], []
        encoded = text.encode()
        failed = self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
        if failed or not self._chunks:
            raise CanError(f"espeak-ng said nothing for {text!r}")

    def _samples(self) -> np.ndarray:
        return np.frombuffer(b"".join(self._chunks), np.int16).astype(np.float32) / 32_768

    def _receive(self, samples, count, events) -> int:
        if count > 0:
            self._chunks.append(ctypes.string_at(samples, 2 * count))
        for event in itertools.takewhile(lambda event: event.type != _LIST_END, _endless(events)):
            if event.type == _WORD_EVENT:
                self._word_starts.append(event.audio_position / 1000)
        return 0


def _endless(events):
    """Yields events; the list ends with one of type 0, which the caller watches for."""
    return (events[index] for index in itertools.count())


def _trimmed(samples: np.ndarray, starts: Sequence[float], rate: int) -> Speech:
    loud = np.flatnonzero(np.abs(samples) > _SILENT)
    first, last = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(samples))
    edges = [min(max(start - first / rate, 0.0), (last - first) / rate) for start in starts]
    edges[0] = 0.0
    edges.append((last - first) / rate)
    return Speech(samples[first:last], tuple(itertools.pairwise(edges)))


def _joined(pieces: Sequence[Speech], rate: int) -> Speech:
    offsets = np.cumsum([0, *(len(piece.samples) for piece in pieces)]) / rate
    words = [
        (float(offset) + start, float(offset) + end)
        for piece, offset in zip(pieces, offsets, strict=False)
        for start, end in piece.words
    ]
    return Speech(np.concatenate([piece.samples for piece in pieces]), tuple(words))
