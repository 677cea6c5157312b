"""Recordings of one speaker together, for models that were trained with `--normalize speaker`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from can_tf.errors import PredictionError
from can_tf.prediction.answers import Prediction
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.requests import Request

BATCH_SIZE = 16
EACH_ALONE = (
    "This model standardizes frames by speaker. Each stretch is standardized by itself, which takes away part of its "
    "emotion."
)


def how_standardized(recordings: int) -> str:
    """Returns a line on what a model that was trained by speaker makes of so many recordings."""
    if recordings == 1:
        return (
            "This model standardizes frames by speaker. One recording is standardized by itself, which takes away part "
            "of its emotion: give several recordings of the speaker together."
        )
    return f"This model standardizes frames by speaker: the {recordings} recordings are taken to be one speaker's."


def how_stretches_are_standardized(counts: Mapping[str | None, int], where: str) -> str:
    """Returns a line on what such a model makes of a recording's stretches.

    Args:
        counts: Of stretches by speaker; None is nobody's.
        where: The recording.

    Example:
        >>> how_stretches_are_standardized({"anna": 5, None: 2}, "talk.wav")
        "This model standardizes frames by speaker: those of talk.wav are taken as anna's (5), nobody's (2)."
    """
    begin, total = "This model standardizes frames by speaker", sum(counts.values())
    if set(counts) != {None}:
        whose = ", ".join(f"{speaker or 'nobody'}'s ({count})" for speaker, count in counts.items())
        return f"{begin}: those of {where} are taken as {whose}."
    if total == 1:
        return f"{begin}. {where} is one stretch and standardized by itself, which takes away part of its emotion."
    return f"{begin}: {where}'s {total} stretches are taken to be one speaker's. --speakers FILE tells several apart."


def predict_together(
    predictor: Predictor, requests: Sequence[Request], batch_size: int = BATCH_SIZE
) -> list[Prediction | PredictionError]:
    """Returns the answers to requests of one speaker, which matters where the model was trained so."""
    if predictor.options.normalize == "speaker" and len(requests) > 1:
        return predict_speaker(predictor, requests, batch_size)
    return [answer for batch in _batches(requests, batch_size) for answer in predictor.predict_all(batch)]


def predict_speaker(
    predictor: Predictor, requests: Sequence[Request], batch_size: int = BATCH_SIZE
) -> list[Prediction | PredictionError]:
    """Returns the answers to requests whose recordings are one speaker's: frames are standardized over all of them.

    Args:
        predictor: Who is asked; its model was trained with `normalize` "speaker".
        requests: The recordings, two at least: of one, what is left of its emotion is what changes within it.
        batch_size: Requests asked at the same time.

    Raises:
        ServerError: A server does not answer.
    """
    from can_tf.features.speakers import RunningStatistics

    framed = [answer for batch in _batches(requests, batch_size) for answer in predictor.frames_all(batch)]
    good = [answer for answer in framed if not isinstance(answer, PredictionError)]
    if not good:
        return [answer for answer in framed if isinstance(answer, PredictionError)]
    statistics = RunningStatistics(good[0][0].shape[1])
    for frames, _ in good:
        statistics.add(frames)
    mean, deviation = statistics.mean.astype(np.float32), statistics.deviation.astype(np.float32)
    answers: list[Prediction | PredictionError] = []
    for batch in _batches(list(zip(requests, framed, strict=True)), batch_size):
        usable = [(request, *answer) for request, answer in batch if not isinstance(answer, PredictionError)]
        asked = [(request, (frames - mean) / deviation, counts) for request, frames, counts in usable]
        answered = iter(predictor.predict_frames(asked) if asked else [])
        answers += [answer if isinstance(answer, PredictionError) else next(answered) for _, answer in batch]
    return answers


def _batches(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
