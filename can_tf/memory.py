"""What ends a process that runs out of memory, in one line."""

import contextlib
import os
import sys
from typing import NoReturn

_SIGNS = ("bad_alloc", "OOM when allocating", "annot allocate memory", "failed to map segment")
# A library that was imported too late, and a folder whose programs may not run.
_SIGNS_OF_ANOTHER_CAUSE = ("static TLS", "Operation not permitted")
_SHOWN = 200


def ran_out_of_memory(error: BaseException) -> bool:
    """Tells whether an error says that memory ran out, whoever says so: Python, NumPy, TensorFlow or the loader.

    Example:
        >>> ran_out_of_memory(MemoryError()), ran_out_of_memory(OSError())
        (True, False)
    """
    message = str(error)
    if any(sign in message for sign in _SIGNS_OF_ANOTHER_CAUSE):
        return False
    return isinstance(error, MemoryError) or any(sign in message for sign in _SIGNS)


def end_without_memory(error: BaseException, status: int) -> NoReturn:
    """Says that memory ran out and ends this process, at once: threads that wait for memory would keep it for ever."""
    message = " ".join(str(error).split())
    first = min((message.find(sign) for sign in _SIGNS if sign in message), default=0)
    reason = message[max(first - _SHOWN // 2, 0) :][:_SHOWN] or "it is used up"
    advice = "Free some, or take a smaller --batch-size or fewer --jobs; TensorFlow alone takes 1 to 2 GB."
    with contextlib.suppress(Exception):
        print(f"Error: memory ran out ({reason}). {advice}", file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)
