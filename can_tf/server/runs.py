"""Runs of a version's graph: they end in time, and are counted."""

import time
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from can_tf.audio.wav import longest_seconds
from can_tf.samples import SAMPLE_RATE_HZ
from can_tf.server.gate import took_too_long
from can_tf.server.metrics import Metrics
from can_tf.server.versions import Version


class CountedVersion:
    """A version that `can_tf.prediction.backends.LocalModel` can ask.

    Args:
        version: Whose graph runs.
        metrics: Where it is counted.
        limit: Seconds that an answer may take.
        left: Seconds that are left of them; None for all.
        requests: That a run answers.
    """

    def __init__(self, version: Version, metrics: Metrics, limit: float, left: float | None = None, requests: int = 1):
        self.folder, self.definitions = version.folder, version.definitions
        self._version, self._metrics, self._limit, self._requests = version, metrics, limit, requests
        self._left = limit if left is None else left

    def run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns a signature's outputs by name.

        Raises:
            tf.errors.OpError: The graph refuses the inputs.
            HttpError: It took too long (504).
        """
        started = time.perf_counter()
        try:
            outputs = self._version.run(signature, inputs, seconds=self._left)
        except tf.errors.DeadlineExceededError as error:
            raise took_too_long(self._limit) from error
        finally:
            self._metrics.ran(time.perf_counter() - started, self._requests)
        if "label" in outputs:
            self._metrics.predicted(outputs, recording_seconds(inputs, self._version.frames_per_second))
        return outputs


def recording_seconds(inputs: Mapping[str, np.ndarray], frames_per_second: float | None) -> list[float]:
    """Returns the length of each recording in a batch; nothing where its frames do not tell.

    Example:
        >>> recording_seconds({"waveform": np.zeros((1, 32_000)), "num_samples": np.array([16_000])}, None)
        [1.0]
    """
    if "audio" in inputs:
        return [longest_seconds(content) for content in inputs["audio"].flat]
    if "num_samples" in inputs:
        return [int(count) / SAMPLE_RATE_HZ for count in inputs["num_samples"].flat]
    if "segment_frames" in inputs and frames_per_second is not None:
        return [int(count) / frames_per_second for count in np.maximum(inputs["segment_frames"], 0).sum(axis=-1)]
    return []
