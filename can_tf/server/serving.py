"""A server of an exported model: what `can-tf serve` starts."""

import contextlib
import dataclasses
import logging
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from can_tf.alignment.recognition import RecognizerOptions
from can_tf.errors import ConfigError
from can_tf.limits import WORDS_SECONDS
from can_tf.prediction.word_process import SERVER_NICENESS, WordProcess
from can_tf.server.connections import server_of
from can_tf.server.draining import Draining
from can_tf.server.gate import Gate, RequestLimits
from can_tf.server.logs import logging_to_stderr
from can_tf.server.origins import checked_origins, hosts_of
from can_tf.server.page import try_it
from can_tf.server.rest import create_app
from can_tf.server.versions import Versions

_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How a model is served.

    Attributes:
        host, port: Where it listens; 0 is any free port.
        limits: What a request may ask for.
        max_wait: Seconds that finding the words of a recording may take.
        allowed_hosts: Names that it is asked under, besides this machine's own.
        allowed_origins: Of pages elsewhere that may ask it.
        proxies: Addresses or networks of proxies, whose word is taken for who asks.
        root_path: Path that a proxy serves it under, such as "/emotions".
        drain_seconds: After SIGTERM, that it goes on as before.
        log_level, log_format: As `can_tf.server.logs.logging_to_stderr` takes them.

    Raises:
        ConfigError: An origin or the root path is none.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    limits: RequestLimits = dataclasses.field(default_factory=RequestLimits)
    max_wait: float = WORDS_SECONDS
    allowed_hosts: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()
    proxies: Sequence[str] = ()
    root_path: str = ""
    drain_seconds: float = 0.0
    log_level: str = "info"
    log_format: str = "text"

    def __post_init__(self) -> None:
        checked_origins(self.allowed_origins)
        if not _ROOT_PATH.fullmatch(self.root_path.removesuffix("/")):
            raise ConfigError(f"--root-path {self.root_path}: expected a path such as /emotions")


def serve(model: Path, options: ServeOptions, recognizer: RecognizerOptions | None = None) -> None:
    """Serves the newest version in a model's folder until a signal ends it. One process answers all requests.

    Args:
        model: The folder.
        options: How.
        recognizer: Finds words for the page; None is the best at hand.

    Raises:
        ConfigError: The address is taken, or not this machine's.
        ExportError: There is no version, or it cannot be loaded.
    """
    with (
        logging_to_stderr(options.log_level, options.log_format),
        listening_socket(options.host, options.port) as listening,
    ):
        _LOG.info("Loading %s ...", model)
        versions, gate = Versions(model), Gate(options.limits)
        root_path = options.root_path.removesuffix("/")
        address = f"http://{options.host}:{listening.getsockname()[1]}{root_path}"
        at = f"{address}/v1/models/{versions.name}, with a page to try it at {address}/"
        _LOG.info("Serving version %d at %s (Ctrl-C ends it).", versions.current.number, at)
        finder = WordProcess(
            recognizer, max_words=options.limits.words, max_wait=options.max_wait, niceness=SERVER_NICENESS
        )
        with contextlib.closing(finder):
            app = create_app(
                versions,
                gate,
                pages=try_it(versions, gate, finder),
                hosts=hosts_of(options.host, options.allowed_hosts),
                origins=checked_origins(options.allowed_origins),
                root_path=root_path,
                draining=Draining(options.drain_seconds),
            )
            server_of(app, proxies=options.proxies).run(sockets=[listening])


def listening_socket(host: str, port: int) -> socket.socket:
    """Returns a socket bound to an address.

    Raises:
        ConfigError: The address is taken, or not this machine's.
    """
    # asyncio answers without delay (TCP_NODELAY) only where the protocol is named.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot listen at {host}:{port} ({error.strerror}). Give another --port or --host."
        ) from error
    return listening
