"""Files of word timings: Sphinx's `.wdseg`, Praat's TextGrid, CTM, subtitles, and JSON as recognizers write it.

Each format is a module with its reader and its writer, and a line in `can_tf.alignment.formats.registry.FORMATS`.
"""

from can_tf.alignment.formats.format import DEFAULT_READING, Format, Reading
from can_tf.alignment.formats.registry import (
    FORMATS,
    AlignmentFiles,
    alignment_suffixes,
    format_alignment,
    marks_silence,
    read_alignment,
    recordings_in,
)

__all__ = [
    "DEFAULT_READING",
    "FORMATS",
    "AlignmentFiles",
    "Format",
    "Reading",
    "alignment_suffixes",
    "format_alignment",
    "marks_silence",
    "read_alignment",
    "recordings_in",
]
