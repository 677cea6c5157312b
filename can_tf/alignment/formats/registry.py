"""The formats of alignment files by name, and how any of them is read and written.

What reads alignments, looks for them beside a recording or lists their endings goes by `FORMATS`.
"""

from collections.abc import Sequence
from pathlib import Path

from can_tf.alignment.formats.ctm import CTM
from can_tf.alignment.formats.format import DEFAULT_READING, Format, Reading
from can_tf.alignment.formats.json_words import JSON, VOSK, WHISPER, WHISPERX
from can_tf.alignment.formats.subtitles import SRT, VTT
from can_tf.alignment.formats.textgrid import SHORT_TEXTGRID, TEXTGRID
from can_tf.alignment.formats.wdseg import WDSEG
from can_tf.alignment.mending import mended
from can_tf.alignment.silence import with_marks
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError
from can_tf.text_files import decoded

MAX_FILE_BYTES = 16 * 1024 * 1024  # An hour of words has less than one.

# By the name that `can-tf align --format` takes. Where files of several stand beside a recording, the first counts.
FORMATS: dict[str, Format] = {
    "wdseg": WDSEG,
    "textgrid": TEXTGRID,
    "textgrid-short": SHORT_TEXTGRID,
    "ctm": CTM,
    "json": JSON,
    "whisper": WHISPER,
    "whisperx": WHISPERX,
    "vosk": VOSK,
    "srt": SRT,
    "vtt": VTT,
}


def alignment_suffixes() -> tuple[str, ...]:
    """Returns the endings of alignment files, each once and as it is usually written.

    Example:
        >>> alignment_suffixes()[:2]
        ('.wdseg', '.TextGrid')
    """
    return tuple(dict.fromkeys(suffix for format_ in FORMATS.values() for suffix in format_.suffixes))


def read_alignment(path: Path, utterance_id: str | None = None, reading: Reading = DEFAULT_READING) -> tuple[Word, ...]:
    """Returns the tokens of an alignment file in order, silences included where its format marks them.

    Odd words are mended as `can_tf.alignment.mending.mended` does.

    Args:
        path: The file, whose suffix tells its format.
        utterance_id: Which utterance, where a file, such as a CTM, holds several.
        reading: Which tier has the words, and what else marks silence.

    Raises:
        AlignmentError: The file is missing, too large, not of its format, or most of its times are impossible.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "talk.ctm")
        ...     _ = path.write_text("talk 1 0.10 0.20 good\\ntalk 1 0.30 0.25 day\\n")
        ...     [word.text for word in read_alignment(path)]
        ['good', 'day']
    """
    return AlignmentFiles(reading).read(path, utterance_id)


class AlignmentFiles:
    """Reads alignments as `read_alignment` does, and a file that several utterances share, one after another, once.

    Args:
        reading: Which tier has the words, and what else marks silence.
    """

    def __init__(self, reading: Reading = DEFAULT_READING):
        self._reading = reading
        self._last: tuple[Path, str] | None = None

    def read(self, path: Path, utterance_id: str | None = None) -> tuple[Word, ...]:
        """Returns the tokens of an alignment file; see `read_alignment`."""
        format_, tier = _format_of(path), self._reading.tier
        if format_.read_tier is not None:
            tokens = tuple(format_.read_tier(path, self._text(path), utterance_id, tier))
        elif tier is None:
            tokens = tuple(format_.read(path, self._text(path), utterance_id))
        else:
            raise AlignmentError(f"{path}: has no tiers or channels; leave --tier {tier} out")
        tokens = mended(with_marks(tokens, {*format_.silence_labels, *self._reading.silence}), str(path))
        if not tokens:
            raise AlignmentError(f"{path}: holds no words")
        return tokens

    def _text(self, path: Path) -> str:
        if self._last is None or self._last[0] != path:
            self._last = path, _text(path)
        return self._last[1]


def recordings_in(path: Path) -> tuple[str, ...]:
    """Returns the names of the recordings that an alignment file tells apart; none where it is about one.

    Raises:
        AlignmentError: The file is missing, too large, or not of its format.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "all.ctm")
        ...     _ = path.write_text("talk 1 0.10 0.20 good\\nother 1 0.30 0.25 day\\n")
        ...     recordings_in(path)
        ('talk', 'other')
    """
    names = _format_of(path).names
    return () if names is None else tuple(names(path, _text(path)))


def format_alignment(name: str, utterance_id: str, tokens: Sequence[Word], audio_seconds: float) -> str:
    """Returns an alignment as the text of a file.

    Args:
        name: One of `FORMATS`.
        utterance_id: Of the recording; a CTM has it in each line.
        tokens: Words, and silences if there are any, sorted by time.
        audio_seconds: Length of the recording.

    Example:
        >>> format_alignment("ctm", "talk", [Word("good", 0.1, 0.3)], audio_seconds=1.0)
        'talk 1 0.1000 0.2000 good\\n'
    """
    return FORMATS[name].write(utterance_id, tokens, audio_seconds)


def marks_silence(path: Path) -> bool:
    """Tells whether a file's format has tokens for silence, so that what no token covers is not part of the utterance.

    Raises:
        AlignmentError: No format has such a suffix.

    Example:
        >>> marks_silence(Path("talk.TextGrid")), marks_silence(Path("talk.json"))
        (True, False)
    """
    return bool(_format_of(path).silence_labels)


def suffixes_in_words() -> str:
    """Returns the endings of alignment files as they stand in a sentence.

    Example:
        >>> suffixes_in_words().split(" or ")[0]
        '.wdseg, .TextGrid, .ctm, .json, .srt'
    """
    *others, last = alignment_suffixes()
    return f"{', '.join(others)} or {last}"


def _format_of(path: Path) -> Format:
    ending = (path.suffix or f".{path.name}").lower()  # Kaldi's file is called ctm.
    for format_ in FORMATS.values():
        if ending in [suffix.lower() for suffix in format_.suffixes]:
            return format_
    raise AlignmentError(f"{path}: unknown kind of alignment; expected {suffixes_in_words()}")


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise AlignmentError(f"{path}: has {size} bytes; expected at most {MAX_FILE_BYTES} for one alignment")
        content = path.read_bytes()
    except OSError as error:
        raise AlignmentError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # A name that no file can have.
        raise AlignmentError(f"{str(path)!r}: cannot be read ({error})") from error
    try:
        return decoded(content, str(path))
    except UnicodeError as error:
        raise AlignmentError(
            f"{path}: is no text ({error.reason if isinstance(error, UnicodeDecodeError) else error})"
        ) from error
