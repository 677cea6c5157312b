"""The words of recordings that come without an alignment: from a transcript, or by recognition."""

import numpy as np

from can_tf.alignment.forced import Aligner
from can_tf.alignment.recognition import Recognizer, SphinxRecognizer
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.limits import MAX_WORDS


class WordFinder:
    """Finds words and their times. Loads what it needs at its first use. Not for several threads at the same time.

    Args:
        recognizer: For recordings without a transcript; None is pocketsphinx.
        max_words: Limit of a transcript.
    """

    def __init__(self, recognizer: Recognizer | None = None, *, max_words: int = MAX_WORDS):
        self._recognizer, self._max_words = recognizer, max_words
        self._aligner: Aligner | None = None

    def find(self, samples: np.ndarray, transcript: str | None = None) -> tuple[Word, ...]:
        """Returns words and silences with their times in seconds.

        Args:
            samples: `<float32>[samples]` from `can_tf.audio.read_audio`.
            transcript: What is said, in English; None if it is to be recognized.

        Raises:
            AlignmentError: No words are found, or the transcript does not fit.
            MissingExtraError: pocketsphinx is not installed.
        """
        if transcript is not None:
            self._aligner = self._aligner or Aligner(max_words=self._max_words)
            return self._aligner.align(samples, spoken_words(transcript))
        self._recognizer = self._recognizer or SphinxRecognizer()
        return self._recognizer.recognize(samples)
