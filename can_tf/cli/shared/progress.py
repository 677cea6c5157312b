"""Progress on stderr: a bar with rate and time left on a terminal, plain lines elsewhere."""

import dataclasses
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from can_tf.progress import Event, counted

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_FOR_A_RATE = 1.0  # Over less, a rate says nothing.
_ERASE_LINE, _SHOW_CURSOR = "\r\033[K", "\033[?25h"  # Which click hides while it draws a bar.


@dataclasses.dataclass
class _Clock:
    """When some work began in this process and with what was done, and when a line was last said of it."""

    started: float
    first: int
    said: float

    def seconds_each(self, event: Event) -> float | None:
        """Returns the time that one has taken; None where too little is known."""
        done, seconds = event.done - self.first, time.monotonic() - self.started
        return seconds / done if done > 0 and seconds >= _SECONDS_FOR_A_RATE else None


class ProgressPrinter:
    """Shows the events of one command; pass its `show` as `progress`.

    An event with a note is a line of its own. Others move a bar on a terminal; elsewhere, work of more than ten seconds
    has a line about every ten seconds.
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._clocks: dict[str, _Clock] = {}
        self._bar: Any = None
        self._bar_of = ""
        if context := click.get_current_context(silent=True):
            context.call_on_close(self.close)  # Before an error is shown.

    def show(self, event: Event) -> None:
        """Prints an event, or what has come of it."""
        if event.total and event.work not in self._clocks:
            now = time.monotonic()
            self._clocks[event.work] = _Clock(now, event.done, now)
        if event.note:
            self._erase()
            click.echo(f"{event.line()}{self._left(event)}", err=True)
        elif event.total and self._terminal:
            self._draw(event)
        elif event.total:
            self._say(event)
        if event.total and event.done >= event.total:
            self._clocks.pop(event.work, None)

    def close(self) -> None:
        """Ends the line of a bar."""
        if self._bar is not None:
            click.echo(_SHOW_CURSOR, err=True)
            self._bar = None

    def _say(self, event: Event) -> None:
        clock, now = self._clocks[event.work], time.monotonic()
        ends = event.done >= event.total and clock.said > clock.started
        if ends or now - clock.said >= _SECONDS_BETWEEN_LINES:
            clock.said = now
            rate = self._rate(event)
            click.echo(f"{event.line()}{f' ({rate})' if rate else ''}{self._left(event)}", err=True)

    def _draw(self, event: Event) -> None:
        if self._bar is not None and self._bar_of != event.work:
            self._erase()
        if self._bar is None:
            self._bar_of = event.work
            self._bar = click.progressbar(
                length=event.total,
                label=event.work,
                show_pos=True,
                item_show_func=lambda rate: rate or None,
                file=sys.stderr,
            )
        self._bar.update(event.done - self._bar.pos, self._rate(event))
        self._bar.render_progress()
        if event.done >= event.total:
            # Within other work, that work's own line comes next.
            self._erase() if len(self._clocks) > 1 else self.close()

    def _erase(self) -> None:
        """Removes a bar, for a line in its place."""
        if self._bar is not None:
            click.echo(_ERASE_LINE + _SHOW_CURSOR, err=True, nl=False)
            self._bar = None

    def _rate(self, event: Event) -> str:
        seconds = self._clocks[event.work].seconds_each(event)
        if not seconds:
            return ""
        return f"{1 / seconds:.0f} per second" if seconds <= 1 else f"{seconds:.0f} s each"

    def _left(self, event: Event) -> str:
        clock = self._clocks.get(event.work)
        seconds = clock.seconds_each(event) if clock else None
        if not seconds or event.done >= event.total:
            return ""
        limit = "at most " if event.at_most else ""
        return f", {limit}{duration(seconds * (event.total - event.done))} left"


def shown(work: str, unit: str) -> Callable[[int, int], None]:
    """Returns a function of what is done and the total that shows progress."""
    return counted(ProgressPrinter().show, work, unit)


def duration(seconds: float) -> str:
    """Returns a time in words, in whole units: `40 s`, `3 min`, `1 h 40 min`; at least a second."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
