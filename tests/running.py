"""An application that listens."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from starlette.applications import Starlette

from can_tf.server.connections import server_of


@contextlib.contextmanager
def running(app: Starlette) -> Iterator[str]:
    """Gives the address of an application that runs in a thread."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = server_of(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
