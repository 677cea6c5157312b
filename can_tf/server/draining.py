"""The end of a server: after SIGTERM it says that it is not ready, and answers what it is asked until others know."""

import dataclasses
import time
from collections.abc import Callable

DRAIN_SECONDS = 10.0  # That requests under way have left once no others are let in.


@dataclasses.dataclass
class Draining:
    """How far the end of a server is.

    Attributes:
        seconds: After SIGTERM, that it goes on as before: load balancers take a while to send requests elsewhere.
        now: The time in seconds.
    """

    seconds: float = 0.0
    now: Callable[[], float] = time.monotonic
    _began: float | None = None

    def begin(self) -> None:
        """Begins the end. Signal handlers may call it."""
        if self._began is None:
            self._began = self.now()

    @property
    def is_on(self) -> bool:
        """Tells whether the end has begun."""
        return self._began is not None

    @property
    def is_closed(self) -> bool:
        """Tells whether no more requests are let in."""
        return self._began is not None and self.now() - self._began >= self.seconds

    @property
    def seconds_left(self) -> float:
        """How long requests under way have left; infinite before the end."""
        return float("inf") if self._began is None else self._began + self.seconds + DRAIN_SECONDS - self.now()
