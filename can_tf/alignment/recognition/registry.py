"""The recognizers by name, the better first, and the choice among them."""

import dataclasses
from collections.abc import Mapping

from can_tf.alignment.recognition.recognizer import Recognizer, RecognizerKind, RecognizerOptions
from can_tf.alignment.recognition.sphinx import SPHINX
from can_tf.alignment.recognition.whisper import WHISPER
from can_tf.errors import ConfigError, RecognizerError, SetupError

AUTO = "auto"

RECOGNIZERS: Mapping[str, RecognizerKind] = {
    "whisper": WHISPER,
    "sphinx": SPHINX,
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A recognizer that is at hand.

    Attributes:
        kind: Its entry of the registry.
        options: What it is made of, its name included.
        note: What there is to say about the choice, in a line; nothing where it is as asked for.
    """

    kind: RecognizerKind
    options: RecognizerOptions
    note: str = ""

    @property
    def title(self) -> str:
        """What messages call it, and what to think of its words."""
        return ", ".join(filter(None, (self.kind.title, self.kind.trust)))

    @property
    def max_seconds(self) -> float:
        """Of a recording, that it takes."""
        return self.options.max_seconds or self.kind.max_seconds

    @property
    def whole_seconds(self) -> float:
        """The longest recording that it is better asked about as a whole than stretch by stretch."""
        return self.max_seconds if self.kind.takes_whole else 0.0

    def make(self) -> Recognizer:
        """Returns the recognizer, which loads its model."""
        return self.kind.make(self.options)

    def describe(self) -> str:
        """Returns versions and settings that decide the words, as text."""
        return self.kind.describe(self.options)


def choose(options: RecognizerOptions) -> Choice:
    """Returns the recognizer that the options name, or for "auto" the first that is at hand; loads no model.

    A Whisper model that the options name is meant, so "auto" is Whisper then and downloads it.

    Raises:
        ConfigError: There is no such recognizer, or the options contradict each other.
        MissingExtraError, RecognizerError: It cannot be made here; the message says what is missing.
    """
    if options.name not in (AUTO, *RECOGNIZERS):
        raise ConfigError(f"recognizer must be one of {', '.join((AUTO, *RECOGNIZERS))}, got {options.name!r}")
    name = "whisper" if options.name == AUTO and options.whisper else options.name
    if options.whisper and name != "whisper":
        raise ConfigError(f"--whisper {options.whisper}: names a model of Whisper; leave --recognizer {name} out.")
    if name != AUTO:
        kind = RECOGNIZERS[name]
        return Choice(kind, kind.ready(dataclasses.replace(options, name=name), True))
    return _first_at_hand(options)


def _first_at_hand(options: RecognizerOptions) -> Choice:
    missing: list[str] = []
    for name, kind in RECOGNIZERS.items():
        try:
            ready = kind.ready(dataclasses.replace(options, name=name), False)
        except SetupError as error:
            missing.append(f"{kind.title}: {' '.join(str(error).split()).rstrip('.')}")
            continue
        choice = Choice(kind, ready)
        note = f"Words are recognized by {choice.title}. Not at hand is {'; '.join(missing)}." if missing else ""
        return dataclasses.replace(choice, note=note)
    raise RecognizerError(f"no recognizer is at hand: {'; '.join(missing)}")
