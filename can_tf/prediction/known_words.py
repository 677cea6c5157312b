"""The words that are known of recordings: their alignments and transcripts, as far as there are any."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from can_tf.alignment.formats import alignment_suffixes, recordings_in
from can_tf.alignment.formats.json_words import is_answer
from can_tf.alignment.formats.subtitles import is_timeline
from can_tf.audio.folders import Recordings, find_recordings
from can_tf.errors import ConfigError, MissingExtraError
from can_tf.extras import require
from can_tf.prediction.companions import Companions, Transcripts

# Recordings as they are named: files, folders of them, or what was found in some.
Named = Recordings | Path | str | Iterable[Path | str]
# An alignment file or a transcript for a recording; two Nones leave its words to be recognized.
WordsOf = Callable[[Path], tuple[Path | None, str | None]]

_LOG = logging.getLogger(__name__)
_STDOUT = 1


def named_recordings(
    named: Named, words: WordsOf | Path | str | None, transcript: Path | str | None
) -> tuple[Recordings, WordsOf]:
    """Returns the recordings that are named, and what finds the words of each, as `can-tf predict` does.

    Args:
        named: A file, a folder, or several of them.
        words: A `WordsOf`, or an alignment file or a folder of them; None for those beside the recordings.
        transcript: What `KnownWords` takes.

    Raises:
        ConfigError: A folder holds no recordings, or words and transcript do not go together.
        MissingExtraError: A file that is named needs an extra that is not installed.
    """
    found = named if isinstance(named, Recordings) else find_recordings(named)
    if not callable(words):
        alignment, said = None if words is None else Path(words), None if transcript is None else str(transcript)
        return found, KnownWords(alignment, said, found).of
    if transcript is not None:
        raise ConfigError("the words are given by a function; leave the transcript out.")
    return found, words


class KnownWords:
    """Finds a recording's alignment or, failing that, its transcript; those given go before those beside it.

    Args:
        alignment: A file, a folder of them, or None for those beside the recordings.
        transcript: The words, a text file, a folder of them, or None for those beside the recordings.
        recordings: Whose words they are.

    Raises:
        ConfigError: Both are given, one is not there, or is one for several recordings.
    """

    def __init__(self, alignment: Path | None, transcript: str | None, recordings: Recordings):
        if alignment is not None and transcript is not None:
            raise ConfigError("the alignment has the words already; leave the transcript out.")
        self._alignments = Companions(
            "alignment",
            alignment_suffixes(),
            alignment,
            recordings,
            names=recordings_in,
            passed_over=lambda path: _is_written_now(path) or _is_passed_over(path),
        )
        self._transcripts = Transcripts(transcript, recordings)
        self._transcript_given = transcript is not None

    def of(self, path: Path) -> tuple[Path | None, str | None]:
        """Returns the alignment file or the transcript of a recording, whichever there is; see `WordsOf`."""
        alignment = None if self._transcript_given else self._alignments.of(path)
        return alignment, None if alignment is not None else self._transcripts.of(path)

    def require_what_finds_them(self, paths: Sequence[Path]) -> None:
        """Raises MissingExtraError if a recording has no alignment, and what finds its words is not installed."""
        try:
            require("pocketsphinx", "Finding words in speech", "align")
        except MissingExtraError:
            for path in paths:
                with contextlib.suppress(ConfigError):  # Of that recording alone, and told in its place.
                    if self.of(path)[0] is None:
                        raise


def _is_written_now(path: Path) -> bool:
    """Tells whether a file is where this command prints: `can-tf predict talk.wav --json > talk.json`."""
    try:
        return os.path.samestat(path.stat(), os.fstat(_STDOUT))
    except OSError:
        return False


def _is_passed_over(path: Path) -> bool:
    if answer := is_answer(path) or is_timeline(path):
        _LOG.warning("%s: holds answers of can-tf and is not taken for word times; for its words, name it", path)
    return answer
