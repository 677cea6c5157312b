"""Whisper (Radford et al., 2022) as a recognizer, by faster-whisper: many languages, and few words wrong.

Voice activity is detected first, so that silence never becomes words. Whisper's own times are poor where speech begins
and ends; `can_tf.alignment.recognition.timing` says what becomes of them.

Decoding is greedy and without chance, and on the processor alone: the same recording has the same words, in whatever
order recordings come. Where Whisper repeats itself, it is asked again with a wider beam that forbids it.
"""

import dataclasses
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.alignment.audible import check_audible
from can_tf.alignment.forced import Aligner, aligner_description
from can_tf.alignment.recognition.recognizer import ENGLISH, Recognized, RecognizerKind, RecognizerOptions
from can_tf.alignment.recognition.timing import Segment, timed_words
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError, MissingExtraError, RecognizerError
from can_tf.files import sha256_of_file
from can_tf.limits import MAX_SECONDS
from can_tf.samples import SAMPLE_RATE_HZ

DEFAULT_MODEL = "base"
_MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")
_DECODING = {"beam_size": 1, "temperature": 0.0, "condition_on_previous_text": False}
_DECODING_AGAIN = {**_DECODING, "beam_size": 5, "no_repeat_ngram_size": 3}
_MOST_COMPRESSIBLE = 2.4  # Whisper's own threshold: text that packs better repeats itself.
_MISSING = ("Recognizing words with Whisper", "asr")
_PRECISION = "int8"
_PIECE_SAMPLES = 300 * SAMPLE_RATE_HZ
_CUT_SAMPLES = 30 * SAMPLE_RATE_HZ
_TENTH_SAMPLES = SAMPLE_RATE_HZ // 10
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")  # "base", or the owner and name of a model.
_GIVE = "Give a folder with a model in CTranslate2's format (--whisper FOLDER), or another --recognizer"


class WhisperRecognizer:
    """Whisper, whose words are timed by forced alignment where they are English. Not for several threads at once.

    Args:
        model: A `faster_whisper.WhisperModel`, or what is asked as it is.
        name: Of the model, for messages.
        language: Code of the language that is spoken; None finds out for each recording.
        max_seconds: Of a recording.

    Raises:
        RecognizerError: The model does not know the language.
        MissingExtraError: pocketsphinx, which times English words, is not installed.
    """

    def __init__(self, model: Any, name: str, *, language: str | None = None, max_seconds: float = MAX_SECONDS) -> None:
        known = model.supported_languages
        if language is not None and language not in known:
            raise RecognizerError(
                f"the Whisper model {name} does not know the language {language!r}; it knows {', '.join(known)}"
            )
        self._model, self._language, self._max_seconds = model, language, max_seconds
        self._aligner = Aligner()

    def recognize(self, samples: np.ndarray) -> Recognized:
        """As `Recognizer` has it; recordings of up to `max_seconds`. Gaps between the words are silences."""
        check_audible(samples, self._max_seconds)
        segments, language = self.segments(samples)
        words = self.timed(segments, language, samples)
        if not words:
            raise AlignmentError(
                f"no words were recognized in the recording, {len(samples) / SAMPLE_RATE_HZ:.2f} s long; is it speech?"
            )
        return Recognized(words, language)

    def segments(self, samples: np.ndarray) -> tuple[list[Segment], str]:
        """Returns what Whisper hears, with its own times, and the code of the language: that of the first speech."""
        segments: list[Segment] = []
        heard, language = "", self._language
        for start, piece in pieces(samples):
            found, heard = self._transcribed(piece, language, _DECODING)
            if any(segment.compression_ratio > _MOST_COMPRESSIBLE for segment in found):
                found, heard = self._transcribed(piece, language, _DECODING_AGAIN)
            segments += [_segment_of(segment, start / SAMPLE_RATE_HZ) for segment in found]
            language = language or (heard if found else None)
        return segments, language or heard

    def timed(self, segments: Sequence[Segment], language: str, samples: np.ndarray) -> list[Word]:
        """Returns the words of what Whisper hears with the best times there are."""
        return timed_words(segments, samples, self._aligner if language == ENGLISH else None)

    def _transcribed(
        self, samples: np.ndarray, language: str | None, decoding: dict[str, Any]
    ) -> tuple[list[Any], str]:
        found, about = self._model.transcribe(
            samples, language=language, vad_filter=True, word_timestamps=True, **decoding
        )
        return list(found), about.language


def pieces(samples: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yields a recording in pieces of five minutes at most, each with its first sample's place.

    The spectrogram that Whisper makes first takes some 50 MB a minute, and what is asked again is a whole piece. Pieces
    end in the quietest tenth of a second of their last half minute.
    """
    start = 0
    while len(samples) - start > _PIECE_SAMPLES:
        tenths = samples[start + _PIECE_SAMPLES - _CUT_SAMPLES : start + _PIECE_SAMPLES].reshape(-1, _TENTH_SAMPLES)
        quietest = int(np.square(tenths, dtype=np.float64).sum(axis=1).argmin())
        length = _PIECE_SAMPLES - _CUT_SAMPLES + quietest * _TENTH_SAMPLES + _TENTH_SAMPLES // 2
        yield start, samples[start : start + length]
        start += length
    yield start, samples[start:]


def _segment_of(found: Any, start: float) -> Segment:
    words = (Word(word.word, start + float(word.start), start + float(word.end)) for word in found.words or ())
    return Segment(found.text, tuple(words))


def _ready(options: RecognizerOptions, may_download: bool) -> RecognizerOptions:
    """Returns the options with the model's folder in place of its name."""
    if importlib.util.find_spec("faster_whisper") is None:
        raise MissingExtraError(*_MISSING)
    aligner_description()  # Which tells whether what times English words is installed.
    folder = _model_folder(options.whisper or DEFAULT_MODEL, may_download)
    return dataclasses.replace(options, whisper=str(folder))


def _make(options: RecognizerOptions) -> WhisperRecognizer:
    folder = str(options.whisper)
    try:
        model = _library().WhisperModel(
            folder, device="cpu", compute_type=_PRECISION, cpu_threads=options.threads, local_files_only=True
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise RecognizerError(f"the Whisper model in {folder} cannot be loaded ({error}). Get it again") from error
    return WhisperRecognizer(
        model, folder, language=options.language, max_seconds=options.max_seconds or WHISPER.max_seconds
    )


def _describe(options: RecognizerOptions) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("faster-whisper", "ctranslate2"))
    model = sha256_of_file(Path(str(options.whisper)) / "model.bin")[:16]
    decoding = f"{_PRECISION}, {_DECODING}, else {_DECODING_AGAIN}"
    return f"{versions}, model {model}, language {options.language}, {decoding}; {aligner_description()}"


def _library() -> Any:
    try:
        import faster_whisper
    except ImportError as error:
        raise MissingExtraError(*_MISSING) from error
    return faster_whisper


def _model_folder(name: str, may_download: bool) -> Path:
    """Returns the folder of a model: the one named, or where the library keeps the model of that name."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if not _HUB_NAME.fullmatch(name):
        raise RecognizerError(f"{name}: there is no such folder, and no Whisper model has such a name. {_GIVE}")
    download = _library().utils.download_model
    try:
        return _checked(Path(download(name, local_files_only=True)))
    except ValueError as error:  # The library's message lists the names.
        raise RecognizerError(f"--whisper {name}: there is no such folder or model ({error})") from error
    except (OSError, RecognizerError) as error:
        if not may_download:
            raise RecognizerError(
                f"its model {name} is not on this machine; --whisper {name} downloads it, --whisper FOLDER takes yours"
            ) from error
    try:
        return _checked(Path(download(name)))
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RecognizerError(
            f"the Whisper model {name} is not on this machine and cannot be downloaded ({reason}). {_GIVE}"
        ) from error


def _checked(folder: Path) -> Path:
    lacking = [name for name in _MODEL_FILES if not (folder / name).is_file()]
    if not lacking and not list(folder.glob("vocabulary.*")):
        lacking = ["vocabulary.txt or vocabulary.json"]
    if lacking:
        raise RecognizerError(f"{folder}: is no Whisper model in CTranslate2's format; it lacks {', '.join(lacking)}")
    return folder


WHISPER = RecognizerKind(
    title="Whisper",
    max_seconds=MAX_SECONDS,
    ready=_ready,
    make=_make,
    describe=_describe,
    takes_whole=True,  # Each call costs as much as half a minute of speech.
)
