"""`can-tf listen`."""

import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from can_tf.alignment.recognition.registry import choose
from can_tf.audio.live import Microphone, RawSound
from can_tf.audio.reading import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from can_tf.cli.shared.prediction_options import model_options, open_predictor, reject_option
from can_tf.cli.shared.progress import ProgressPrinter
from can_tf.cli.shared.recognizer_options import recognizer_of, recognizer_options
from can_tf.cli.shared.recordings import one_line
from can_tf.errors import CanError, ConfigError
from can_tf.extras import require
from can_tf.samples import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from can_tf.prediction.timeline import Moment

_STANDARD_INPUT = "-"


@click.command("listen")
@click.argument("source", required=False, metavar="[-]")
@click.option(
    "--rate",
    type=click.IntRange(LOWEST_RATE_HZ, HIGHEST_RATE_HZ),
    show_default=str(SAMPLE_RATE_HZ),
    help="Samples per second of the sound on standard input.",
)
@click.option(
    "--device",
    metavar="NAME",
    show_default="the system's",
    help="Microphone: its number, or a part of its name. python -m sounddevice lists them.",
)
@recognizer_options
@model_options
@reject_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.pass_context
def listen_command(
    ctx: click.Context, source: str | None, rate: int | None, device: str | None, as_json: bool, **values: Any
) -> None:
    """Predict the emotion of speech while it is spoken, a line for each stretch of speech as it ends.

    Listens to the microphone (pip install 'can_tf[mic]'), or with - to standard input: raw samples of 16 bits,
    little-endian, one channel. A line has start and end in seconds, emotion, confidence, and the recognized words.
    Ctrl-C ends it, after what has been heard is answered.
    """
    sound = _sound(source, rate, device)
    require("pocketsphinx", "Finding pauses in speech", "align")
    recognizer = recognizer_of(values)
    choose(recognizer)  # Or who starts to speak would be told of what is missing.
    predictor = open_predictor(ctx, values, recognizer)
    from can_tf.prediction.listening import listen, warm_up

    warm_up(predictor)
    live = isinstance(sound, Microphone)
    click.echo(f"Listening to {sound.name} at {sound.rate} Hz. Ctrl-C ends it.", err=True)
    with _until_interrupted(sound):
        show = ProgressPrinter().show
        for moment in listen(predictor, sound.bits(), sample_rate=sound.rate, leave_out=live, progress=show):
            click.echo(json.dumps(moment.to_json()) if as_json else _line(moment))


def _sound(source: str | None, rate: int | None, device: str | None) -> Microphone | RawSound:
    if source is None:
        if rate is not None:
            raise ConfigError("--rate is of sound on standard input: can-tf listen - --rate RATE.")
        return Microphone(device)
    if source != _STANDARD_INPUT:
        raise ConfigError(
            f"{source}: expected - for sound on standard input, or nothing for the microphone. A recording's "
            f"stretches: can-tf predict {source} --timeline"
        )
    if device is not None:
        raise ConfigError("--device is a microphone; leave - out.")
    if sys.stdin.isatty():
        raise ConfigError("standard input is a terminal; pipe raw samples of 16 bits into it.")
    return RawSound(sys.stdin.buffer, "standard input", rate or SAMPLE_RATE_HZ)


@contextlib.contextmanager
def _until_interrupted(sound: Microphone | RawSound) -> Iterator[None]:
    """Makes Ctrl-C end the sound; the second one ends the command as usual."""
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: Any) -> None:
        signal.signal(signal.SIGINT, before)
        sound.stop()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _line(moment: "Moment") -> str:
    times = f"{moment.start:8.2f} {moment.end:8.2f}"
    if isinstance(moment.answer, CanError):
        return f"{times}  -          -      {one_line(moment.answer)}"
    words = " ".join(word.text for word in moment.answer.words)
    return f"{times}  {moment.answer.label:<9}  {moment.answer.confidence:.3f}  {words}"
