"""What a front end is: it turns segments of waveforms into frames, in training and in production by the same graph.

To write one: a frozen dataclass derived from `FrontEnd` in a file of its own, whose fields are its settings, and one
line in `can_tf.features.registry`. Importing its module must not import TensorFlow, since `can-tf --help` lists the
front ends; its method `frames` may. It may use stock TensorFlow operations only: it is part of the exported graph.
"""

import abc
import dataclasses
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    import tensorflow as tf


class Segments(NamedTuple):
    """Segments of any number of recordings, without padding.

    Attributes:
        samples: `<float32>[all samples]` in [-1, 1), at `can_tf.samples.SAMPLE_RATE_HZ`, one recording after another.
        recording_samples: `<int64>[recordings]`, how many samples each recording has.
        recording: `<int64>[segments]`, the recording that each segment is of; segments come recording by recording.
        first: `<int64>[segments]`, each segment's first sample within its recording.
        num_samples: `<int64>[segments]`, its number of samples; 0 for one outside the recording.
    """

    samples: "tf.Tensor"
    recording_samples: "tf.Tensor"
    recording: "tf.Tensor"
    first: "tf.Tensor"
    num_samples: "tf.Tensor"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrontEnd(abc.ABC):
    """Turns segments into frames. Fields of a derived dataclass are its settings: numbers, whole ones
    from 1 on.

    Attributes:
        name: What users call it, and what records say that they were made with.
        monitor: What early stopping goes by on its frames, unless the user says otherwise: the validation set's "wa"
            or its "loss".
    """

    name: ClassVar[str]
    monitor: ClassVar[str] = "wa"

    @property
    @abc.abstractmethod
    def width(self) -> int:
        """How many numbers a frame has."""

    @property
    @abc.abstractmethod
    def frames_per_second(self) -> float | None:
        """The frame rate in Hz; None where a segment is one frame, however long it is."""

    @abc.abstractmethod
    def frames(self, segments: Segments) -> tuple["tf.Tensor", "tf.Tensor"]:
        """Returns `<float32>[frames, width]`, those of all segments one after another, and `<int64>[segments]`.

        The second counts each segment's frames: at least one, but for a segment of 0 samples, which has none. No
        recording may change another's frames, and none may depend on how many there are. Use TensorFlow operations
        only: the graph is traced without AutoGraph, so `if`, `while` or `for` on a tensor is an error.
        """

    def weights(self) -> "tf.Module | None":
        """Returns what `frames` reads beside its inputs, which an exported model keeps; None if nothing."""
        return None

    def notice(self) -> str:
        """Returns the notice that goes with every copy of these weights, what it is of in the first paragraph.

        Empty where none has to. For front ends to override.
        """
        return ""

    def fault(self) -> str | None:
        """Returns in words which settings cannot be, None if all can. For front ends to override."""
        return None
