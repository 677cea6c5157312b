"""A server with all that `can-tf serve` has, but for the one who finds words."""

import contextlib
from collections.abc import Iterator

from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions
from tests.prediction.stand_ins import StandInFinder
from tests.running import running

LIMITS = RequestLimits(body_bytes=2**20, seconds=60.0, words=500, at_once=1, waiting=1)


@contextlib.contextmanager
def served(versions: Versions, limits: RequestLimits = LIMITS, root_path: str = "") -> Iterator[str]:
    """Gives the address of a server that is asked under this machine's own names."""
    gate = Gate(limits)
    pages = try_it(versions, gate, StandInFinder())
    with running(create_app(versions, gate, pages=pages, hosts=[], root_path=root_path)) as address:
        yield address
