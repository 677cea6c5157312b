"""Files of word timings: Sphinx's `.wdseg`, Praat's TextGrid, CTM, and JSON as Whisper, WhisperX and Vosk write it.

Each format is a module with its reader and its writer, and a line in `can_tf.alignment.formats.registry.FORMATS`.
"""

from can_tf.alignment.formats.format import Format
from can_tf.alignment.formats.registry import (
    FORMATS,
    alignment_suffixes,
    format_alignment,
    marks_silence,
    read_alignment,
)

__all__ = ["FORMATS", "Format", "alignment_suffixes", "format_alignment", "marks_silence", "read_alignment"]
