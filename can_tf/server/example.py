"""A recording to try the page with, made when it is asked for: no voice of a person is part of can_tf."""

import functools
import io

import soundfile

from can_tf.alignment.espeak import Delivery, Synthesizer
from can_tf.errors import MissingExtraError
from can_tf.extras import require

TRANSCRIPT = "I told you not to do that again"
_ANGRY = Delivery(rate=185, volume=100, pitch=55, pitch_range=75)


def can_be_made() -> bool:
    """Returns whether espeak-ng, which says it, is installed, and what aligns its words."""
    try:
        require("espeakng_loader", "An example", "align")
        require("pocketsphinx", "An example", "align")
    except MissingExtraError:
        return False
    return True


@functools.cache
def recording() -> bytes:
    """Returns the example as a wav file. Not for several threads at once: a process has one espeak-ng.

    Raises:
        CanError: espeak-ng is not installed, or does not start.
    """
    synthesizer = Synthesizer()
    synthesizer.use_voice("en-us+f3")
    speech = synthesizer.speak(TRANSCRIPT.split(), _ANGRY)
    file = io.BytesIO()
    soundfile.write(file, speech.samples, synthesizer.sample_rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()
