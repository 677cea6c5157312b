"""Whisper's encoder: three blocks on a recording as it is, and CTranslate2's six on the recording padded to 30 s."""

from pathlib import Path

import numpy as np

from benchmark.measure import Side
from benchmark.sides import OURS
from can_tf.processes import cores

CTRANSLATE2 = "CTranslate2, all, padded"
OF_ENCODERS = (OURS, CTRANSLATE2)
_PADDED_FRAMES = 3000


def encoder_side(name: str, model: Path, seconds: float) -> tuple[str, Side]:
    """Returns what is measured, and a side: from samples, or for CTranslate2 from the log mel spectrum, to states.

    Args:
        name: Of the side.
        model: Directory of whisper-base in CTranslate2's format.
        seconds: Length of the recording, which is noise: what is said changes nothing about time.
    """
    samples = (0.1 * np.random.default_rng(0).normal(size=round(16_000 * seconds))).astype(np.float32)
    side = _ours(samples) if name == OURS else _theirs(model)
    return f"Whisper's encoder on {seconds:g} s of sound, both on all cores", side


def _ours(samples: np.ndarray) -> Side:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(cores())

    from can_tf.features.recordings import SegmentedAudio, frames_of_recordings
    from can_tf.features.whisper.front_end import WhisperBase

    recording = SegmentedAudio(samples, [(0.0, len(samples) / 16_000)])
    return lambda: frames_of_recordings([recording], WhisperBase(), overlap=0.0)


def _theirs(model: Path) -> Side:
    import ctranslate2

    whisper = ctranslate2.models.Whisper(str(model), device="cpu", compute_type="float32", intra_threads=cores())
    spectrum = np.zeros((1, 80, _PADDED_FRAMES), np.float32)
    return lambda: np.array(whisper.encode(ctranslate2.StorageView.from_array(spectrum)))
