"""The errors that a user can act on. Each message says what and where, what was expected, what to do."""


class CanError(Exception):
    """Base of every error that the command line shows as one line."""


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


class MissingExtraError(CanError):
    """An optional part of can_tf is asked for, and its library is not installed."""

    def __init__(self, purpose: str, extra: str):
        super().__init__(purpose, extra)  # As they are, so that it can come from another process.

    def __str__(self) -> str:
        purpose, extra = self.args
        return f"{purpose} needs an optional part of can_tf. Install it with: pip install 'can_tf[{extra}]'"


class ExportError(CanError):
    """A model cannot be exported, or an export cannot be used."""


class ServerError(CanError):
    """A server cannot be reached, or refuses a request."""


class ClusterError(CanError):
    """A Dask cluster cannot be reached, cannot do the work as this machine would, or was lost."""


class PredictionError(CanError):
    """A model refuses what it is asked about."""
