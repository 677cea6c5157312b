"""Standard streams: what becomes of those that are closed, and of text that they cannot hold."""

import os
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
