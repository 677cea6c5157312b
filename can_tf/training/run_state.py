"""How far a training has got: the state after its last whole epoch, which a run folder keeps until it is finished."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from can_tf.checksums import read_sealed, write_sealed
from can_tf.errors import RunError
from can_tf.files import write_csv
from can_tf.json_shapes import mismatch
from can_tf.training.options import TrainOptions

CHECKPOINT_FOLDER = "checkpoint"
HISTORY_FILE = "history.csv"
HISTORY_COLUMNS = ("epoch", "loss", "validation_loss", "validation_wa", "validation_ua", "seconds")

_STATE_FILE = "state.json"
_WEIGHTS = re.compile(r"([\w-]{1,80}\.npz)?")
_STATE = {
    "history": [dict.fromkeys(HISTORY_COLUMNS, lambda value: type(value) in (int, float))],  # A loss may be infinite.
    "best_epoch": int,
    **dict.fromkeys(("weights", "best_weights"), lambda value: isinstance(value, str) and _WEIGHTS.fullmatch(value)),
}


@dataclasses.dataclass
class RunState:
    """How far a training has got.

    Attributes:
        history: One row per epoch, by HISTORY_COLUMNS.
        best_epoch: The best epoch so far, counted from 0; -1 before the first.
        weights: File in `checkpoint/` with weights and optimizer after the last epoch.
        best_weights: File in `checkpoint/` with those of the best epoch.
        config: SHA-256 of `config.json`, from which a training that goes on takes what it was begun with.
    """

    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int = -1
    weights: str = ""
    best_weights: str = ""
    config: str = ""

    @property
    def epochs(self) -> int:
        return len(self.history)

    def ends(self, options: TrainOptions) -> bool:
        """Tells whether training is over: all epochs done, or patience lost."""
        return self.epochs >= options.epochs or (
            self.epochs > 0 and self.epochs - 1 - self.best_epoch >= options.patience
        )


def read_state(folder: Path) -> RunState:
    """Returns how far a training has got, which is nowhere in a new folder; RunError if its file is damaged."""
    path = folder / CHECKPOINT_FOLDER / _STATE_FILE
    if not path.exists():
        return RunState()
    try:
        values = read_sealed(path)
        wrong = mismatch(values, _STATE)
        state = None if wrong else RunState(**values)
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"{path}: is damaged ({error}). Delete {folder} and train again.") from error
    if state is None or not -1 <= state.best_epoch < state.epochs:
        wrong = wrong or "best_epoch: expected one that is done"
        raise RunError(f"{path}: is damaged ({wrong}). Delete {folder} and train again.")
    return state


def write_state(folder: Path, state: RunState) -> None:
    """Writes state and history; removes weights of earlier epochs."""
    checkpoint = folder / CHECKPOINT_FOLDER
    write_sealed(checkpoint / _STATE_FILE, dataclasses.asdict(state))
    if state.history:
        write_csv(folder / HISTORY_FILE, HISTORY_COLUMNS, state.history)
    for path in sorted(checkpoint.glob("*.npz")):
        if path.name not in (state.weights, state.best_weights):
            path.unlink()
