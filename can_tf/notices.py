"""What is told of input that was read all the same: what was guessed, mended or left out.

Modules tell it as warnings of the logger `can_tf`, each with its place first: `_LOG.warning("%s: ...", path, ...)`.
What a process of a pool has told is told again in the one that started it.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from typing import Any

LOGGER = logging.getLogger("can_tf")


class _Keeping(logging.Handler):
    def __init__(self, kept: list[Any]):
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append([record.msg, [each if isinstance(each, int) else str(each) for each in record.args or ()]])


@contextlib.contextmanager
def kept() -> Iterator[list[Any]]:
    """Gives a list that fills with what is told meanwhile, as JSON values, in place of its being shown."""
    notices: list[Any] = []
    handler, propagate = _Keeping(notices), LOGGER.propagate
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    try:
        yield notices
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.propagate = propagate


def tell_again(notices: Iterable[Any]) -> None:
    """Tells what `kept` has kept, here or in another process."""
    for message, values in notices:
        LOGGER.warning(message, *values)
