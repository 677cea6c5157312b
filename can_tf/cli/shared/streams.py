"""Standard streams: what becomes of those that are closed, and of text that they cannot or must not hold."""

import os
import re
import sys
from typing import Any

_STREAMS = {0: ("stdin", "r"), 1: ("stdout", "w"), 2: ("stderr", "w")}


def open_closed_streams() -> None:
    """Opens standard streams that were closed (`2>&-`) to nowhere: the next file opened would get their number."""
    for number, (name, mode) in _STREAMS.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # It gets the lowest number that is free.
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def print_names_of_any_bytes() -> None:
    """Makes standard output give back the bytes of a file's name that are no text."""
    stream: Any = sys.stdout
    if hasattr(stream, "reconfigure") and stream.errors == "strict":
        stream.reconfigure(errors="surrogateescape")


# Control characters but tab and the ends of lines; the sequences of this project's own progress are none of them.
_CONTROL = re.compile("(\033\\[K|\033\\[\\?25[hl])|[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]")


class _Harmless:
    """A stream that shows control characters in words, labels and names: a terminal would obey them."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_CONTROL.sub(lambda found: found[1] or f"\\x{ord(found[0]):02x}", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def show_control_characters() -> None:
    """Makes standard output and error show control characters as text."""
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), _Harmless):
            setattr(sys, name, _Harmless(getattr(sys, name)))
