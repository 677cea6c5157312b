"""What a tracker is, and what it is told of a run."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from can_tf.training import run_folder
from can_tf.training.metrics import SCORE_NAMES
from can_tf.training.options import TrainOptions, options_of_run

Row = Mapping[str, Any]  # Of `history.csv`, by `can_tf.training.run_state.HISTORY_COLUMNS`.
Scores = Mapping[str, Any]  # The content of `metrics.json` or of `validation.json`.

_CONFIG = {
    "options": {},
    "records": {"fingerprint": str, "features": {"name": str}, "corpus": {"name": str, "synthetic": bool}},
    "versions": {str: str},
}
_OF_THE_COURSE = ("validation_wa", "validation_ua", "epochs", "best_epoch", "seconds")


@dataclasses.dataclass(frozen=True)
class TrackedRun:
    """A run, as its folder tells of it.

    Attributes:
        folder: The run folder.
        options: Of the training.
        config: The content of its `config.json`.
    """

    folder: Path
    options: TrainOptions
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What trackers call it: the name of its folder."""
        return self.folder.resolve().name

    def parameters(self) -> dict[str, bool | int | float | str]:
        """Returns the options of the training, and on which features it is."""
        asked = dataclasses.asdict(self.options)
        options = {name: "none" if value is None else value for name, value in asked.items()}
        return {**options, "features": self.config["records"]["features"]["name"]}


def tracked_run(folder: Path) -> TrackedRun:
    """Returns a run by its folder; RunError if it is none, or damaged."""
    config = run_folder.read_run_json(folder, run_folder.CONFIG_FILE, _CONFIG)
    return TrackedRun(folder, options_of_run(folder / run_folder.CONFIG_FILE, config["options"]), config)


class Tracker(Protocol):
    """Is told of one training. What it is told again, it has once."""

    def begin(self, history: Sequence[Row]) -> None:
        """Is told that the training begins or goes on, and of the epochs that are done."""
        ...

    def epoch(self, row: Row, losses: Mapping[str, float]) -> None:
        """Is told of an epoch that has just ended, and of the losses of single outputs, by name."""
        ...

    def end(self, history: Sequence[Row], scores: Scores, result: str) -> None:
        """Is told of all epochs and of what came out, whose file is named `result`, and has all of it afterwards."""
        ...

    def stop(self, error: BaseException) -> None:
        """Is told that the training ends before its end, to go on another time."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackerKind:
    """An entry of the registry.

    Attributes:
        title: What messages call it.
        ready: Raises MissingExtraError if its library is not installed; imports nothing.
        make: Returns the tracker of a run, without asking anybody yet.
        has: Tells whether it has all that came out of a run, by its folder and the name of the file of its scores.
    """

    title: str
    ready: Callable[[], None]
    make: Callable[[TrackedRun], Tracker]
    has: Callable[[Path, str], bool]


def flat_scores(scores: Scores) -> dict[str, float]:
    """Returns the numbers in a run's scores by names such as `test/wa`, of the final prediction, and `text/recall/sad`.

    None of them is that of something that epochs have.

    Example:
        >>> flat_scores({"wa": 0.5, "recall": {"sad": 1.0, "calm": None}, "epochs": 3})
        {'test/wa': 0.5, 'test/recall/sad': 1.0, 'training/epochs': 3}
    """
    single = {name: part for name, part in scores.items() if isinstance(part, Mapping) and "recall" in part}
    flat: dict[str, float] = {}
    for name, part in {"test": scores, **single}.items():
        flat |= {f"{name}/{score}": part[score] for score in SCORE_NAMES if score in part}
        recalls = part.get("recall", {})
        flat |= {f"{name}/recall/{label}": recall for label, recall in recalls.items() if recall is not None}
    return flat | {f"training/{name}": scores[name] for name in _OF_THE_COURSE if name in scores}
