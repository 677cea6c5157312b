"""The formats of alignment files by name, and how any of them is read and written.

What reads alignments, looks for them beside a recording or lists their endings goes by `FORMATS`.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from can_tf.alignment.formats.ctm import CTM
from can_tf.alignment.formats.format import OVERLAP_TOLERANCE_SECONDS, Format
from can_tf.alignment.formats.json_words import JSON, VOSK, WHISPER, WHISPERX
from can_tf.alignment.formats.textgrid import SHORT_TEXTGRID, TEXTGRID
from can_tf.alignment.formats.wdseg import WDSEG
from can_tf.alignment.silence import SILENT_INTERVALS
from can_tf.alignment.word import Word
from can_tf.errors import AlignmentError

MAX_FILE_BYTES = 16 * 1024 * 1024  # An hour of words has less than one.
_ROUNDING_SECONDS = 1e-6  # What differences of decimal numbers miss.

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
}


def alignment_suffixes() -> tuple[str, ...]:
    """Returns the endings of alignment files, each once and as it is usually written.

    Example:
        >>> alignment_suffixes()[:2]
        ('.wdseg', '.TextGrid')
    """
    return tuple(dict.fromkeys(suffix for format_ in FORMATS.values() for suffix in format_.suffixes))


def read_alignment(path: Path, utterance_id: str | None = None) -> tuple[Word, ...]:
    """Returns the tokens of an alignment file in order, silences included where its format marks them.

    Args:
        path: The file, whose suffix tells its format.
        utterance_id: Which utterance, where a file, such as a CTM, holds several.

    Raises:
        AlignmentError: The file is missing, too large, not of its format, or its times are impossible.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "talk.ctm")
        ...     _ = path.write_text("talk 1 0.10 0.20 good\\ntalk 1 0.30 0.25 day\\n")
        ...     [word.text for word in read_alignment(path)]
        ['good', 'day']
    """
    format_ = _format_of(path)
    return _checked(path, tuple(format_.read(path, _text(path), utterance_id)))


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
        '.wdseg, .TextGrid, .ctm'
    """
    *others, last = alignment_suffixes()
    return f"{', '.join(others)} or {last}"


def _format_of(path: Path) -> Format:
    for format_ in FORMATS.values():
        if path.suffix.lower() in [suffix.lower() for suffix in format_.suffixes]:
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
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue  # Latin-1 takes any byte, so only UTF-16 can end here.
    raise AlignmentError(f"{path}: begins like UTF-16 and is not")


def _checked(path: Path, words: tuple[Word, ...]) -> tuple[Word, ...]:
    if not words:
        raise AlignmentError(f"{path}: holds no words")
    previous_end = 0.0
    for number, word in enumerate(words, 1):
        where = f"{path}: token {number}, {word.text[:40]!r}, {word.start:.3f} to {word.end:.3f} s"
        if not (math.isfinite(word.start) and math.isfinite(word.end)) or word.start < 0:
            raise AlignmentError(f"{where}: expected finite times from 0 on")
        if word.end < word.start or (word.end == word.start and word.text.lower() not in SILENT_INTERVALS):
            raise AlignmentError(f"{where}: expected an end after the start")
        if previous_end - word.start > OVERLAP_TOLERANCE_SECONDS + _ROUNDING_SECONDS:
            raise AlignmentError(f"{where}: begins before the token before it ends, at {previous_end:.3f} s")
        previous_end = max(previous_end, word.end)
    return words
