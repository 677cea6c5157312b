"""MFCCs: the paper's front end (Lee et al., 2020, Section 4.2), 40 coefficients of the log mel spectrum.

Its DCT is tf.signal's. Where librosa differs: its DCT is orthonormal (here c0 is sqrt(2) times as large); with what
`can_tf.features.mel` says of the spectrum, values of one signal differ by up to 1.4.
"""

import dataclasses
from typing import ClassVar

from can_tf.features.front_end import FrontEnd, Segments
from can_tf.features.mel_settings import MelSettings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mfcc(MelSettings, FrontEnd):
    """Mel-frequency cepstral coefficients, as many as there are mel bands.

    Example:
        >>> Mfcc().width, Mfcc().frames_per_second
        (40, 100.0)
    """

    name: ClassVar[str] = "mfcc"

    @property
    def width(self) -> int:
        return self.mel_bins

    def frames(self, segments: Segments):
        import tensorflow as tf

        from can_tf.features.mel import log_mel_of_segments

        log_mel, segment_frames = log_mel_of_segments(segments, self)
        return tf.signal.mfccs_from_log_mel_spectrograms(log_mel), segment_frames
