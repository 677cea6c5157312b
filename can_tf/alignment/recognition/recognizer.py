"""What a recognizer is, how it is asked for, and what the registry knows of each."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from can_tf.alignment.word import Word

ENGLISH = "en"


class Recognizer(Protocol):
    """Anything that turns speech into words with times."""

    def recognize(self, samples: np.ndarray) -> tuple[Word, ...]:
        """Returns words, and silences such as `<sil>` if it marks any, in order, with times in seconds.

        Args:
            samples: `<float32>[samples]` in [-1, 1] at `can_tf.samples.SAMPLE_RATE_HZ`.

        Raises:
            AlignmentError: There are no words to be found.
        """


class Recognized(tuple[Word, ...]):
    """Words of a recording, as `Recognizer` has them, and the language that they are in.

    Example:
        >>> words = Recognized([Word("ja", 0.1, 0.4)], "de")
        >>> words[0].text, words.language
        ('ja', 'de')
    """

    language: str

    def __new__(cls, words: Iterable[Word], language: str) -> "Recognized":
        recognized = super().__new__(cls, tuple(words))
        recognized.language = language
        return recognized


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecognizerOptions:
    """Which recognizer finds words, and how.

    Attributes:
        name: Of `can_tf.alignment.recognition.registry.RECOGNIZERS`, or "auto" for the first of them that is at hand.
        whisper: A folder with a Whisper model in CTranslate2's format, or the name of one, which is downloaded where
            it is not there yet; None is "base", which "auto" does not download.
        language: Code of the language that is spoken, such as "de"; None finds out.
        max_seconds: Of a recording; None is the recognizer's own limit.
        threads: That it may use; 0 leaves that to its library.

    Example:
        >>> RecognizerOptions(language="de").name
        'auto'
    """

    name: str = "auto"
    whisper: str | None = None
    language: str | None = None
    max_seconds: float | None = None
    threads: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecognizerKind:
    """An entry of the registry.

    Attributes:
        title: What messages call it.
        max_seconds: Of a recording, where `RecognizerOptions.max_seconds` says nothing.
        ready: Given options and whether it may download, returns them with all that it needs found, so that `make` does
            not fail for want of anything; raises a `SetupError` that names what is missing. It loads no model.
        make: Given what `ready` returned, returns the recognizer; raises as it does.
        describe: Given the same, returns versions and settings that decide the words, as text.
        takes_whole: Whether it does better on a long recording than on its stretches of speech one by one.
        trust: What to think of its words, in a clause for messages; nothing where they are as good as any.
    """

    title: str
    max_seconds: float
    ready: Callable[[RecognizerOptions, bool], RecognizerOptions]
    make: Callable[[RecognizerOptions], Recognizer]
    describe: Callable[[RecognizerOptions], str]
    takes_whole: bool = False
    trust: str = ""
