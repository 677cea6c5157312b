"""Notices on stderr: the first of each kind in a line, and at the end where else the same was found."""

import logging
import sys
from typing import Any

import click

from can_tf.notices import LOGGER

_PLACES_SHOWN = 3
_ERASE_LINE = "\r\033[K"


class NoticePrinter(logging.Handler):
    """Shows what the library tells while a command runs. A kind is a message, whatever stands in its gaps."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._places: dict[str, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Prints the first notice of a kind, and remembers the places of those that follow."""
        place = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        places = self._places.setdefault(str(record.msg), [])
        if not places or record.exc_info:
            self._say(self.format(record) if record.exc_info else f"Note: {' '.join(record.getMessage().split())}")
        if place not in places:
            places.append(place)

    def finish(self) -> None:
        """Ends listening, and says where else each kind was found."""
        LOGGER.removeHandler(self)
        for first, *others in self._places.values():
            if others:
                more = f" and {len(others) - _PLACES_SHOWN} more" if len(others) > _PLACES_SHOWN else ""
                self._say(f"Note: as with {first}, so with {', '.join(others[:_PLACES_SHOWN])}{more}.")

    def _say(self, text: str) -> None:
        erase = _ERASE_LINE if sys.stderr is not None and sys.stderr.isatty() else ""
        click.echo(f"{erase}{text}", err=True)


def show_notices(context: click.Context) -> Any:
    """Shows notices on stderr until a command ends."""
    printer = NoticePrinter()
    LOGGER.addHandler(printer)
    context.call_on_close(printer.finish)
    return printer
