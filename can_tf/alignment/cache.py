"""Words that are kept: a corpus is built into records more than once, and aligned or recognized only once."""

import functools
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.alignment.forced import Aligner, aligner_description
from can_tf.alignment.recognition import Recognizer
from can_tf.alignment.recognition.registry import Choice
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.files import write_json
from can_tf.samples import pcm16


class KeptWords:
    """Words of recordings in a folder, by content: of the recording, and of what decides its words.

    Several processes may share a folder. What is refused is not kept.

    Args:
        folder: Made with the first words.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def get(self, about: Sequence[Any], samples: np.ndarray, find: Callable[[], tuple[Word, ...]]) -> tuple[Word, ...]:
        """Returns the words that are kept; else finds and keeps them.

        Args:
            about: What decides the words beside the recording, as JSON values.
            samples: `<float32>[samples]` from `can_tf.audio.read_audio`.
            find: Called without arguments.
        """
        digest = hashlib.sha256(json.dumps(about).encode())
        digest.update(pcm16(samples).tobytes())
        path = self.folder / f"{digest.hexdigest()}.json"
        if kept := read_kept(path):
            return kept
        tokens = find()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(path, [[token.text, token.start, token.end] for token in tokens])
        return tokens


class CachedWords:
    """Finds the words of a corpus's recordings, and keeps them. A model is loaded only for what is not there.

    Args:
        folder: Where words are kept.
        recognizer: For recordings without a transcript, what it is made of and what decides its words; None where all
            have one.
    """

    def __init__(self, folder: Path, recognizer: tuple[Choice, str] | None = None):
        self._words, self._choice = KeptWords(folder), recognizer
        self._aligner: Aligner | None = None
        self._recognizer: Recognizer | None = None

    @functools.cached_property
    def _aligned_by(self) -> str:
        return aligner_description()

    def align(self, samples: np.ndarray, transcript: str) -> tuple[Word, ...]:
        """Returns words and silences with their times; arguments and errors as `can_tf.alignment.forced` has them."""
        words = spoken_words(transcript)

        def align() -> tuple[Word, ...]:
            self._aligner = self._aligner or Aligner()
            return self._aligner.align(samples, words)

        return self._words.get([self._aligned_by, words], samples, align)

    def recognize(self, samples: np.ndarray) -> tuple[Word, ...]:
        """Returns words with their times, as the recognizer does."""
        if self._choice is None:
            raise ValueError("there is no recognizer")
        choice, description = self._choice

        def recognize() -> tuple[Word, ...]:
            self._recognizer = self._recognizer or choice.make()
            return self._recognizer.recognize(samples)

        return self._words.get([description], samples, recognize)


def read_kept(path: Path) -> tuple[Word, ...] | None:
    """Returns an alignment that was kept, None where there is none or its file is damaged: it is made again then.

    Example:
        >>> read_kept(Path("nowhere.json")) is None
        True
    """
    try:
        tokens = json.loads(path.read_text(encoding="utf-8"))
        words = tuple(Word(text, float(start), float(end)) for text, start, end in tokens)
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return None
    starts = [word.start for word in words]
    sound = starts == sorted(starts) and all(
        isinstance(word.text, str) and 0 <= word.start <= word.end < math.inf for word in words
    )
    return words if words and sound else None
