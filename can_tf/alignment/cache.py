"""Alignments that are kept: a corpus is built into records more than once, and aligned only once."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from can_tf.alignment.forced import Aligner, aligner_description
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.files import write_json
from can_tf.samples import pcm16


class CachedAligner:
    """Aligns transcripts, and keeps the result in a folder by content: of recording, words and aligner.

    Several processes may share a folder. A model is loaded only for what is not there. What is refused is not kept.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._aligner_description = aligner_description()
        self._aligner: Aligner | None = None

    def align(self, samples: np.ndarray, transcript: str) -> tuple[Word, ...]:
        """Returns words and silences with their times; arguments and errors as `can_tf.alignment.forced` has them."""
        words = spoken_words(transcript)
        path = self._folder / f"{self._key(samples, words)}.json"
        if kept := read_kept(path):
            return kept
        self._aligner = self._aligner or Aligner()
        tokens = self._aligner.align(samples, words)
        write_json(path, [[token.text, token.start, token.end] for token in tokens])
        return tokens

    def _key(self, samples: np.ndarray, words: Sequence[str]) -> str:
        digest = hashlib.sha256(json.dumps([self._aligner_description, words]).encode())
        digest.update(pcm16(samples).tobytes())
        return digest.hexdigest()


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
