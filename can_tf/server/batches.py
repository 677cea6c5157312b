"""Inputs of several requests as one batch, and its outputs as theirs.

The graph reads nothing beyond `num_words` and `num_samples`, so padding changes no answer. A request that only padding
would make valid, and one whose rows others' rows could fill up, is not joined: it is refused alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from can_tf.samples import SAMPLE_RATE_HZ

Arrays = Mapping[str, np.ndarray]

_WORDS = ("words", "start", "end")
_JOINED = ({"audio", "num_words", *_WORDS}, {"waveform", "num_samples", "num_words", *_WORDS})  # Inputs of signatures.
_BY_WORD = ("text_attention", "audio_attention")  # Outputs `[batch, heads, words]`.
_NOT_JOINED = "frames"  # A signature whose outputs depend on the longest word of all.
_MOST_PLACES = 256  # For words in a request, padding included; the graph takes as many whatever the sound is.


@dataclasses.dataclass(frozen=True)
class Size:
    """What a batch costs.

    Attributes:
        rows: Utterances.
        words: Places of each for words, padding included.
        samples: Places of each for samples; 0 where the sound is in wav files.
        seconds: Of all wav files.
    """

    rows: int
    words: int
    samples: int
    seconds: float

    @property
    def places(self) -> int:
        """Places for words of all utterances."""
        return self.rows * self.words

    @property
    def all_seconds(self) -> float:
        """Seconds of all sound, padding included."""
        return self.seconds + self.rows * self.samples / SAMPLE_RATE_HZ

    def __add__(self, other: "Size") -> "Size":
        """Returns the size of both in a batch.

        Example:
            >>> Size(1, 9, 0, 3.5) + Size(2, 4, 0, 5.0)
            Size(rows=3, words=9, samples=0, seconds=8.5)
        """
        return Size(
            self.rows + other.rows,
            max(self.words, other.words),
            max(self.samples, other.samples),
            self.seconds + other.seconds,
        )


def size_of(signature: str, inputs: Arrays, wav_seconds: float) -> Size | None:
    """Returns the size of a request that may be joined with others of its signature; None if it must be asked alone.

    Args:
        signature: Its name.
        inputs: By name.
        wav_seconds: Of the wav files in it.
    """
    if signature == _NOT_JOINED or set(inputs) not in _JOINED:
        return None
    rows, words = inputs["words"].shape
    same_rows = all(len(values) == rows for values in inputs.values())
    if not same_rows or any(inputs[name].shape != (rows, words) for name in _WORDS):
        return None
    samples = inputs["waveform"].shape[1] if "waveform" in inputs else 0
    held = inputs["num_words"].max(initial=0) <= words
    if "num_samples" in inputs:
        held = held and inputs["num_samples"].max(initial=0) <= samples
    return Size(rows, words, samples, wav_seconds) if held and 0 < rows * words <= _MOST_PLACES else None


def joined(requests: Sequence[Arrays]) -> dict[str, np.ndarray]:
    """Returns the inputs of several requests one after another, padded to the longest.

    Example:
        >>> joined([{"num": np.array([[1, 2]])}, {"num": np.array([[3]])}])["num"].tolist()
        [[1, 2], [3, 0]]
    """
    return {name: _stacked([inputs[name] for inputs in requests]) for name in requests[0]}


def _stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    width = max(part.shape[1:] for part in parts)  # One dimension at most, behind that of the rows.
    nothing = b"" if parts[0].dtype == object else 0
    stacked = np.full((sum(map(len, parts)), *width), nothing, parts[0].dtype)
    first = 0
    for part in parts:
        places = (slice(first, first + len(part)), *map(slice, part.shape[1:]))
        stacked[places] = part
        first += len(part)
    return stacked


def parted(outputs: Arrays, sizes: Sequence[Size]) -> list[dict[str, np.ndarray]]:
    """Returns the outputs of each request of a batch, as it would have had them alone."""
    parts, first = [], 0
    for size in sizes:
        rows = {name: values[first : first + size.rows] for name, values in outputs.items()}
        parts.append({name: values[..., : size.words] if name in _BY_WORD else values for name, values in rows.items()})
        first += size.rows
    return parts
