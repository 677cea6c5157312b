"""The words of many recordings and their times: from transcripts, or by recognition."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.alignment import forced
from can_tf.alignment.cache import KeptWords
from can_tf.alignment.forced import OOV_POLICIES, Aligner, aligner_description
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.silence import without_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.audio import read_audio
from can_tf.errors import AlignmentError, CanError, SetupError
from can_tf.limits import MAX_WORDS
from can_tf.prediction.words import FindsWords, WordFinder
from can_tf.progress import Progress, counted, ignore
from can_tf.samples import SAMPLE_RATE_HZ

Keep = Callable[[Sequence[Any], np.ndarray, Callable[[], tuple[Word, ...]]], tuple[Word, ...]]  # A `KeptWords.get`.


@dataclasses.dataclass(frozen=True, slots=True)
class AlignedRecording:
    """A recording whose words have times.

    Attributes:
        path: The recording.
        tokens: Words and silences in order, with times in seconds; nothing is left out.
        seconds: Length of the recording.

    Example:
        >>> aligned = AlignedRecording(Path("talk.wav"), (Word("<sil>", 0.0, 0.5), Word("yes", 0.5, 1.0)), 1.0)
        >>> aligned.words
        [Word(text='yes', start=0.5, end=1.0)]
    """

    path: Path
    tokens: tuple[Word, ...]
    seconds: float

    @property
    def words(self) -> list[Word]:
        """The words without the silences."""
        return without_silence(self.tokens)


def align_recordings(
    paths: Sequence[Path],
    transcript_of: Callable[[Path], str | None] | None = None,
    *,
    oov: str = OOV_POLICIES[0],
    max_seconds: float | None = None,
    max_words: int = MAX_WORDS,
    word_finder: FindsWords | None = None,
    kept: Path | None = None,
    done: Callable[[AlignedRecording], None] = lambda aligned: None,
    progress: Progress = ignore,
) -> list[AlignedRecording | CanError]:
    """Tells when each word of recordings is said; with transcripts, of English ones.

    `format_alignment` makes files of the answers.

    Args:
        paths: Files that `can_tf.audio.read_audio` reads.
        transcript_of: Called with a recording's path, returns what is said in it, or raises a `CanError`; a dict's
            `get` will do. Without it, words are recognized, in any language that the recognizer knows.
        oov: What becomes of words outside the pronouncing dictionary: "guess" or "error", as for `Aligner`.
        max_seconds: Longer recordings are refused; None is 600 for transcripts, and for recognition what the recognizer
            takes.
        max_words: Transcripts of more are refused.
        word_finder: Recognizes words; None has the best recognizer that is at hand do it.
        kept: Folder that keeps words by content, so that a call that was ended finds them again; None keeps none.
        done: Called with each recording as soon as its words are found.
        progress: Told of the recordings done.

    Returns:
        What was found in each recording, in the order of the paths; the error in place of one that cannot be aligned.

    Raises:
        MissingExtraError, RecognizerError: What finds words is not there, or what spells out numbers or guesses
            pronunciations.

    Example:
        >>> [error] = align_recordings([Path("missing.wav")], {Path("missing.wav"): "good day"}.get)
        >>> type(error).__name__
        'AudioError'
    """
    find_words = (
        _recognition(max_seconds, word_finder, kept)
        if transcript_of is None
        else _alignment(transcript_of, oov, max_seconds, max_words, kept)
    )
    answers: list[AlignedRecording | CanError] = []
    report = counted(progress, "Aligning", "recordings")
    report(0, len(paths))
    for path in paths:
        try:
            answers.append(aligned := find_words(path))
            done(aligned)
        except SetupError:
            raise
        except CanError as error:
            answers.append(error)
        report(len(answers), len(paths))
    return answers


def _keeping(kept: Path | None, *about: Any) -> Keep:
    """Returns what keeps words in a folder, by what else decides them; what finds them each time, without a folder."""
    if kept is None:
        return lambda more, samples, find: find()
    words = KeptWords(kept)
    return lambda more, samples, find: words.get([*about, *more], samples, find)


def _recognition(
    max_seconds: float | None, finder: FindsWords | None, kept: Path | None
) -> Callable[[Path], AlignedRecording]:
    finder = finder or WordFinder(RecognizerOptions(max_seconds=max_seconds))
    description = finder.description if kept is not None else ""
    keep = _keeping(kept if description else None, description)

    def recognize(path: Path) -> AlignedRecording:
        samples = read_audio(path, max_seconds=finder.longest_seconds)
        words = keep([], samples, lambda: finder.find(samples))
        return AlignedRecording(path, words, len(samples) / SAMPLE_RATE_HZ)

    return recognize


def _alignment(
    transcript_of: Callable[[Path], str | None], oov: str, max_seconds: float | None, max_words: int, kept: Path | None
) -> Callable[[Path], AlignedRecording]:
    longest = max_seconds or forced.MAX_SECONDS
    aligner = Aligner(oov=oov, max_seconds=longest, max_words=max_words)
    keep = _keeping(kept, aligner_description(), oov, max_words)

    def align(path: Path) -> AlignedRecording:
        samples = read_audio(path, max_seconds=longest)
        transcript = transcript_of(path)
        if transcript is None:
            raise AlignmentError(f"{path}: has no transcript; give what is said in it, or have its words recognized")
        words = spoken_words(transcript)
        tokens = keep([words], samples, lambda: aligner.align(samples, words))
        return AlignedRecording(path, tokens, len(samples) / SAMPLE_RATE_HZ)

    return align
