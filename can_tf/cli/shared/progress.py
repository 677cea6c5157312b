"""Progress on stderr: a bar with rate and time left on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any

import click

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Shows how far a long piece of work has got. Call it with what is done and the total.

    Args:
        label: What is being done.
        unit: What is counted, in the plural.
    """

    def __init__(self, label: str, unit: str):
        self.label, self.unit = label, unit
        self._bar: Any = None
        self._terminal = sys.stderr.isatty()
        self._started = self._said = time.monotonic()
        self._first = 0  # Work that an earlier run has done says nothing about this one's speed.

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._begin(done, total)
        elif self._terminal:
            self._bar.update(done - self._bar.pos, self._rate(done))
            if done >= total:
                self._bar.render_finish()
        else:
            self._line(done, total)

    def _begin(self, done: int, total: int) -> None:
        self._started, self._first = time.monotonic(), done
        self._bar = click.progressbar(
            length=total,
            label=self.label,
            show_pos=True,
            item_show_func=lambda rate: f"{rate:.0f} {self.unit}/s" if rate else None,
            file=sys.stderr,
            hidden=not self._terminal,
        )
        if self._terminal:
            self._bar.update(done)
        else:
            self._line(done, total)

    def _rate(self, done: int) -> float:
        return (done - self._first) / max(time.monotonic() - self._started, 1e-6)

    def _line(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._said < _SECONDS_BETWEEN_LINES:
            return
        self._said = now
        rate = self._rate(done)
        left = f", {(total - done) / rate:.0f} s left" if rate and done < total else ""
        click.echo(f"{self.label}: {done} of {total} {self.unit} ({rate:.0f} a second{left})", err=True)
