"""The test utterances of a run that are worth a look: where it is most sure, most wrong, and most of two minds."""

import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.alignment.recognition import RecognizerOptions
from can_tf.corpus.utterance import Utterance
from can_tf.errors import CanError, PredictionError, RunError, SetupError
from can_tf.explanation.data import Explanation, explanation_of
from can_tf.explanation.page import Group
from can_tf.export.trained import TrainedModel, load_run
from can_tf.limits import Limits
from can_tf.models.config import ModelConfig
from can_tf.models.losses import SINGLE_MODALITIES
from can_tf.prediction.predictor import PredictionOptions, Predictor
from can_tf.prediction.requests import Request
from can_tf.progress import Progress, counted, ignore
from can_tf.training.run_folder import PREDICTIONS_FILE, read_predictions, read_probabilities

_CONFIDENT = "Most confident: the largest final probability"
_WRONG = "Most wrong: the largest lead of a wrong label over the true one"
_DIVIDED = "Most divided: text alone against audio alone"
_TOLERANCE = 1e-4  # Beyond, it was another recording, or other words.


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """A run's answers to its test utterances, with their ids and true label indices.

    Probabilities are `<float64>[utterances, labels]`; those of the single modalities are None for models without their
    heads.
    """

    ids: Sequence[str]
    true: np.ndarray
    final: np.ndarray
    text: np.ndarray | None
    audio: np.ndarray | None


def read_answers(run: Path, model: ModelConfig, metrics: Mapping[str, Any]) -> Answers:
    """Reads a finished run's predictions.

    Raises:
        RunError: They cannot be read.
    """
    final, true = read_probabilities(run, PREDICTIONS_FILE, model.labels)
    sides = {
        name: read_probabilities(run, PREDICTIONS_FILE, model.labels, f"{name}_")[0] if name in metrics else None
        for name in SINGLE_MODALITIES
    }
    ids = [row["id"] for row in read_predictions(run, ["id"])]
    return Answers(ids, true, final, **sides)


def worth_a_look(answers: Answers, count: int) -> dict[str, list[int]]:
    """Returns places in `answers` by what they show, at most `count` each, the most telling first.

    Most confident: the largest final probability. Most wrong: the largest lead of a wrong label over the true one. Most
    divided: the largest Jensen-Shannon divergence between what text alone and audio alone say.
    """
    rows = np.arange(len(answers.ids))
    lead = answers.final.max(axis=1) - answers.final[rows, answers.true]
    values_by_title = {_CONFIDENT: answers.final.max(axis=1), _WRONG: np.where(lead > 0, lead, -np.inf)}
    if answers.text is not None and answers.audio is not None:
        values_by_title[_DIVIDED] = jensen_shannon(answers.text, answers.audio)
    return {title: _largest(values, count) for title, values in values_by_title.items()}


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the divergence of each pair of rows in bits, from 0 (the same) to 1; both `<float>[rows, labels]`."""
    mean = (one + other) / 2
    return (_relative_entropy(one, mean) + _relative_entropy(other, mean)) / 2


def _relative_entropy(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    ratio = np.divide(one, other, out=np.ones_like(one), where=one > 0)
    return (one * np.log2(ratio)).sum(axis=1)


def _largest(values: np.ndarray, count: int) -> list[int]:
    order = np.argsort(-values, kind="stable")[:count]
    return [int(place) for place in order if np.isfinite(values[place])]


def gallery(
    run: Path,
    utterances: Mapping[str, Utterance],
    count: int,
    progress: Progress = ignore,
    *,
    recognizer: RecognizerOptions | None = None,
) -> list[Group]:
    """Returns the groups of a run's gallery.

    Args:
        run: A finished run.
        utterances: The corpus that its records were made of, by id.
        count: Utterances a group, at most.
        progress: Told of the utterances done.
        recognizer: For utterances whose words were recognized when the records were built; the same as then.

    Raises:
        RunError: The run cannot be read, or the corpus is another one.
        ExportError: Its model is not one that answers for recordings.

    Example:
        >>> from can_tf import read_corpus
        >>> corpus = read_corpus("demo", Path("data/IEMOCAP_full_release"))
        >>> groups = gallery(Path("runs/can"), {utterance.id: utterance for utterance in corpus.utterances}, count=1)
        >>> [len(group.explanations) for group in groups]
        [1, 1, 1]
    """
    model = load_run(run, calibrated=True)
    answers = read_answers(run, model.model_config, model.metrics)
    groups = worth_a_look(answers, count)
    places = sorted({place for found in groups.values() for place in found})
    run_gallery = _Gallery(run, model, answers, utterances, recognizer)
    explained = {}
    report = counted(progress, "Explaining", "utterances")
    for done, place in enumerate(places, 1):
        explained[place] = run_gallery.explain(place)
        report(done, len(places))
    return [Group(title, [explained[place] for place in found]) for title, found in groups.items()]


class _Gallery:
    """Asks a run's model about its test utterances again, by their recordings."""

    def __init__(
        self,
        run: Path,
        model: TrainedModel,
        answers: Answers,
        utterances: Mapping[str, Utterance],
        recognizer: RecognizerOptions | None,
    ):
        self._run, self._model, self._answers, self._utterances = run, model, answers, utterances
        options = PredictionOptions(
            fillers=model.config["records"]["fillers"],
            recognizer=recognizer,
            limits=Limits(seconds=math.inf, words=sys.maxsize),
        )
        self._predictor = Predictor(model, options)

    def explain(self, place: int) -> Explanation:
        """Returns the explanation of the test utterance at a place."""
        name = self._answers.ids[place]
        if name not in self._utterances:
            raise RunError(f"{self._run}: {name} is not in the corpus given. Give --root and --labels of its records.")
        try:
            request = self._request(self._utterances[name])
            [prediction] = self._predictor.predict_all([request])
            if isinstance(prediction, PredictionError):
                raise prediction
        except SetupError:
            raise
        except CanError as error:
            raise RunError(f"{self._run}: {name} cannot be explained ({' '.join(str(error).split())}).") from error
        labels = self._model.model_config.labels
        given = np.array([prediction.probabilities[label] for label in labels])
        if np.abs(given - self._answers.final[place]).max() > _TOLERANCE:
            raise RunError(
                f"{self._run}: {name} in the corpus given is not what the run was tested on: other sound, words or "
                "times. Give the --root of its records."
            )
        return explanation_of(name, request, prediction, labels[self._answers.true[place]])

    def _request(self, utterance: Utterance) -> Request:
        """Returns what the model is asked: samples, words and silences as `build-records` has them."""
        samples = self._predictor.read(utterance.audio_path)
        if not utterance.words:
            tokens = self._predictor.find_words(samples, utterance.transcript or None)
            words_from = "transcript" if utterance.transcript else "recognition"
            return self._predictor.request_of_tokens(samples, tokens, words_from)
        return self._predictor.request_of_tokens(samples, utterance.words, "alignment")
