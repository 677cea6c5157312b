"""Resampling, by tensorflow-io up to Python 3.12 and by soxr from 3.13 on (`can_tf.stack`).

Neither is among the ops of a server, so recordings are resampled before a model is asked. Both give the same sound,
that of soxr's quality HQ: on speech to 1e-4 of full scale. tensorflow-io alone does not: its filter (that of speexdsp,
of quality 4) delays sound by 2 to 4 ms, loses as much at the end, and fades from 6.7 kHz on. So tensorflow-io only
changes the rate, of sound at twice the rates, where its filter lets all pass; a filter like soxr's limits the band.
"""

import functools
import math
from collections.abc import Callable

import numpy as np

from can_tf.stack import RESAMPLER

# soxr's filter by its response to an impulse, to 3e-7: taps at twice the lower rate, the cutoff in halves of that.
_TAPS, _CUTOFF, _KAISER_BETA = 389, 0.956872, 12.9734
_REACH = 250  # What is further away than so many samples of the lower rate makes no difference.
_SPEEX_TAPS = 64


def resample(samples: np.ndarray, rate_hz: int, new_rate_hz: int) -> np.ndarray:
    """Returns `<float32>[samples]` at another rate, in Hz: as long, to half a sample, and at least one sample.

    Example:
        >>> resample(np.full(44_100, 0.5, np.float32), 44_100, 16_000)[8_000].round(4).item()
        0.5
    """
    convert = _by_soxr if RESAMPLER == "soxr" else _by_tensorflow_io
    length = max(1, (2 * len(samples) * new_rate_hz + rate_hz) // (2 * rate_hz))
    unit, new_unit = same_time(rate_hz, new_rate_hz)
    around = reach(rate_hz, new_rate_hz)
    units = math.ceil(around / unit)
    silence = (units * unit, around)  # Some steps of a conversion ring beyond the edges, and the next ones need that.
    new = convert(np.pad(samples.astype(np.float32), silence), rate_hz, new_rate_hz)
    return new[units * new_unit :][:length]


def reach(rate_hz: int, new_rate_hz: int) -> int:
    """Returns how many samples, at the old rate, on either side of a moment decide how it sounds at the new one.

    Example:
        >>> reach(48_000, 16_000)
        750
    """
    return math.ceil(_REACH * max(1, rate_hz / new_rate_hz))


def same_time(rate_hz: int, new_rate_hz: int) -> tuple[int, int]:
    """Returns the least numbers of samples that last equally long.

    Example:
        >>> same_time(44_100, 16_000)
        (441, 160)
    """
    common = math.gcd(rate_hz, new_rate_hz)
    return rate_hz // common, new_rate_hz // common


def _by_soxr(samples: np.ndarray, rate_hz: int, new_rate_hz: int) -> np.ndarray:
    import soxr

    return soxr.resample(samples, rate_hz, new_rate_hz, quality="HQ")


def _by_tensorflow_io(samples: np.ndarray, rate_hz: int, new_rate_hz: int) -> np.ndarray:
    if rate_hz < 2 * new_rate_hz:
        doubled = _filtered(samples, min(1.0, new_rate_hz / rate_hz), doubling=True)
        return _at_rate(doubled, 2 * rate_hz, 2 * new_rate_hz)[::2]
    return _filtered(_at_rate(samples, rate_hz, 2 * new_rate_hz), 1.0)[::2]


def _filtered(samples: np.ndarray, band: float, *, doubling: bool = False) -> np.ndarray:
    """Returns what soxr's filter lets pass.

    Args:
        samples: `<float32>[samples]`.
        band: Which share of the lower half of the frequencies, of the result, is kept.
        doubling: Whether to put a sample between each two.
    """
    from scipy import signal

    half = round(_TAPS / band / 2)
    low_pass = signal.firwin(2 * half + 1, band * _CUTOFF / 2, window=("kaiser", _KAISER_BETA)).astype(np.float32)
    up = 2 if doubling else 1
    return signal.upfirdn(up * low_pass, np.pad(samples, (0, half)), up)[half : half + up * len(samples)]


def _at_rate(samples: np.ndarray, rate_hz: int, new_rate_hz: int) -> np.ndarray:
    """Returns what tensorflow-io makes of sound that it need not filter, without the delay of its filter."""
    if rate_hz == new_rate_hz:
        return samples
    unit, new_unit = same_time(rate_hz, new_rate_hz)
    taps = _SPEEX_TAPS * max(unit, new_unit) // new_unit
    delay = 4 * math.ceil(taps / 8)  # In samples of the old rate; speexdsp takes a multiple of 8 taps.
    units = math.ceil(delay / unit)
    padded = np.pad(samples, (units * unit - delay, delay))  # The delay becomes whole units, which are cut off.
    return _tensorflow_io(rate_hz, new_rate_hz)(padded[:, None]).numpy()[units * new_unit :, 0]


@functools.cache
def _tensorflow_io(rate_hz: int, new_rate_hz: int) -> Callable:
    import tensorflow as tf  # Takes seconds to load; most corpora come at 16 kHz.
    import tensorflow_io as tfio

    samples = tf.TensorSpec([None, 1], tf.float32)  # Else each length is traced anew.
    return tf.function(lambda samples: tfio.audio.resample(samples, rate_hz, new_rate_hz), input_signature=[samples])
