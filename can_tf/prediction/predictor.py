"""Predictions for recordings: what `can_tf.load` returns, and what `can-tf predict` uses."""

import dataclasses
import numbers
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from can_tf.alignment.formats import marks_silence, read_alignment
from can_tf.alignment.mending import mended, within
from can_tf.alignment.silence import silence_at_edges
from can_tf.alignment.spans import FILLER_POLICIES, share_silence
from can_tf.alignment.word import Word
from can_tf.audio import Source, read_audio
from can_tf.errors import AlignmentError, AudioError, PredictionError
from can_tf.limits import words_fault
from can_tf.prediction.answers import Prediction, predictions_of
from can_tf.prediction.backends import Backend, open_model
from can_tf.prediction.description import About, description_of, tell_of_resampler
from can_tf.prediction.options import PredictionOptions
from can_tf.prediction.requests import FEATURES_SIGNATURE, FRAMES_SIGNATURE, Request, inputs_of, inputs_of_frames
from can_tf.prediction.servers import connect
from can_tf.prediction.words import FindsWords, WordFinder
from can_tf.samples import SAMPLE_RATE_HZ

_NAMELESS = "the recording"

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")

Words = Path | str | Sequence[Word | tuple[str, float, float]]


class Predictor:
    """A model, and how it is asked: what `can_tf.load` returns.

    Args:
        backend: Who answers.
        options: How it is asked.
        word_finder: Finds words of recordings that come without; by default one of its own, with the options'
            recognizer.
        synthetic: Whether the model was trained on synthetic speech; None where nobody says.

    Attributes:
        options: The same, with `fillers` decided.
        word_finder: Finds the words.
        synthetic: As given.

    Example:
        >>> predictor = load("saved_models/can")
        >>> words = [("not", 0.0, 0.4), ("again", 0.4, 1.0)]
        >>> prediction = predictor.predict(np.sin(np.arange(16_000)), words, sample_rate=16_000)
        >>> [word.text for word in prediction.words]
        ['not', 'again']
        >>> predictor
        <Predictor of saved_models/can/1: labels ang, exc, hap, sad, fru, sur, neu>
        >>> predictor.version
        1
    """

    def __init__(
        self,
        backend: Backend,
        options: PredictionOptions | None = None,
        *,
        word_finder: FindsWords | None = None,
        synthetic: bool | None = None,
    ):
        options = options or PredictionOptions()
        self._backend, self.synthetic = backend, synthetic
        self.options = dataclasses.replace(options, fillers=options.fillers or FILLER_POLICIES[0])
        self.word_finder = word_finder or WordFinder(options.recognizer, max_words=options.limits.words)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._backend}>"

    @property
    def about(self) -> About:
        """What is known of the model. A server is asked each time, for it may take up another version."""
        return self._backend.about()

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels in index order, as `about` has them."""
        return self.about.labels

    @property
    def version(self) -> int | None:
        """The version of the model's export, as `about` has it."""
        return self.about.version

    def predict(
        self,
        audio: Source,
        words: Words | None = None,
        *,
        transcript: str | None = None,
        sample_rate: int | None = None,
        name: str | None = None,
    ) -> Prediction:
        """Returns the prediction for one utterance. Without words, they are found by the transcript, or recognized.

        What stands beside a file is not looked for; `can_tf.predict_many` does so, and takes several recordings, or
        folders of them.

        Args:
            audio: What `can_tf.audio.read_audio` reads: a file's path, its bytes, an open file, or samples.
            words: An alignment file (see `can_tf.alignment.formats.FORMATS`), or the words as `(word, start, end)` in
                seconds.
            transcript: What is said, in English, where no words are given.
            sample_rate: Of samples, in Hz.
            name: What errors call the recording.

        Raises:
            AudioError, AlignmentError: The audio or the words cannot be used, or there are several recordings.
            MissingExtraError, RecognizerError: Words are to be found, and what is needed for it is not there.
            PredictionError: The model refuses them.
            ServerError: A server does not answer.
        """
        request = self.request(audio, words, transcript=transcript, sample_rate=sample_rate, name=name)
        [answer] = self.predict_all([request])
        if isinstance(answer, PredictionError):
            raise answer
        return answer

    def request(
        self,
        audio: Source,
        words: Words | None = None,
        *,
        transcript: str | None = None,
        sample_rate: int | None = None,
        name: str | None = None,
    ) -> Request:
        """Returns the request for one utterance; arguments and errors are those of `predict`."""
        samples = self.read(audio, sample_rate=sample_rate, name=name)
        seconds = len(samples) / SAMPLE_RATE_HZ
        name = name or (str(audio) if isinstance(audio, (str, Path)) else _NAMELESS)
        if words is None:
            words_from = "recognition" if transcript is None else "transcript"
            tokens = _with_edges(self.find_words(samples, transcript), seconds, name)
        elif isinstance(words, (str, Path)):
            words_from, tokens = "alignment", self.read_words(Path(words), audio)
            tokens = tokens if marks_silence(Path(words)) else _with_edges(tokens, seconds, name)
        else:
            words_from = "alignment"
            given = mended([word if isinstance(word, Word) else Word(*word) for word in words], name)
            tokens = _with_edges(given, seconds, name)
        return self.request_of_tokens(samples, tokens, words_from, name)

    def read(self, audio: Source, *, sample_rate: int | None = None, name: str | None = None) -> np.ndarray:
        """Returns a recording's samples as `can_tf.audio.read_audio` does, within the limits."""
        _check_one(audio)
        return read_audio(audio, sample_rate=sample_rate, name=name, max_seconds=self.options.limits.seconds)

    def read_words(self, alignment: Path, audio: Source) -> tuple[Word, ...]:
        """Returns the tokens of an alignment file; of one about several recordings, those of the audio file's name."""
        name = Path(audio).stem if isinstance(audio, (str, Path)) else None
        return read_alignment(alignment, name, self.options.reading)

    def find_words(self, samples: np.ndarray, transcript: str | None = None) -> tuple[Word, ...]:
        """Returns words and silences by a transcript, or by recognition; see `WordFinder`."""
        return self.word_finder.find(samples, transcript)

    def request_of_tokens(
        self, samples: np.ndarray, tokens: Sequence[Word], words_from: str, name: str = _NAMELESS
    ) -> Request:
        """Returns the request for samples and tokens that mark all silence, as `build-records` treats them.

        Raises:
            AlignmentError: There is no word, there are too many, a word would get no time, or half of them are behind
                the end.
        """
        tokens = within(tokens, len(samples) / SAMPLE_RATE_HZ, name)
        words = share_silence(tokens, fillers=self.options.fillers or FILLER_POLICIES[0])
        if fault := words_fault(len(words), self.options.limits.words):
            raise AlignmentError(**fault.of("the recording"))
        return Request(samples, words, words_from)

    def predict_all(self, requests: Sequence[Request]) -> list[Prediction | PredictionError]:
        """Returns the answers to a batch. Where it is refused, each request is asked alone, so that only some are."""

        def answers(batch: Sequence[Request]) -> list[Prediction]:
            outputs = self._backend.answer(inputs_of(batch))
            return [*predictions_of(outputs, batch, reject_below=self.options.reject_below)]

        return _together_or_alone(answers, requests)

    def frames_all(self, requests: Sequence[Request]) -> list[tuple[np.ndarray, np.ndarray] | PredictionError]:
        """Returns what the front end makes of each request of a batch: frames, and how many each word has.

        They are `<float32>[frames, width]`, those of all words one after another, and `<int32>[words]`. Where the batch
        is refused, each request is asked alone.
        """

        def answers(batch: Sequence[Request]) -> list[tuple[np.ndarray, np.ndarray]]:
            outputs = self._backend.answer(inputs_of(batch), FRAMES_SIGNATURE)
            return [
                _frames_of_words(np.asarray(frames, np.float32), np.asarray(counts, np.int32)[: len(request.words)])
                for request, frames, counts in zip(batch, outputs["frames"], outputs["segment_frames"], strict=True)
            ]

        return _together_or_alone(answers, requests)

    def predict_frames(
        self, requests: Sequence[tuple[Request, np.ndarray, np.ndarray]]
    ) -> list[Prediction | PredictionError]:
        """Returns the answers to a batch by its frames, as `frames_all` gives them, standardized or not.

        Where it is refused, each request is asked alone.
        """

        def answers(batch: Sequence[tuple[Request, np.ndarray, np.ndarray]]) -> list[Prediction]:
            outputs = self._backend.answer(inputs_of_frames(batch), FEATURES_SIGNATURE)
            asked = [request for request, _, _ in batch]
            return [*predictions_of(outputs, asked, reject_below=self.options.reject_below)]

        return _together_or_alone(answers, requests)


def _check_one(audio: Any) -> None:
    """Raises AudioError for a folder, or several recordings in a list or their like."""
    if isinstance(audio, (str, Path)):
        several = os.path.isdir(audio)  # noqa: PTH112 Which knows names that are too long for a file.
    elif isinstance(audio, tuple) and len(audio) == 2 and isinstance(audio[1], numbers.Real):
        several = False  # Samples with their rate.
    else:
        several = isinstance(audio, (list, tuple, set, dict)) and not all(
            isinstance(sample, numbers.Real) for sample in audio
        )
        several = several or (hasattr(audio, "__next__") and not hasattr(audio, "read"))
    if several:
        raise AudioError(
            "is a folder" if isinstance(audio, (str, Path)) else "are several",
            where=str(audio) if isinstance(audio, (str, Path)) else "recordings",
            expected="one recording",
            advice="For several, call can_tf.predict_many(model, recordings), or can_tf.timelines for long ones",
        )


def _together_or_alone(
    ask: Callable[[Sequence[_Asked]], list[_Answer]], requests: Sequence[_Asked]
) -> list[_Answer | PredictionError]:
    """Returns the answers to a batch; where it is refused, each request is asked alone, so that only some are."""
    try:
        return [*ask(requests)]
    except PredictionError as error:
        if len(requests) == 1:
            return [error]
        return [answer for request in requests for answer in _together_or_alone(ask, [request])]


def _frames_of_words(frames: np.ndarray, segment_frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    real = np.arange(frames.shape[1]) < segment_frames[:, None]
    return frames[: len(segment_frames)][real], segment_frames


def _with_edges(tokens: Sequence[Word], seconds: float, name: str) -> tuple[Word, ...]:
    """Returns the tokens within a recording that is silent where it goes further than they."""
    return silence_at_edges(within(tokens, seconds, name), seconds) if tokens else ()


def load(
    path: Path | str, options: PredictionOptions | None = None, *, word_finder: FindsWords | None = None
) -> Predictor:
    """Returns the model of an export.

    Args:
        path: A version's folder, or a model's, whose newest version is taken.
        options: How it is asked.
        word_finder: As `Predictor` has it.

    Raises:
        ExportError: There is no export, or it cannot be loaded.
    """
    model = open_model(Path(path))
    options = options or PredictionOptions()
    description = description_of(model.folder)
    tell_of_resampler(model.folder, description["records"])
    fillers = options.fillers or description["records"]["fillers"]
    normalize = options.normalize or description.get("options", {}).get("normalize", "none")
    options = dataclasses.replace(options, fillers=fillers, normalize=normalize)
    synthetic = description["records"]["corpus"]["synthetic"]
    return Predictor(model, options, word_finder=word_finder, synthetic=synthetic)


def at_server(
    url: str, options: PredictionOptions | None = None, *, word_finder: FindsWords | None = None
) -> Predictor:
    """Returns the model that a server has; see `can_tf.prediction.servers.connect`.

    Example:
        >>> predictor = at_server("http://localhost:8501", PredictionOptions(reject_below=0.6))
        >>> predictor.options.reject_below
        0.6
    """
    return Predictor(connect(url), options, word_finder=word_finder)
