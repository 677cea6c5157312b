"""What is asked of a model: the same for a SavedModel in this process and for a server."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from can_tf.alignment.word import Word
from can_tf.audio import wav_bytes

SIGNATURE = "serving_default"
FRAMES_SIGNATURE = "frames"  # Of the same inputs.
FEATURES_SIGNATURE = "features"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One utterance.

    Attributes:
        samples: `<float32>[samples]` from `can_tf.audio.read_audio`.
        words: Its words, silences shared.
        words_from: How words and times are known: by "alignment", "transcript" or "recognition".
    """

    samples: np.ndarray
    words: tuple[Word, ...]
    words_from: str = "alignment"


def inputs_of_frames(requests: Sequence[tuple[Request, np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Returns the inputs of the signature `features` for a batch, padded.

    Args:
        requests: Each with its frames `<float32>[frames, width]`, those of all words one after another, and how many of
            them each word has, `<int32>[words]`.
    """
    most_words = max(len(request.words) for request, _, _ in requests)
    most_frames = max(int(counts.max()) for _, _, counts in requests)
    words = np.full((len(requests), most_words), "", object)
    padded = np.zeros((len(requests), most_words, most_frames, requests[0][1].shape[1]), np.float32)
    segment_frames = np.zeros(words.shape, np.int32)
    for row, (request, frames, counts) in enumerate(requests):
        words[row, : len(request.words)] = [word.text for word in request.words]
        segment_frames[row, : len(counts)] = counts
        padded[row, : len(counts)][np.arange(most_frames) < counts[:, None]] = frames
    return {"frames": padded, "segment_frames": segment_frames, "words": words}


def inputs_of(requests: Sequence[Request]) -> dict[str, np.ndarray]:
    """Returns the inputs of the signature `serving_default` for a batch, padded.

    Example:
        >>> inputs = inputs_of([Request(np.zeros(16_000), (Word("hi", 0.0, 1.0),))])
        >>> inputs["words"].tolist(), inputs["num_words"].tolist()
        ([['hi']], [1])
    """
    longest = max(len(request.words) for request in requests)
    words = np.full((len(requests), longest), "", object)
    start, end = np.zeros((2, len(requests), longest), np.float32)
    for row, request in enumerate(requests):
        count = len(request.words)
        words[row, :count] = [word.text for word in request.words]
        start[row, :count] = [word.start for word in request.words]
        end[row, :count] = [word.end for word in request.words]
    return {
        "audio": np.array([wav_bytes(request.samples) for request in requests], object),
        "words": words,
        "start": start,
        "end": end,
        "num_words": np.array([len(request.words) for request in requests], np.int32),
    }
