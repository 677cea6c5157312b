"""The words of recordings that come without an alignment: from a transcript, or by recognition."""

import functools
import logging
import math
from collections import Counter
from typing import Protocol

import numpy as np

from can_tf.alignment.forced import Aligner
from can_tf.alignment.recognition.recognizer import ENGLISH, Recognizer, RecognizerOptions
from can_tf.alignment.recognition.registry import Choice, choose
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.limits import MAX_WORDS

_LOG = logging.getLogger(__name__)


class FindsWords(Protocol):
    """A `WordFinder`, or its like that works in another process.

    Attributes:
        heard: Number of recordings recognized, by the language they are in; "" where it is not known.
        recognizer: What messages call the one that recognizes, and what to think of its words; raises as `choose` does.
        description: Versions and settings that decide the words that are recognized; "" where nobody knows them.
        longest_seconds: The longest recording whose words are recognized.
        whole_seconds: The longest recording that is better recognized as a whole than stretch by stretch.
    """

    heard: Counter[str]

    @property
    def recognizer(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def longest_seconds(self) -> float: ...

    @property
    def whole_seconds(self) -> float: ...

    def find(self, samples: np.ndarray, transcript: str | None = None) -> tuple[Word, ...]:
        """Returns words and silences with their times in seconds; see `WordFinder.find`."""


class LazyChoice:
    """The recognizer that options name, chosen when it is first needed."""

    def __init__(self, options: RecognizerOptions):
        self.options = options

    @functools.cached_property
    def made(self) -> Choice:
        choice = choose(self.options)
        if choice.note:
            _LOG.warning("%s", choice.note)
        return choice


class WordFinder:
    """Finds words and their times. Loads what it needs at its first use. Not for several threads at the same time.

    Args:
        recognizer: For recordings without a transcript: one, or which it is; None is the best that is at hand.
        max_words: Limit of a transcript.
    """

    def __init__(
        self,
        recognizer: Recognizer | RecognizerOptions | None = None,
        *,
        max_words: int = MAX_WORDS,
    ):
        options = recognizer if isinstance(recognizer, RecognizerOptions) else None
        self._choice = LazyChoice(options or RecognizerOptions())
        self._recognizer: Recognizer | None = None if isinstance(recognizer, RecognizerOptions) else recognizer
        self._given = self._recognizer is not None
        self._max_words = max_words
        self._aligner: Aligner | None = None
        self.heard: Counter[str] = Counter()

    @property
    def recognizer(self) -> str:
        """What messages call the one that recognizes, and what to think of its words."""
        return type(self._recognizer).__name__ if self._given else self._choice.made.title

    @property
    def description(self) -> str:
        """Versions and settings that decide the words that are recognized; "" where nobody knows them."""
        return "" if self._given else self._choice.made.describe()

    @property
    def longest_seconds(self) -> float:
        """The longest recording whose words are recognized."""
        return math.inf if self._given else self._choice.made.max_seconds

    @property
    def whole_seconds(self) -> float:
        """The longest recording that is better recognized as a whole than stretch by stretch."""
        return 0.0 if self._given else self._choice.made.whole_seconds

    def find(self, samples: np.ndarray, transcript: str | None = None) -> tuple[Word, ...]:
        """Returns words and silences with their times in seconds.

        Args:
            samples: `<float32>[samples]` from `can_tf.audio.read_audio`.
            transcript: What is said, in English; None if it is to be recognized.

        Raises:
            AlignmentError: No words are found, or the transcript does not fit.
            MissingExtraError, RecognizerError: What is needed is not there.
        """
        if transcript is not None:
            check_language(self._choice.options.language)
            self._aligner = self._aligner or Aligner(max_words=self._max_words)
            return self._aligner.align(samples, spoken_words(transcript))
        self._recognizer = self._recognizer or self._choice.made.make()
        words = self._recognizer.recognize(samples)
        self.heard[getattr(words, "language", "")] += 1
        return words


def check_language(language: str | None) -> None:
    """Raises AlignmentError if a transcript in this language cannot be aligned; None is taken for English.

    Example:
        >>> check_language("en")
    """
    if language not in (None, ENGLISH):
        raise AlignmentError(
            f"its transcript would be aligned by its sounds, which is done for English (en) alone, and the language is "
            f"{language!r}. Leave the transcript out, so that the words are recognized, or give an alignment file"
        )
