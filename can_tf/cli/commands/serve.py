"""`can-tf serve`."""

from pathlib import Path
from typing import Any

import click

from can_tf.cli.shared.recognizer_options import recognizer_of, recognizer_options
from can_tf.extras import require
from can_tf.limits import ANSWER_SECONDS, MAX_BODY_MB, MAX_WORDS, REQUEST_SECONDS, WORDS_SECONDS
from can_tf.processes import cores
from can_tf.server.logs import FORMATS, LEVELS


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
@click.option(
    "--allow-origin",
    metavar="ORIGIN",
    multiple=True,
    show_default="none",
    help="Site, such as https://app.example, whose pages may ask the server and read its answers (CORS); may be given "
    "several times.",
)
@click.option(
    "--root-path",
    metavar="PATH",
    default="",
    help="Path that a proxy serves it under, such as /emotions. Requests are answered with it and without.",
)
@click.option(
    "--trust-proxy",
    metavar="ADDRESS",
    multiple=True,
    show_default="none",
    help="Address or network of a proxy whose X-Forwarded-For names the client in the log; may be given several times.",
)
@click.option(
    "--time-limit",
    default=ANSWER_SECONDS,
    type=click.FloatRange(min=0, min_open=True),
    help="Give up a prediction after this many seconds, waiting included. Finding words has --max-wait.",
)
@click.option(
    "--drain-seconds",
    default=0.0,
    type=click.FloatRange(min=0),
    help="After SIGTERM, go on answering for this many seconds while /readyz says 503.",
)
@click.option("--log-level", type=click.Choice(LEVELS), default="info", help="Least important lines of the log.")
@click.option("--log-format", type=click.Choice([*FORMATS]), default="text", help="Form of the log on standard error.")
@recognizer_options
def serve_command(model: Path, **values: Any) -> None:
    """Serve an exported model over REST, with a page to try it, health checks and metrics.

    The API is TensorFlow Serving's; neither it nor Docker is needed. The page has words recognized in a process of its
    own, which holds up no other request.
    """
    recognizer = recognizer_of(values)
    for library in ("starlette", "uvicorn", "orjson", "prometheus_client"):
        require(library, "can-tf serve", "serve")
    from can_tf.server.gate import RequestLimits
    from can_tf.server.serving import ServeOptions, serve

    limits = RequestLimits(
        body_bytes=values.pop("max_body_mb") * 2**20,
        seconds=values.pop("max_seconds"),
        words=values.pop("max_words"),
        at_once=values.pop("at_once"),
        answer_seconds=values.pop("time_limit"),
    )
    options = ServeOptions(
        limits=limits,
        allowed_hosts=values.pop("allow_host"),
        allowed_origins=values.pop("allow_origin"),
        proxies=values.pop("trust_proxy"),
        **values,
    )
    serve(model, options, recognizer)
