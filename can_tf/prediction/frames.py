"""The frames that an export's front end makes of recordings, to take elsewhere."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from can_tf.alignment.word import Word
from can_tf.errors import CanError
from can_tf.files import replacing
from can_tf.prediction.many import BATCH_SIZE, WordsOf, no_words, requests_in_batches
from can_tf.prediction.predictor import Predictor
from can_tf.prediction.requests import Request
from can_tf.progress import Progress, ignore


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RecordingFrames:
    """A recording's frames.

    Attributes:
        path: Of the recording.
        words: Its words, silences shared.
        frames: `<float32>[frames, width]`, those of all words one after another.
        segment_frames: `<int32>[words]`, how many of them each word has.
    """

    path: Path
    words: tuple[Word, ...]
    frames: np.ndarray
    segment_frames: np.ndarray


def frames_of_files(
    predictor: Predictor,
    paths: Sequence[Path],
    words_of: WordsOf = no_words,
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress = ignore,
) -> list[RecordingFrames | CanError]:
    """Returns the frames of each recording, or an error; arguments and errors are those of `predict_many`.

    Example:
        >>> from can_tf import load
        >>> model = load("saved_models/can")
        >>> [talk] = frames_of_files(model, [Path("talk.wav")], lambda path: (path.with_suffix(".wdseg"), None))
        >>> talk.frames.shape == (talk.segment_frames.sum(), 40)
        True
    """
    answers: list[RecordingFrames | CanError] = []
    for requests in requests_in_batches(predictor, paths, words_of, batch_size, "Computing frames", progress):
        good = [request for request in requests if isinstance(request, Request)]
        computed = iter(predictor.frames_all(good) if good else [])
        for request in requests:
            if isinstance(request, Request):
                answer = next(computed)
                path = paths[len(answers)]
                answers.append(
                    answer if isinstance(answer, CanError) else RecordingFrames(path, request.words, *answer)
                )
            else:
                answers.append(request)
    return answers


def write_frames(path: Path, recordings: Sequence[RecordingFrames]) -> None:
    """Writes recordings' frames as an .npz file, which `numpy.load` reads without pickles.

    Its arrays, in the order of the recordings: `recordings` (their paths) and `recording_words` (how many words each
    has); `words`, `start`, `end` (seconds) and `segment_frames` of all words; and `frames`, `[all frames, width]`.
    """
    words = [word for recording in recordings for word in recording.words]
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            recordings=np.array([str(recording.path) for recording in recordings]),
            recording_words=np.array([len(recording.words) for recording in recordings]),
            words=np.array([word.text for word in words]),
            start=np.array([word.start for word in words]),
            end=np.array([word.end for word in words]),
            segment_frames=np.concatenate([recording.segment_frames for recording in recordings]),
            frames=np.concatenate([recording.frames for recording in recordings]),
        )
