"""Finds words in a process of its own: `can_tf.prediction.word_child FD NICENESS`, as `word_process` starts it.

FD is an open socket. A question is two messages: a JSON object and the samples, `<float32>[samples]`, little-endian.
Its answer is a JSON object of words or of an error. The process ends when the one that started it does.
"""

import dataclasses
import json
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from can_tf import errors
from can_tf.alignment.recognition.recognizer import RecognizerOptions
from can_tf.alignment.word import Word
from can_tf.errors import CanError, MissingExtraError
from can_tf.prediction.words import WordFinder
from can_tf.processes import end_with_parent

_KINDS = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CanError)
}


def question(recognizer: RecognizerOptions, transcript: str | None, max_words: int) -> bytes:
    """Returns the first message of a question."""
    asked = {"recognizer": dataclasses.asdict(recognizer), "transcript": transcript, "max_words": max_words}
    return json.dumps(asked).encode()


def words_of(answer: bytes) -> tuple[tuple[Word, ...], str | None]:
    """Returns words and, where they were recognized, their language; raises the error that the answer is."""
    found = json.loads(answer)
    if "error" in found:
        raise _error_of(found)
    return tuple(Word(*token) for token in found["words"]), found["language"]


def main(fd: int, niceness: int) -> None:
    """Answers questions until nobody asks any more."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent.
    os.nice(niceness)
    finders: dict[bytes, WordFinder] = {}
    with Connection(fd) as connection:
        while True:
            try:
                asked = json.loads(connection.recv_bytes())
                samples = np.frombuffer(connection.recv_bytes(), "<f4")
            except EOFError:
                return
            connection.send_bytes(json.dumps(_answer(finders, asked, samples)).encode())


def _answer(finders: dict[bytes, WordFinder], asked: dict[str, Any], samples: np.ndarray) -> dict[str, Any]:
    transcript = asked.pop("transcript")
    key = json.dumps(asked, sort_keys=True).encode()
    if key not in finders:
        finders.clear()  # A model takes hundreds of megabytes.
        finders[key] = WordFinder(RecognizerOptions(**asked["recognizer"]), max_words=asked["max_words"])
    try:
        words = finders[key].find(samples, transcript)
    except CanError as error:
        return _error_to_json(error)
    except Exception as error:  # Of a library: it is the recording's, and the next may do.
        return {"error": "WorkerError", "args": [f"its words cannot be found ({type(error).__name__}: {error})"]}
    tokens = [[word.text, word.start, word.end] for word in words]
    return {"words": tokens, "language": getattr(words, "language", None)}


def _error_to_json(error: CanError) -> dict[str, Any]:
    if isinstance(error, MissingExtraError):
        return {"error": type(error).__name__, "args": list(error.args)}
    parts = {name: getattr(error, name) for name in ("where", "expected", "advice", "option")}
    return {"error": type(error).__name__, "args": [error.what], "parts": parts}


def _error_of(found: dict[str, Any]) -> CanError:
    return _KINDS[found["error"]](*found["args"], **found.get("parts", {}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
