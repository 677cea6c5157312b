"""Text that other programs wrote: UTF-8, UTF-16 and UTF-32 by their marks, and Windows-1252 where it is nothing else.

What was guessed is told once, on the logger `can_tf`.
"""

import codecs
import logging
from pathlib import Path

from can_tf.errors import CanError

_LOG = logging.getLogger(__name__)
_MARKS = (  # UTF-32's mark begins as UTF-16's does, so it is looked for first.
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 64  # Bytes that tell whether every other one is 0.


def read_text(path: Path, error: type[CanError]) -> str:
    """Returns the text of a file as `decoded` does; raises `error`, which names the file, where it cannot be read."""
    try:
        return decoded(path.read_bytes(), str(path))
    except OSError as reason:
        raise error(f"{path}: cannot be read as UTF-8 text ({reason.strerror})") from reason
    except ValueError as reason:  # Not text, or a name that no file can have.
        raise error(f"{str(path)!r}: cannot be read as UTF-8 text ({reason})") from reason


def decoded(content: bytes, where: str) -> str:
    """Returns bytes as text, without a byte order mark; line breaks are left as they are.

    Args:
        content: Of a file.
        where: What the line calls it that tells of a guess.

    Raises:
        UnicodeError: It is no text in any of the encodings.

    Example:
        >>> decoded("caf\u00e9".encode("utf-16"), "a.csv")
        'caf\u00e9'
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    start = content[:_LOOKED_AT]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if len(zeros) > 1 and not any(zeros):
            _LOG.warning("%s: has no byte order mark and is read as %s", where, encoding.upper())
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        text = content.decode("cp1252")
        words = text[max(error.start - _LOOKED_AT, 0) :].split()
        first = next((word for word in words if not word.isascii()), text[error.start])
        _LOG.warning(
            "%s: is not UTF-8 and is read as Windows-1252, where it has %r; if that is wrong, save it as UTF-8",
            where,
            first[:40],
        )
        return text
