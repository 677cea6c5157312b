"""All trackers of a training, and what becomes of one that fails: the training goes on, and that is said once."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from can_tf.progress import Event, Progress
from can_tf.training import run_folder
from can_tf.training.tracking.registry import TRACKERS
from can_tf.training.tracking.tracker import Row, Scores, Tracker, tracked_run

_WORK = "Training"
_LONGEST_REASON = 250  # In characters.
_RESULT_FILES = (run_folder.METRICS_FILE, run_folder.VALIDATION_FILE)  # The first that is there is the result.


class Trackers:
    """Tells all trackers of a training.

    Args:
        log: TensorBoard's, whose errors are those of the disk, and raised.
        chosen: Others by name. One that fails is told nothing more before the end, when it gets all that it lacks.
        progress: Told, once each, of those that fail.
    """

    def __init__(self, log: Tracker, chosen: Mapping[str, Tracker], progress: Progress):
        self._log, self._chosen, self._progress = log, chosen, progress
        self._failed: set[str] = set()

    def begin(self, history: Sequence[Row]) -> None:
        self._log.begin(history)
        self._tell(lambda tracker: tracker.begin(history))

    def epoch(self, row: Row, losses: Mapping[str, float]) -> None:
        self._log.epoch(row, losses)
        self._tell(lambda tracker: tracker.epoch(row, losses))

    def end(self, history: Sequence[Row], scores: Scores, result: str) -> None:
        self._log.end(history, scores, result)
        self._tell(lambda tracker: tracker.end(history, scores, result), again=True)

    def stop(self, error: BaseException) -> None:
        self._log.stop(error)
        self._tell(lambda tracker: tracker.stop(error))

    def _tell(self, tell: Callable[[Tracker], None], *, again: bool = False) -> None:
        for name, tracker in self._chosen.items():
            if name in self._failed and not again:
                continue
            try:
                tell(tracker)
            except Exception as error:  # Of a server, a network, or a library of any kind.
                if name not in self._failed:
                    self._progress(Event(_WORK, note=_in_words(name, error)))
                self._failed.add(name)
            else:
                if name in self._failed:
                    self._progress(Event(_WORK, note=f"{TRACKERS[name].title} has been told all at the end."))


def _in_words(name: str, error: Exception) -> str:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    reason = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]} ..."
    return (
        f"{TRACKERS[name].title} could not be told: {reason}. No training is lost by it. To tell it what is missing, "
        "run the same command again once all is done."
    )


@contextlib.contextmanager
def tracking(folder: Path, history: Sequence[Row], names: Collection[str], progress: Progress) -> Iterator[Trackers]:
    """Gives the trackers of a training that begins or goes on, which are told if the block ends with an error.

    Args:
        folder: The run folder.
        history: The epochs that are done.
        names: In `TRACKERS`.
        progress: Told of those that fail.

    Raises:
        RunError: What the folder says of a tracker is damaged.
    """
    from can_tf.training.tracking.tensorboard import TensorBoardLog  # Which imports TensorFlow.

    run = tracked_run(folder)
    trackers = Trackers(TensorBoardLog(run), {name: TRACKERS[name].make(run) for name in names}, progress)
    trackers.begin(history)
    try:
        yield trackers
    except BaseException as error:
        trackers.stop(error)
        raise


def send_finished(folders: Iterable[Path], names: Collection[str], progress: Progress) -> None:
    """Tells trackers of runs that are done and that they lack; after a failure, that tracker is asked no more.

    Raises:
        RunError: A run is damaged.
    """
    failed: set[str] = set()
    for folder in folders:
        result = next((name for name in _RESULT_FILES if (folder / name).exists()), None)
        for name in [name for name in names if name not in failed]:
            if result is None or TRACKERS[name].has(folder, result):
                continue
            history, scores = run_folder.read_history(folder), run_folder.read_run_json(folder, result)
            rows = [{**row, "epoch": int(row["epoch"])} for row in history]
            try:
                TRACKERS[name].make(tracked_run(folder)).end(rows, scores, result)
            except Exception as error:  # As in a training.
                failed.add(name)
                progress(Event(_WORK, note=_in_words(name, error)))
