"""Finding words in a process of its own, which neither holds up nor brings down the one that asks.

Recognition takes seconds and does not let other threads of its process run; and a library in C that meets bad luck ends
the process. So the server and the commands that ask about many recordings have it done elsewhere.
"""

import contextlib
import multiprocessing
import signal
import subprocess
import threading
import weakref
from collections import Counter
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from can_tf.alignment.recognition.recognizer import Recognized, RecognizerOptions
from can_tf.alignment.word import Word
from can_tf.errors import TimeLimitError, WorkerError
from can_tf.limits import MAX_WORDS
from can_tf.prediction import word_child
from can_tf.prediction.words import LazyChoice
from can_tf.processes import python_command

SERVER_NICENESS = 5  # Who waits for nothing but a model goes first.


class _Child(NamedTuple):
    process: "subprocess.Popen[bytes]"
    connection: Connection


class WordProcess:
    """Finds words as `WordFinder` does, in a process that starts at the first question. For several threads: one waits
    for the other. A question that its process does not survive, or that takes too long, costs that question alone: the
    next gets a new process.

    Args:
        recognizer: Which recognizer finds words where there is no transcript; None is the best at hand.
        max_words: Limit of a transcript.
        max_wait: Seconds that a recording may take; None waits for ever.
        niceness: Added to this process's own.

    Example:
        >>> with contextlib.closing(WordProcess()) as finder:
        ...     finder.heard.total()
        0
    """

    def __init__(
        self,
        recognizer: RecognizerOptions | None = None,
        *,
        max_words: int = MAX_WORDS,
        max_wait: float | None = None,
        niceness: int = 0,
    ):
        self._choice = LazyChoice(recognizer or RecognizerOptions())
        self._max_words, self._max_wait, self._niceness = max_words, max_wait, niceness
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.heard: Counter[str] = Counter()

    @property
    def recognizer(self) -> str:
        """What messages call the one that recognizes, and what to think of its words."""
        return self._choice.made.title

    @property
    def description(self) -> str:
        """Versions and settings that decide the words that are recognized."""
        return self._choice.made.describe()

    @property
    def longest_seconds(self) -> float:
        """The longest recording whose words are recognized."""
        return self._choice.made.max_seconds

    @property
    def whole_seconds(self) -> float:
        """The longest recording that is better recognized as a whole than stretch by stretch."""
        return self._choice.made.whole_seconds

    def find(self, samples: np.ndarray, transcript: str | None = None) -> tuple[Word, ...]:
        """Returns words and silences with their times in seconds; arguments and errors as `WordFinder.find` has them.

        Raises:
            TimeLimitError: It took too long.
            WorkerError: The process died.
        """
        with self._lock:
            options = self._choice.options if transcript is not None else self._choice.made.options
            question = word_child.question(options, transcript, self._max_words)
            words, language = word_child.words_of(self._ask(question, samples))
            if language is None:
                return words
            self.heard[language] += 1
            return Recognized(words, language)

    def close(self) -> None:
        """Ends the process; the next question would start another."""
        with self._lock:
            self._end()

    def _ask(self, question: bytes, samples: np.ndarray) -> bytes:
        child = self._child = self._child or self._started()
        try:
            child.connection.send_bytes(question)
            child.connection.send_bytes(np.ascontiguousarray(samples, "<f4").data.cast("B"))
            if child.connection.poll(self._max_wait):
                return child.connection.recv_bytes()
        except (EOFError, OSError) as error:
            child.process.kill()  # If it lives, it does not answer.
            code = child.process.wait()
            self._end()
            why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise WorkerError(
                f"the process that finds words died of it ({why}), and its words were not found; other recordings are "
                "not concerned"
            ) from error
        except BaseException:  # Ctrl-C: an answer that comes later would be taken for that of another question.
            self._end()
            raise
        self._end()
        raise TimeLimitError(
            f"its words were not found within {self._max_wait:g} s, and the search was given up. Send a shorter "
            "recording, or its transcript"
        )

    def _started(self) -> _Child:
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            process = subprocess.Popen(
                python_command(word_child.__name__, str(theirs.fileno()), str(self._niceness)),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,  # Nothing is written to it; its end is the parent's.
                stdout=subprocess.DEVNULL,
            )
        child = _Child(process, ours)
        weakref.finalize(self, _ended, child)
        return child

    def _end(self) -> None:
        if self._child is not None:
            _ended(self._child)
            self._child = None


def _ended(child: _Child) -> None:
    with contextlib.suppress(OSError):
        child.connection.close()
    child.process.kill()
    child.process.wait()
    if child.process.stdin is not None:
        child.process.stdin.close()
