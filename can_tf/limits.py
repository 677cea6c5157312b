"""How much is taken on at once where nobody says otherwise: beyond it, memory would decide what happens.

`can-tf build-records`, `predict`, `align` and `serve` have options for them. An hour of sound is some 4 GB of work for
a model, ten minutes some 0.6 GB.
"""

import dataclasses
from typing import NamedTuple

MAX_SECONDS = 3_600.0  # Of a recording.
PICTURE_SECONDS = 120.0  # Of a recording that is drawn with its words.
MAX_WORDS = 5_000  # Of an utterance; attention is over pairs of them.
REQUEST_SECONDS = 600.0  # Of the recordings in a request to a server, which works on several requests at once.
WORDS_SECONDS = 300.0  # That a server takes to find the words of a recording.
ANSWER_SECONDS = 120.0  # That a server takes for an answer, once it has the request.
MAX_BODY_MB = 128  # Of a request's body.
JOINED_UTTERANCES = 32  # Of several requests, that a server answers together.
JOINED_SECONDS = 60.0  # Of their recordings: who asks for a short one waits for all of them.
JOINED_WORDS = 2_000  # In them, padding included: the graph itself takes so many whatever the sound is.

_USUAL_RATE_HZ = 48_000  # Of more samples a second, fewer seconds are taken: they would need more memory.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What one recording may hold: its length in seconds, and its words."""

    seconds: float = MAX_SECONDS
    words: int = MAX_WORDS


DEFAULT_LIMITS = Limits()


class Excess(NamedTuple):
    """What goes beyond a limit, in the parts that `can_tf.errors.CanError` has."""

    what: str
    expected: str
    advice: str
    option: str

    def of(self, subject: str) -> dict[str, str]:
        """Returns the parts of an error about something, such as "the transcript", in a sentence."""
        return {**self._asdict(), "what": f"{subject} {self.what}"}


def words_fault(count: int, at_most: int) -> Excess | None:
    """Returns what is wrong with so many words, None if nothing is."""
    if count <= at_most:
        return None
    return Excess(f"has {count} words", f"at most {at_most} for one utterance", "Cut it at its pauses", "--max-words")


def length_fault(frames: int, rate_hz: int, at_most: float) -> Excess | None:
    """Returns what is wrong with a recording's length, None if nothing is.

    Args:
        frames: Samples of a channel.
        rate_hz: Of them.
        at_most: Seconds.
    """
    longest = at_most * min(1.0, _USUAL_RATE_HZ / rate_hz)
    if frames <= longest * rate_hz:
        return None
    what = f"is {frames / rate_hz:.0f} s long at {rate_hz} Hz"
    return Excess(what, f"at most {longest:g} s", "Cut it at its pauses", "--max-seconds")
