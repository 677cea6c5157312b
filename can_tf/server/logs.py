"""The log of `can-tf serve` on standard error: a line per record, as text or as JSON, with the request's id."""

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar

from can_tf.notices import LOGGER

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)  # Of the request that is being answered.
LEVELS = ("debug", "info", "warning", "error")


class TextLines(logging.Formatter):
    """`TIME LEVEL MESSAGE`, and the id of the request, if there is one. Tracebacks follow on lines of their own."""

    def format(self, record: logging.LogRecord) -> str:
        identity = REQUEST_ID.get()
        text = f"{_time(record)} {record.levelname} {_printable(_line(record))}"
        text += f" request={identity}" if identity else ""
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class JsonLines(logging.Formatter):
    """An object per line, in ASCII: `time`, `level`, `logger`, `message`, and what is known of the request."""

    def format(self, record: logging.LogRecord) -> str:
        identity = REQUEST_ID.get()
        shown = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _line(record),
            **({"request_id": identity} if identity else {}),
            **getattr(record, "entry", {}),
            **({"exception": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps(shown)


FORMATS = {"text": TextLines, "json": JsonLines}


def _line(record: logging.LogRecord) -> str:
    return " ".join(record.getMessage().split())


def _printable(text: str) -> str:
    """Returns text in which control characters are shown: a terminal would obey them."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _time(record: logging.LogRecord) -> str:
    """Returns when it was, in UTC: `2026-11-28T06:19:09.123Z`."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


@contextlib.contextmanager
def logging_to_stderr(level: str, form: str) -> Iterator[None]:
    """Writes the log to standard error until the block ends, in place of whatever else showed it.

    Args:
        level: One of `LEVELS`: the least important that is written.
        form: One of `FORMATS`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[form]())
    handler.setLevel(level.upper())
    root, before = logging.getLogger(), (LOGGER.level, LOGGER.handlers[:])
    LOGGER.setLevel(level.upper())
    LOGGER.handlers.clear()  # Those of the command line show notices once a kind.
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        LOGGER.setLevel(before[0])
        LOGGER.handlers[:] = before[1]
