"""Forced alignment: when each word of a known transcript was said, by pocketsphinx.

IEMOCAP's own alignments come from the same family of aligners. Pocketsphinx answers a failed search with a part of the
words, or with none, and no error; so what comes back is compared with what was asked. A search can fail because the
recording ends in the middle of a sound, or because the true path looked bad for a while: it is tried again with a
little faint noise around the recording, then with wider beams.

A transcript that does not belong to the recording aligns too, now and then. Pocketsphinx scores each frame against the
best sound for it; where the words' mean log score is too low, the transcript is refused.
"""

import importlib.metadata
from collections.abc import Sequence
from typing import Any

import numpy as np

from can_tf.alignment.audible import check_audible
from can_tf.alignment.pronunciation import Pronouncer
from can_tf.alignment.silence import is_silence
from can_tf.alignment.sphinx import SearchResult, make_decoder, search
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError, MissingExtraError
from can_tf.limits import MAX_WORDS, words_fault
from can_tf.samples import SAMPLE_RATE_HZ

MAX_SECONDS = 600.0
OOV_POLICIES = ("guess", "error")

# Beams, and frames of noise around the recording.
_ATTEMPTS: tuple[tuple[float | None, int], ...] = ((None, 0), (None, 50), (1e-80, 20))
_LONGEST_WORD_SECONDS = 3.0  # Longer, a word stands for others that the transcript lacks.
# None of 200 synthetic utterances scores so low with its own words; of foreign words that align, more than half do.
_LOWEST_MEAN_SCORE = -3.9


def aligner_description() -> str:
    """Returns versions and settings that decide an alignment, as text; raises MissingExtraError as `Aligner` does."""
    try:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("pocketsphinx", "espeakng-loader")]
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtraError("Aligning transcripts", "align") from error
    return f"{', '.join(versions)}, attempts {_ATTEMPTS}, lowest score {_LOWEST_MEAN_SCORE}"


class Aligner:
    """Aligns English transcripts. Not for several threads at once.

    Args:
        oov: What becomes of words outside the pronouncing dictionary: "guess" asks espeak-ng how they are said, "error"
            refuses them.
        max_seconds: Of a recording; the search takes memory with its length.
        max_words: Of a transcript.

    Raises:
        MissingExtraError: pocketsphinx is not installed.
    """

    def __init__(self, *, oov: str = "guess", max_seconds: float = MAX_SECONDS, max_words: int = MAX_WORDS):
        self._oov, self._max_seconds, self._max_words = oov, max_seconds, max_words
        self._decoders: dict[float | None, Any] = {}
        self._pronouncer: Pronouncer | None = None
        self._decoder(None)

    def align(self, samples: np.ndarray, words: Sequence[str]) -> tuple[Word, ...]:
        """Returns the words with their times in seconds, and `<sil>` where nothing was said; nothing is left out.

        Args:
            samples: `<float32>[samples]` in [-1, 1] at `SAMPLE_RATE_HZ`.
            words: As `can_tf.alignment.transcript.spoken_words` gives them.

        Raises:
            AlignmentError: The recording is silent, it or the transcript is too long, a word cannot be said, or the
                words do not fit.
        """
        if not words:
            raise AlignmentError("the transcript holds no words")
        if fault := words_fault(len(words), self._max_words):
            raise AlignmentError(**fault.of("the transcript"))
        check_audible(samples, self._max_seconds)
        pronunciations = {word: self._pronunciation(word) for word in words}
        for beam, padding_frames in _ATTEMPTS:
            decoder = self._decoder(beam)
            _learn(decoder, pronunciations)
            decoder.set_align_text(" ".join(words))
            result = search(decoder, samples, padding_frames=padding_frames)
            if result.words == list(words):
                return _accepted(result)
        raise AlignmentError(
            f"the {len(words)} words of the transcript do not fit the recording of {len(samples) / SAMPLE_RATE_HZ:.2f} "
            "s: no path through all of them was found. Is it the transcript of this recording?"
        )

    def _decoder(self, beam: float | None) -> Any:
        if beam not in self._decoders:
            beams = {} if beam is None else {"beam": beam, "pbeam": beam, "wbeam": beam}
            self._decoders[beam] = make_decoder(lm=None, **beams)
        return self._decoders[beam]

    def _pronunciation(self, word: str) -> str | None:
        """Returns the phones of a word outside the dictionary, None for one in it."""
        if self._decoder(None).lookup_word(word) is not None:
            return None
        if self._oov == "error":
            raise AlignmentError(f"the word {word!r} is not in the pronouncing dictionary; --oov guess would guess it")
        if self._pronouncer is None:
            self._pronouncer = Pronouncer()
        return self._pronouncer.guess(word)


def _learn(decoder: Any, pronunciations: dict[str, str | None]) -> None:
    for word, phones in pronunciations.items():
        if phones is not None and decoder.lookup_word(word) is None:
            decoder.add_word(word, phones, True)


def _accepted(result: SearchResult) -> tuple[Word, ...]:
    if result.mean_score < _LOWEST_MEAN_SCORE:
        raise AlignmentError(
            f"the transcript does not sound like the recording (score {result.mean_score:.1f}; expected at least "
            f"{_LOWEST_MEAN_SCORE}). Is it the transcript of this recording?"
        )
    for token in result.tokens:
        seconds = 0.0 if is_silence(token.text) else token.end - token.start
        if seconds > _LONGEST_WORD_SECONDS:
            raise AlignmentError(
                f"the transcript does not fit the recording: {token.text!r} would last {seconds:.1f} s. Is it the "
                "transcript of this recording, and all of it?"
            )
    return result.tokens
