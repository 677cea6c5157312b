"""An application that listens."""

import contextlib
import socket
import threading
import time
from collections.abc import Collection, Iterator

from can_tf.server.connections import server_of
from can_tf.server.observed import Observed


@contextlib.contextmanager
def running(app: Observed, proxies: Collection[str] = ()) -> Iterator[str]:
    """Gives the address of an application that runs in a thread; of proxies, as `server_of` takes them."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = server_of(app, proxies=proxies)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
