"""The settings of front ends that look at windows of sound through mel bands. Reads without TensorFlow."""

import dataclasses

from can_tf.samples import SAMPLE_RATE_HZ


@dataclasses.dataclass(frozen=True, kw_only=True)
class MelSettings:
    """Windows and mel bands.

    The paper gives a Hamming window of 25 ms and a hop of 10 ms (Lee et al., 2020, Section 4.2). FFT length, mel range
    and the floor of the logarithm are this project's choice.
    """

    window_seconds: float = 0.025
    hop_seconds: float = 0.010
    fft_length: int = 512
    mel_bins: int = 40
    mel_min_hz: float = 20.0
    mel_max_hz: float = 8_000.0
    log_floor: float = 1e-6  # Keeps log() finite in digital silence.

    @property
    def window_samples(self) -> int:
        """The length of a window in samples."""
        return round(self.window_seconds * SAMPLE_RATE_HZ)

    @property
    def hop_samples(self) -> int:
        """The distance of neighboring windows in samples."""
        return round(self.hop_seconds * SAMPLE_RATE_HZ)

    @property
    def frames_per_second(self) -> float:
        """The frame rate in Hz."""
        return SAMPLE_RATE_HZ / self.hop_samples

    def fault(self) -> str | None:
        """Returns in words which settings cannot be, None if all can."""
        if not 1 <= self.hop_samples <= self.window_samples <= self.fft_length:
            return "hop_seconds, window_seconds, fft_length: expected none shorter than the one before"
        if not self.log_floor > 0:
            return "log_floor: expected a number above 0"
        if not 0 <= self.mel_min_hz < self.mel_max_hz <= SAMPLE_RATE_HZ / 2:
            return f"mel_min_hz, mel_max_hz: expected a band up to {SAMPLE_RATE_HZ // 2} Hz"
        return None
