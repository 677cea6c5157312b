"""The errors that a user can act on. Each message says what and where, what was expected, what to do."""


class CanError(Exception):
    """Base of every error that the command line shows as one line, and the parts of its text.

    Args:
        what: What is wrong; in an error without other parts, the whole text.
        where: The file, utterance or argument at fault.
        expected: What would have been right.
        advice: What to do, without a full stop.
        option: The option that lifts the limit which was exceeded: of use where options are typed.

    Example:
        >>> print(CanError("is 9 s long", where="talk.wav", expected="at most 5 s", option="--max-seconds"))
        talk.wav: is 9 s long; expected at most 5 s. Raise --max-seconds.
    """

    def __init__(self, what: str = "", *, where: str = "", expected: str = "", advice: str = "", option: str = ""):
        super().__init__(what)  # As it is, so that the error can come from another process.
        self.what, self.where, self.expected, self.advice, self.option = what, where, expected, advice, option

    def __str__(self) -> str:
        raising = f"raise {self.option}" if self.option else ""
        return self._text(", or ".join(filter(None, (self.advice, raising))))

    @property
    def without_option(self) -> str:
        """The text for somebody who cannot set options: the visitor of a server."""
        return self._text(self.advice)

    def _text(self, advice: str) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        text += f"; expected {self.expected}" if self.expected else ""
        return f"{text}. {advice[0].upper()}{advice[1:]}." if advice else text


class CorpusError(CanError):
    """A corpus, a manifest or a label set cannot be used."""


class AlignmentError(CorpusError):
    """Word timings are missing, malformed or impossible."""


class AudioError(CanError):
    """A recording cannot be read or holds no usable samples."""


class BusyError(CanError):
    """Another process is at work in a folder."""


class DamagedError(CanError):
    """A finished folder is not what it was when it was finished, or does not say what it was."""


class RecordsError(CanError):
    """A records folder is missing, damaged, or of another schema version."""


class TextError(CanError):
    """Word vectors or a vocabulary cannot be used."""


class ConfigError(CanError):
    """Options contradict each other or the data."""


class RunError(CanError):
    """A run folder is missing, damaged, or belongs to another configuration."""


class SetupError(CanError):
    """What all recordings need is missing here; none of them is at fault, and so none is gone on with."""


class RecognizerError(SetupError):
    """A recognizer cannot be made: its model is missing, or does not know the language."""


class MissingExtraError(SetupError):
    """An optional part of can_tf is asked for, and its library is not installed."""

    def __init__(self, purpose: str, extra: str):
        super().__init__(f"{purpose} needs an optional part of can_tf")
        self.args = (purpose, extra)  # What another process makes it again from.

    def __str__(self) -> str:
        extra = self.args[1]
        return (
            f"{self.what}. Install it with: pip install 'can_tf[{extra}]', or in can_tf's own folder: "
            f"pip install '.[{extra}]'"
        )


class ExportError(CanError):
    """A model cannot be exported, or an export cannot be used."""


class ServerError(CanError):
    """A server cannot be reached, or refuses a request."""


class ClusterError(CanError):
    """A Dask cluster cannot be reached, cannot do the work as this machine would, or was lost."""


class PredictionError(CanError):
    """A model refuses what it is asked about."""


class WorkerError(CanError):
    """The process that finds words died of a recording, or failed in a way that nobody foresaw."""


class TimeLimitError(WorkerError):
    """The process that finds words took too long."""
