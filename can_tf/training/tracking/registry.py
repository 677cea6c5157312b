"""The trackers that can be asked for, by name."""

from collections.abc import Collection, Mapping

from can_tf.errors import ConfigError
from can_tf.training.tracking.mlflow import MLFLOW
from can_tf.training.tracking.tracker import TrackerKind

TRACKERS: Mapping[str, TrackerKind] = {
    "mlflow": MLFLOW,
}


def check_trackers(names: Collection[str]) -> None:
    """Checks, before any work, that trackers can be told.

    Raises:
        ConfigError: There is no such tracker.
        MissingExtraError: Its library is not installed.

    Example:
        >>> check_trackers(["notebook"])
        Traceback (most recent call last):
        can_tf.errors.ConfigError: there is no tracker 'notebook'; expected one of mlflow
    """
    for name in names:
        if name not in TRACKERS:
            raise ConfigError(f"there is no tracker {name[:60]!r}; expected one of {', '.join(TRACKERS)}")
        TRACKERS[name].ready()
