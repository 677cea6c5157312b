"""The emotion of speech while it is spoken: one answer for each stretch, as it ends.

Sound is read in a thread, so that none is missed while a stretch is answered. What waits to be answered is bounded:
beyond it, sound is not read on or, where it does not wait, stretches are left out, and told as such.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from can_tf.alignment.pauses import Heard, Stretch, StretchFinder
from can_tf.audio.live import at_model_rate
from can_tf.errors import AlignmentError, CanError, PredictionError, WorkerError
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.speaker import EACH_ALONE
from can_tf.prediction.timeline import Moment, request_of_stretch
from can_tf.progress import Event, Progress, ignore
from can_tf.samples import SAMPLE_RATE_HZ

MAX_WAITING_SECONDS = 300.0
_TELL_SECONDS = 20.0  # Of speech that waits, from which on it is said.
_WORK = "Listening"


def listen(
    predictor: Predictor,
    bits: Iterable[np.ndarray],
    *,
    sample_rate: int = SAMPLE_RATE_HZ,
    leave_out: bool = False,
    max_waiting: float = MAX_WAITING_SECONDS,
    progress: Progress = ignore,
) -> Iterator[Moment]:
    """Yields the stretches of speech in sound that comes in bit by bit, each soon after it has ended.

    They are those that `timeline` finds by their pauses in all of the sound.

    Args:
        predictor: Who is asked; `Predictor.word_finder` recognizes the words.
        bits: Sound, `<float>[samples]` in [-1, 1] or `<int16>[samples]`, as long or short as they come. They are taken
            in another thread.
        sample_rate: Of them, in Hz.
        leave_out: Whether the sound does not wait, as that of a microphone does not: stretches for which there is no
            room are left out then, and told as a `Moment` with an error. Else `bits` waits.
        max_waiting: Seconds of speech that may wait to be answered.
        progress: Told, once, that speech waits to be answered, and at the end if nobody spoke.

    Raises:
        AudioError: The sound cannot be used.
        MissingExtraError, RecognizerError: What is needed to find words or pauses is not there.
        ServerError: A server does not answer.

    Example:
        >>> from can_tf import load
        >>> list(listen(load("saved_models/can"), [np.zeros(8_000), np.zeros(8_000)], progress=lambda event: None))
        []
    """
    if predictor.options.normalize == "speaker":
        progress(Event(_WORK, note=EACH_ALONE))
    finder = StretchFinder()
    waiting = _Waiting(max_waiting, leave_out, progress)
    read = threading.Thread(target=_read, args=(finder, at_model_rate(bits, sample_rate), waiting), daemon=True)
    read.start()
    count = 0
    try:
        while (item := waiting.get()) is not None:
            count += 1
            yield _answered(predictor, item)
    finally:
        waiting.close()
    if not count:
        progress(Event(_WORK, note=f"Nobody was heard to speak in the {finder.seconds:.1f} s of sound."))


def warm_up(predictor: Predictor) -> None:
    """Has all that is needed loaded, so that the first stretch does not wait for it; raises as `listen` does."""
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE_HZ)
    with contextlib.suppress(AlignmentError, WorkerError):  # There are no words in it.
        predictor.find_words(noise.astype(np.float32))
    with contextlib.suppress(PredictionError):
        predictor.predict(noise, [("a", 0.0, 1.0)], sample_rate=SAMPLE_RATE_HZ)


def _read(finder: StretchFinder, bits: Iterable[np.ndarray], waiting: "_Waiting") -> None:
    try:
        for samples in bits:
            for heard in finder.add(samples):
                waiting.put(heard)
            if waiting.closed:
                return
        for heard in finder.end():
            waiting.put(heard)
        waiting.end()
    except BaseException as error:  # For the thread that answers.
        waiting.end(error)


def _answered(predictor: Predictor, item: "Heard | _LeftOut") -> Moment:
    if isinstance(item, _LeftOut):
        seconds = item.stretch.end - item.stretch.start
        return Moment(*item.stretch, AlignmentError(f"left out: words are not found fast enough, {seconds:.0f} s"))
    request = request_of_stretch(predictor, item.samples, None, "recognition")
    if isinstance(request, CanError):
        return Moment(*item.stretch, request)
    [answer] = predictor.predict_all([request])
    return Moment(*item.stretch, answer)


class _LeftOut:
    """Speech for which there was no room: from the first of its stretches to the last."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch


class _Waiting:
    """The stretches that wait to be answered, in order, and why there are no more."""

    def __init__(self, most_seconds: float, leave_out: bool, progress: Progress) -> None:
        self._most, self._leave_out, self._progress = most_seconds, leave_out, progress
        self._items: deque[Heard | _LeftOut] = deque()
        self._seconds = 0.0  # Of sound that is kept.
        self._changed = threading.Condition()
        self._told = self._ended = self.closed = False
        self._error: BaseException | None = None

    def put(self, heard: Heard) -> None:
        """Adds a stretch when there is room, or leaves it out."""
        seconds = len(heard.samples) / SAMPLE_RATE_HZ
        with self._changed:
            self._tell(seconds)
            if self._leave_out and not self._has_room(seconds):
                last = self._items[-1]
                if isinstance(last, _LeftOut):
                    last.stretch = Stretch(last.stretch.start, heard.stretch.end)
                else:
                    self._items.append(_LeftOut(heard.stretch))
            else:
                self._changed.wait_for(lambda: self.closed or self._has_room(seconds))
                self._items.append(heard)
                self._seconds += seconds
            self._changed.notify_all()

    def get(self) -> "Heard | _LeftOut | None":
        """Waits for the next; None where there will be none. Raises what ended the reading."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            if not self._items:
                if self._error is not None:
                    raise self._error
                return None
            item = self._items.popleft()
            if isinstance(item, Heard):
                self._seconds -= len(item.samples) / SAMPLE_RATE_HZ
            self._changed.notify_all()
            return item

    def end(self, error: BaseException | None = None) -> None:
        """Says that nothing more will come."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Says that nobody takes any more."""
        with self._changed:
            self.closed = True
            self._items.clear()
            self._changed.notify_all()

    def _has_room(self, seconds: float) -> bool:
        return not self._items or self._seconds + seconds <= self._most

    def _tell(self, seconds: float) -> None:
        if not self._told and self._seconds + seconds > min(_TELL_SECONDS, self._most):
            self._told = True
            beyond = "speech is left out, and told as such" if self._leave_out else "reading waits"
            note = (
                f"Sound comes in faster than it is answered: {self._seconds + seconds:.0f} s of speech are waiting. "
                f"Beyond {self._most:.0f} s, {beyond}."
            )
            self._progress(Event(_WORK, note=note))
