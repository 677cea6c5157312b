"""The live mode of the page of `can-tf serve`: what has ended in the sound that a browser hears.

The browser keeps the sound and sends all of it about every second, until it is told how much is done with. So nothing
is kept here from one request to the next, and a request that is lost loses no speech.
"""

import dataclasses
import json
from collections.abc import Sequence

import numpy as np

from can_tf.alignment.pauses import Heard, StretchFinder
from can_tf.errors import CanError
from can_tf.prediction.answers import Prediction
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors, plain_word
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.requests import Request
from can_tf.prediction.timeline import Moment, request_of_stretch
from can_tf.samples import SAMPLE_RATE_HZ
from can_tf.server.bodies import from_base64, read_body
from can_tf.server.gate import HttpError

LIVE_SECONDS = 60.0  # A stretch has fifteen; the rest is for a server that is busy.
_SOUND = {"samples": {"b64": str}, "last": bool}


@dataclasses.dataclass(frozen=True, eq=False)
class LiveSound:
    """The stretches that have ended in some sound, and the seconds of it that are done with."""

    heard: Sequence[Heard]
    done: float

    def requests(self, predictor: Predictor) -> list[Request | CanError]:
        """Returns what a model is asked of each stretch, or what is wrong with it; raises SetupError."""
        return [request_of_stretch(predictor, each.samples, None, "recognition") for each in self.heard]

    def answer(self, requests: Sequence[Request | CanError], answers: Sequence[Prediction | CanError]) -> str:
        """Returns JSON, given the requests and the answers to those that are none of the errors."""
        coming = iter(answers)
        stretches = []
        for each, request in zip(self.heard, requests, strict=True):
            answer = next(coming) if isinstance(request, Request) else request
            shown = Moment(*each.stretch, answer).to_json()
            if isinstance(answer, Prediction):
                shown["emotion"] = plain_word(answer.label)
                shown["color"] = label_colors(answer.probabilities).get(answer.label, UNCERTAIN_COLOR)
            stretches.append(shown)
        return json.dumps({"stretches": stretches, "done": self.done})


def hear(content: bytes) -> LiveSound:
    """Returns what has ended in the sound that the body of a request holds.

    Raises:
        HttpError: It is none.
        MissingExtraError: pocketsphinx is not installed.
    """
    body = read_body(content, _SOUND, "live sound")
    try:
        samples = np.frombuffer(from_base64(body["samples"]["b64"], "samples"), "<i2")
    except ValueError as error:
        raise HttpError(400, f"samples: are not integers of 16 bits ({error})") from error
    if len(samples) > LIVE_SECONDS * SAMPLE_RATE_HZ:
        raise HttpError(413, f"samples: last longer than {LIVE_SECONDS:g} s")
    finder = StretchFinder()
    heard = list(finder.add(samples.astype(np.float32) / np.float32(32_768)))
    if body["last"]:
        return LiveSound([*heard, *finder.end()], finder.seconds)
    return LiveSound(heard, max(finder.kept_from, heard[-1].stretch.end if heard else 0.0))
