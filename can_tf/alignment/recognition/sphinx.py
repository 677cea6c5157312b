"""Pocketsphinx as a recognizer: its model of American English is small, and gets many words wrong."""

import importlib.metadata

import numpy as np

from can_tf.alignment.audible import check_audible
from can_tf.alignment.recognition.recognizer import ENGLISH, Recognized, RecognizerKind, RecognizerOptions
from can_tf.alignment.sphinx import check_installed, make_decoder, search
from can_tf.errors import AlignmentError, RecognizerError
from can_tf.samples import SAMPLE_RATE_HZ

MAX_SECONDS = 60.0


class SphinxRecognizer:
    """Pocketsphinx with its own model of American English. Not for several threads at once.

    Args:
        max_seconds: Of a recording.

    Raises:
        MissingExtraError: pocketsphinx is not installed.
    """

    def __init__(self, *, max_seconds: float = MAX_SECONDS) -> None:
        self._decoder, self._max_seconds = make_decoder(), max_seconds

    def recognize(self, samples: np.ndarray) -> Recognized:
        """As `Recognizer` has it; recordings of up to `max_seconds`."""
        check_audible(samples, self._max_seconds)
        result = search(self._decoder, samples)
        if not result.words:
            raise AlignmentError(
                f"no words were recognized in the recording, {len(samples) / SAMPLE_RATE_HZ:.2f} s long; is it speech, "
                "and English?"
            )
        return Recognized(result.tokens, ENGLISH)


def _ready(options: RecognizerOptions, may_download: bool) -> RecognizerOptions:
    if options.language not in (None, ENGLISH):
        raise RecognizerError(
            f"pocketsphinx knows English (en) alone, and the language asked for is {options.language!r}. Have Whisper "
            "recognize the words (--recognizer whisper)"
        )
    check_installed()
    return options


def _make(options: RecognizerOptions) -> SphinxRecognizer:
    return SphinxRecognizer(max_seconds=options.max_seconds or MAX_SECONDS)


def _describe(options: RecognizerOptions) -> str:
    return f"pocketsphinx {importlib.metadata.version('pocketsphinx')}"


SPHINX = RecognizerKind(
    title="pocketsphinx",
    max_seconds=MAX_SECONDS,
    ready=_ready,
    make=_make,
    describe=_describe,
    trust="which knows English alone and gets many words wrong",
)
