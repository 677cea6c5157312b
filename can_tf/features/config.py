"""How a waveform becomes features: the numbers of the paper's Section 4.2, and those that it leaves open."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """MFCCs and segments.

    The paper gives 40 coefficients, a Hamming window of 25 ms, a hop of 10 ms, and a 10 % overlap of neighboring
    segments. FFT length, mel range and the floor of the logarithm are this project's choice.
    """

    sample_rate_hz: int = 16_000
    window_seconds: float = 0.025
    hop_seconds: float = 0.010
    fft_length: int = 512
    mel_bins: int = 40
    mel_min_hz: float = 20.0
    mel_max_hz: float = 8_000.0
    log_floor: float = 1e-6  # Keeps log() finite in digital silence.
    overlap: float = 0.1  # Each segment grows by half of this share of its own length at both ends.

    @property
    def window_samples(self) -> int:
        return round(self.window_seconds * self.sample_rate_hz)

    @property
    def hop_samples(self) -> int:
        return round(self.hop_seconds * self.sample_rate_hz)
