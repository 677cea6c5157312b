"""Channels become one, and sound that says nothing is told from sound that does."""

import numpy as np

from can_tf.errors import AudioError

_LOUDEST = 4.0  # Decoders overshoot full scale a little; what goes further was never scaled to it.
_OVERSHOOT, _MOST_BEYOND = 1.5, 0.001  # Further than so much, no more than this share of the samples.
_QUIETEST = 2 / 32_768  # A recording that never goes further is the rounding of nothing.
_DEAD = 1e-6  # A channel's power over that of the loudest, -60 dB: a cable without a microphone, an unused one of six.
_CANCELLED = 1e-2  # The mean's power over that of the channels, -20 dB; of two voices it is 0.5, of one 1.


class Mixer:
    """Takes a recording in parts and averages its channels, but for those that say nothing.

    A channel 60 dB below the loudest counts as silent: averaged in, it would only make the others quieter.

    Args:
        channels: How many there are.

    Example:
        >>> mixer = Mixer(2)
        >>> mixer.add(np.array([[0.5, 0.0], [-0.25, 0.0]], np.float32))
        >>> mixer.mono("talk.wav").tolist()
        [0.5, -0.25]
    """

    def __init__(self, channels: int):
        self._sums: list[np.ndarray] = []
        self._power = np.zeros(channels)
        self._peak, self._beyond, self.samples = 0.0, 0, 0

    def add(self, block: np.ndarray) -> None:
        """Takes the next samples, `<float32>[samples, channels]`."""
        self.samples += len(block)
        self._sums.append(block.sum(axis=1) if block.shape[1] > 1 else block[:, 0])
        self._power += np.einsum("sc,sc->c", block, block, dtype=np.float64)
        loud = np.abs(block).max(axis=1, initial=0.0)
        self._peak = max(self._peak, float(loud.max(initial=0.0)))
        self._beyond += int((loud > 1).sum())

    def mono(self, name: str) -> np.ndarray:
        """Returns the average, `<float32>[samples]`.

        Raises:
            AudioError: Samples are not finite, or were never scaled to -1 to 1; or the channels cancel out.
        """
        if not np.isfinite(self._power).all():
            raise AudioError(
                "holds samples that are not finite (NaN or infinity)", where=name, advice="Convert it again"
            )
        self._check_scale(name)
        live = self._power > _DEAD * self._power.max(initial=0.0)
        total = np.concatenate([*self._sums, np.zeros(0, np.float32)])
        mono = total / np.float32(max(live.sum(), 1))
        power = np.dot(mono, mono)
        if live.sum() > 1 and power < _CANCELLED * self._power[live].mean():
            raise AudioError(
                "its channels cancel each other out: one is another turned upside down",
                where=name,
                advice="Keep one of them: ffmpeg -i OLD -af pan=mono|c0=c0 NEW.wav",
            )
        return mono

    def _check_scale(self, name: str) -> None:
        if self._peak > _LOUDEST:
            raise AudioError(
                f"its samples reach {self._peak:.6g}", where=name, expected="-1 to 1", advice="Scale them first"
            )
        if self._peak > _OVERSHOOT and self._beyond > _MOST_BEYOND * self.samples:
            raise AudioError(
                f"{100 * self._beyond / self.samples:.2g} % of its samples are beyond full scale, the loudest at "
                f"{self._peak:.3g}",
                where=name,
                expected="-1 to 1",
                advice="Scale them first",
            )


def check_not_silent(samples: np.ndarray, name: str) -> None:
    """Raises AudioError for a recording, `<float32>[samples]`, in which there is nothing to hear."""
    lowest, highest = float(samples.min()), float(samples.max())
    if lowest == highest == 0:
        raise AudioError("is silent: each of its samples is 0", where=name)
    if highest - lowest <= 2 * _QUIETEST:
        raise AudioError(
            f"holds no sound: its samples lie between {lowest:.2g} and {highest:.2g}, and 16 bits tell no less apart "
            f"than {1 / 32_768:.1g}",
            where=name,
            advice="If it is speech, it was scaled down too far: scale it to -1 to 1",
        )
