"""A second front end, for tests: log mel energies. All that one is: a class in a file, and a line in the registry."""

import dataclasses
from typing import ClassVar

from can_tf.features.front_end import FrontEnd, Segments
from can_tf.features.mel_settings import MelSettings


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogMel(MelSettings, FrontEnd):
    """Natural logarithms of power in mel bands, half as many frames as MFCCs have."""

    hop_seconds: float = 0.020
    mel_bins: int = 23
    name: ClassVar[str] = "log-mel"

    @property
    def width(self) -> int:
        return self.mel_bins

    def frames(self, segments: Segments):
        from can_tf.features.mel import log_mel_of_segments

        return log_mel_of_segments(segments, self)
