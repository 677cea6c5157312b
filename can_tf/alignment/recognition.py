"""Recognition: the words of a recording that has no transcript, and when each was said.

The embedded recognizer is pocketsphinx, whose model is small and whose words are mediocre. Whatever else recognizes
speech, Whisper for one, need only write one of the files that `can_tf.alignment.formats` reads, or be a `Recognizer`.
"""

from typing import Protocol

import numpy as np

from can_tf.alignment.sphinx import check_audible, make_decoder, search
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.samples import SAMPLE_RATE_HZ

MAX_SECONDS = 60.0


class Recognizer(Protocol):
    """Anything that turns speech into words with times."""

    def recognize(self, samples: np.ndarray) -> tuple[Word, ...]:
        """Returns words, and silences such as `<sil>` if it marks any, in order, with times in seconds.

        Args:
            samples: `<float32>[samples]` in [-1, 1] at `can_tf.samples.SAMPLE_RATE_HZ`.

        Raises:
            AlignmentError: There are no words to be found.
        """


class SphinxRecognizer:
    """Pocketsphinx with its own model of American English. Not for several threads at once.

    Args:
        max_seconds: Of a recording.

    Raises:
        MissingExtraError: pocketsphinx is not installed.
    """

    def __init__(self, *, max_seconds: float = MAX_SECONDS) -> None:
        self._decoder, self._max_seconds = make_decoder(), max_seconds

    def recognize(self, samples: np.ndarray) -> tuple[Word, ...]:
        """As `Recognizer` has it; recordings of up to `max_seconds`."""
        check_audible(samples, self._max_seconds)
        result = search(self._decoder, samples)
        if not result.words:
            raise AlignmentError(
                f"no words were recognized in the recording, {len(samples) / SAMPLE_RATE_HZ:.2f} s long; is it speech, "
                "and English?"
            )
        return result.tokens
