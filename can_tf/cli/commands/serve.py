"""`can-tf serve`."""

import contextlib
import socket
from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.recognizer_options import recognizer_of, recognizer_options
from can_tf.errors import ConfigError, MissingExtraError
from can_tf.limits import MAX_BODY_MB, MAX_WORDS, REQUEST_SECONDS, WORDS_SECONDS
from can_tf.processes import cores


@click.command("serve")
@click.option(
    "--model",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("saved_models/can"),
    help="Folder of versions. The newest is served; when a newer one appears, it takes over.",
)
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 lets other machines connect.")
@click.option(
    "--port", default=8501, type=click.IntRange(0, 65535), help="Port; the default is TensorFlow Serving's for REST."
)
@click.option("--max-body-mb", default=MAX_BODY_MB, type=click.IntRange(min=1), help="Refuse larger request bodies.")
@click.option(
    "--max-seconds",
    default=REQUEST_SECONDS,
    type=click.FloatRange(min=0, min_open=True),
    help="Refuse requests whose recordings are longer than this in total.",
)
@click.option(
    "--max-words",
    default=MAX_WORDS,
    type=click.IntRange(min=1),
    help="Refuse requests with more words, padding included.",
)
@click.option(
    "--at-once",
    default=cores(),
    show_default="one per core",
    type=click.IntRange(min=1),
    help="Number of requests answered in parallel.",
)
@click.option(
    "--max-wait",
    default=WORDS_SECONDS,
    type=click.FloatRange(min=0, min_open=True),
    help="For the page: give up finding the words of a recording after this many seconds.",
)
@click.option(
    "--allow-host",
    metavar="NAME",
    multiple=True,
    show_default="this machine's own if --host is, else any",
    help="Name that the server is asked under, such as a proxy's. Requests under other names are refused; may be given "
    "several times.",
)
@recognizer_options
def serve_command(
    model: Path,
    host: str,
    port: int,
    max_body_mb: int,
    max_seconds: float,
    max_words: int,
    at_once: int,
    max_wait: float,
    allow_host: tuple[str, ...],
    **values: Any,
) -> None:
    """Serve an exported model over REST, with a page to try it.

    The API is TensorFlow Serving's; neither it nor Docker is needed. The page has words recognized in a process of its
    own, which holds up no other request.
    """
    recognizer = recognizer_of(values)
    try:
        from can_tf.prediction.word_process import SERVER_NICENESS, WordProcess
        from can_tf.server.connections import server_of
        from can_tf.server.gate import Gate, RequestLimits
        from can_tf.server.origins import hosts_of
        from can_tf.server.page import try_it
        from can_tf.server.rest import create_app
    except ModuleNotFoundError as error:
        raise MissingExtraError("can-tf serve", "serve") from error
    from can_tf.server.versions import Versions

    with listening_socket(host, port) as listening:
        click.echo(f"Loading {model} ...", err=True)
        versions = Versions(model, lambda line: click.echo(line, err=True))
        address = f"http://{host}:{listening.getsockname()[1]}"
        at = f"{address}/v1/models/{versions.name}, with a page to try it at {address}"
        click.echo(f"Serving version {versions.current.number} at {at} (Ctrl-C ends it).", err=True)
        limits = RequestLimits(body_bytes=max_body_mb * 2**20, seconds=max_seconds, words=max_words, at_once=at_once)
        gate = Gate(limits)
        finder = WordProcess(recognizer, max_words=max_words, max_wait=max_wait, niceness=SERVER_NICENESS)
        with contextlib.closing(finder):
            pages = try_it(versions, gate, finder)
            app = create_app(versions, gate, pages=pages, hosts=hosts_of(host, allow_host))
            server_of(app).run(sockets=[listening])


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
