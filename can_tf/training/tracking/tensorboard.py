"""TensorBoard's log of a run: losses and scores of each epoch, counted from 1, hyperparameters, and what came out.

The log is a part of the run folder: a disk that fails it fails the training. It is appended to; an epoch that stands in
it is not written again, so that a training that goes on has each once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import api_pb2, summary

from can_tf.training import run_folder
from can_tf.training.tracking.tracker import Row, Scores, TrackedRun, flat_scores

_TRAIN, _VALIDATION, _RUN = "train", "validation", "."  # Folders in the log, which TensorBoard draws as runs.
_EPOCH = "epoch_"  # Before the names of what has a value for each epoch, as Keras has it.
_OF_VALIDATION = ("loss", "wa", "ua")
_CONFUSION = "test/confusion"


class TensorBoardLog:
    """Writes the log; see `Tracker`.

    Args:
        run: Whose log it is.
    """

    def __init__(self, run: TrackedRun):
        self._run, self._folder = run, run.folder / run_folder.TENSORBOARD_FOLDER
        self._writers: dict[str, Any] = {}
        self._last_epoch = 0

    def begin(self, history: Sequence[Row]) -> None:
        written = last_steps(self._folder / _VALIDATION)
        self._last_epoch = written.get(f"{_EPOCH}loss", 0)
        if not self._folder.exists() or not last_steps(self._folder):
            self._write(_RUN, hparams.hparams_pb(self._run.parameters(), trial_id=self._run.name), step=0)
        for row in history:
            self.epoch(row, {})

    def epoch(self, row: Row, losses: Mapping[str, float]) -> None:
        if row["epoch"] <= self._last_epoch:
            return
        self._last_epoch = row["epoch"]
        self._scalars(_TRAIN, {"loss": row["loss"], **losses}, row["epoch"])
        # The loss of the validation set last, for it says which epochs are written.
        of_validation = {name: row[f"validation_{name}"] for name in reversed(_OF_VALIDATION)}
        self._scalars(_VALIDATION, of_validation, row["epoch"])

    def end(self, history: Sequence[Row], scores: Scores, result: str) -> None:
        step = len(history)
        if result == run_folder.METRICS_FILE and last_steps(self._folder).get(_CONFUSION) != step:
            with self._writer(_RUN).as_default(step=step):
                for name, value in flat_scores(scores).items():
                    if name.startswith("test/"):
                        tf.summary.scalar(name, value)
                labels, confusion = list(scores["recall"]), scores["confusion"]
                tf.summary.text(_CONFUSION, confusion_table(labels, confusion))
            self._write(_RUN, summary.session_end_pb(api_pb2.STATUS_SUCCESS), step=step)
        self._close()

    def stop(self, error: BaseException) -> None:
        self._close()

    def _scalars(self, where: str, values: Mapping[str, float], step: int) -> None:
        writer = self._writer(where)
        with writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(f"{_EPOCH}{name}", value)
        writer.flush()

    def _write(self, where: str, message: Any, step: int) -> None:
        writer = self._writer(where)
        with writer.as_default():
            tf.summary.experimental.write_raw_pb(message.SerializeToString(), step=step)
        writer.flush()

    def _writer(self, where: str) -> Any:
        if where not in self._writers:
            self._writers[where] = tf.summary.create_file_writer(str(self._folder / where))
        return self._writers[where]

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()


def last_steps(folder: Path) -> dict[str, int]:
    """Returns the last step of each name in the logs that stand in a folder, as far as TensorBoard can read them."""
    steps: dict[str, int] = {}
    for path in sorted(folder.glob("events.*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                steps[value.tag] = max(steps.get(value.tag, 0), event.step)
    return steps


def confusion_table(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    """Returns a confusion matrix, one row per true label, as Markdown, which TensorBoard shows as a table.

    Example:
        >>> print(confusion_table(["calm", "loud"], [[3, 1], [0, 2]]))
        | true \\ predicted | calm | loud |
        | --- | --- | --- |
        | calm | 3 | 1 |
        | loud | 0 | 2 |
    """
    names = [label.replace("|", "&#124;").replace("<", "&lt;") for label in labels]
    rows = [["true \\ predicted", *names], ["---"] * (len(names) + 1)]
    rows += [[name, *map(str, counts)] for name, counts in zip(names, confusion, strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
