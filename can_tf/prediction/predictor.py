"""Predictions for recordings: what `can_tf.load` returns, and what `can-tf predict` uses."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.alignment.recognition import Recognizer
from can_tf.alignment.spans import FILLER_POLICIES, check_end
from can_tf.alignment.word import Word
from can_tf.audio.wav import read_as_wav, wav_bytes
from can_tf.errors import AlignmentError, AudioError, ConfigError, ExportError, PredictionError
from can_tf.json_shapes import count, mismatch
from can_tf.limits import DEFAULT_LIMITS, Limits, words_fault
from can_tf.prediction.backends import Backend, connect, open_model
from can_tf.prediction.messages import Prediction, Request, inputs_of, predictions_of, words_of_file, words_of_tokens
from can_tf.prediction.words import SpokenWords

DESCRIPTION_FILE = Path("assets.extra", "can_tf.json")

_DESCRIPTION = {
    "records": {
        "features": {"sample_rate_hz": count},
        "fillers": lambda value: value in FILLER_POLICIES,
        "corpus": {"synthetic": bool},
    }
}

Audio = Path | str | np.ndarray
Words = Path | str | Sequence[Word | tuple[str, float, float]]


class Predictor:
    """Asks a model.

    Args:
        backend: Who answers.
        sample_rate_hz: What the model expects of audio.
        fillers: What becomes of noises that the aligner names: "keep" or "drop", as the records were made.
        recognizer: Finds the words of recordings that come without; None is pocketsphinx, whose words are mediocre.
        limits: What a recording may hold.
        reject_below: Confidence, from 0 to 1, below which a prediction's label is "uncertain".

    Raises:
        ConfigError: `reject_below` is no probability.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        sample_rate_hz: int = 16_000,
        fillers: str = "keep",
        recognizer: Recognizer | None = None,
        limits: Limits = DEFAULT_LIMITS,
        reject_below: float = 0.0,
    ):
        if not 0 <= reject_below <= 1:  # NaN too.
            raise ConfigError(f"reject_below must be a number from 0 to 1, got {reject_below}")
        self._backend, self.sample_rate_hz, self.fillers = backend, sample_rate_hz, fillers
        self.limits, self.reject_below = limits, reject_below
        self.spoken_words = SpokenWords(recognizer, max_words=limits.words)

    def predict(self, audio: Audio, words: Words | None = None, *, transcript: str | None = None) -> Prediction:
        """Returns the prediction for one utterance. Without words, they are found by the transcript, or recognized.

        Args:
            audio: A file of any format that libsndfile reads, or `<float32>[samples]` in [-1, 1] at `sample_rate_hz`.
            words: An alignment file (.wdseg, .TextGrid, .ctm, .json), or the words as `(word, start, end)` in seconds.
            transcript: What is said, in English, where no words are given.

        Raises:
            AudioError, AlignmentError: The audio or the words cannot be used.
            MissingExtraError: Words are to be found, and pocketsphinx is not installed.
            PredictionError: The model refuses them.
            ServerError: A server does not answer.
        """
        [answer] = self.predict_all([self.request(audio, words, transcript=transcript)])
        if isinstance(answer, PredictionError):
            raise answer
        return answer

    def request(self, audio: Audio, words: Words | None = None, *, transcript: str | None = None) -> Request:
        """Returns the request for one utterance; arguments and errors are those of `predict`."""
        wav, samples = self._wav(audio)
        seconds = len(samples) / self.sample_rate_hz
        words_from = "alignment"
        if words is None:
            words_from = "recognition" if transcript is None else "transcript"
            words = self.spoken_words(samples, self.sample_rate_hz, transcript)
        if isinstance(words, (str, Path)):
            timed = words_of_file(Path(words), seconds, self.fillers)
        else:
            timed = words_of_tokens(words, seconds, self.fillers)
        if fault := words_fault(len(timed), self.limits.words):
            raise AlignmentError(f"the recording has {fault}")
        check_end(timed, seconds)
        return Request(wav, timed, words_from)

    def _wav(self, audio: Audio) -> tuple[bytes, np.ndarray]:
        if isinstance(audio, (str, Path)):
            return read_as_wav(Path(audio), self.sample_rate_hz, max_seconds=self.limits.seconds)
        if audio.ndim != 1 or not audio.size or not np.isfinite(audio).all():
            raise AudioError(f"samples: expected a vector of finite numbers, got the shape {audio.shape}")
        return wav_bytes(audio, self.sample_rate_hz), audio

    def predict_all(self, requests: Sequence[Request]) -> list[Prediction | PredictionError]:
        """Returns the answers to a batch. Where it is refused, each request is asked alone, so that only some are."""
        try:
            outputs = self._backend.answer(inputs_of(requests))
            return [*predictions_of(outputs, requests, reject_below=self.reject_below)]
        except PredictionError as error:
            if len(requests) == 1:
                return [error]
            return [answer for request in requests for answer in self.predict_all([request])]


def load(
    path: Path | str,
    *,
    recognizer: Recognizer | None = None,
    limits: Limits = DEFAULT_LIMITS,
    reject_below: float = 0.0,
) -> Predictor:
    """Returns the model of an export.

    Args:
        path: A version's folder, or a model's, whose newest version is taken.
        recognizer, limits, reject_below: As `Predictor` has them.

    Raises:
        ConfigError: `reject_below` is no probability.
        ExportError: There is no export, or it cannot be loaded.
    """
    model = open_model(Path(path))
    records = description_of(model.folder)
    return Predictor(
        model,
        sample_rate_hz=records["features"]["sample_rate_hz"],
        fillers=records["fillers"],
        recognizer=recognizer,
        limits=limits,
        reject_below=reject_below,
    )


def at_server(
    url: str, *, fillers: str = "keep", limits: Limits = DEFAULT_LIMITS, reject_below: float = 0.0
) -> Predictor:
    """Returns the model that a server has; see `can_tf.prediction.backends.connect`."""
    return Predictor(connect(url), fillers=fillers, limits=limits, reject_below=reject_below)


def description_of(version: Path) -> dict[str, Any]:
    """Returns what an export's description says of the records its model was trained on.

    Raises:
        ExportError: It cannot be read.
    """
    path = version / DESCRIPTION_FILE
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ExportError(f"{path}: cannot be read ({error}). Export the run again.") from error
    wrong = mismatch(description, _DESCRIPTION)
    if wrong:
        raise ExportError(f"{path}: is damaged ({wrong}). Export the run again.")
    return description["records"]
