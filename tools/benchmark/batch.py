"""A batch shaped like IEMOCAP's: 64 utterances of 12 words on average and at most 43, 36 frames a word, at most 205."""

import dataclasses

import numpy as np

from can_tf.models.config import ModelConfig

UTTERANCES, MOST_WORDS, MOST_FRAMES, COEFFICIENTS, LABELS, VOCABULARY = 64, 43, 205, 40, 7, 3000


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """Inputs as can_tf's model takes them, and labels `<int32>[batch]`."""

    words: np.ndarray
    mfcc: np.ndarray
    segment_frames: np.ndarray
    label: np.ndarray

    @property
    def frames(self) -> int:
        return int(self.segment_frames.sum())

    @property
    def shape(self) -> str:
        utterances, words, frames, _ = self.mfcc.shape
        return f"{utterances} utterances, at most {words} words and {frames} frames a word, {self.frames} real frames"


def iemocap_shaped_batch(seed: int = 0) -> Batch:
    """Returns a batch whose longest utterance has 43 words and whose longest word has 205 frames."""
    generator = np.random.default_rng(seed)
    num_words = np.clip(np.round(generator.gamma(1.35, 8.8, UTTERANCES)), 1, MOST_WORDS).astype(int)
    num_words[0] = MOST_WORDS
    segment_frames = np.zeros((UTTERANCES, MOST_WORDS), np.int32)
    words = np.full((UTTERANCES, MOST_WORDS), "", object)
    for row, count in enumerate(num_words):
        segment_frames[row, :count] = np.clip(np.round(generator.gamma(2.2, 16.4, count)), 1, MOST_FRAMES)
        words[row, :count] = [f"word{index}" for index in generator.integers(0, VOCABULARY, count)]
    segment_frames[0, 0] = MOST_FRAMES
    mfcc = np.zeros((UTTERANCES, MOST_WORDS, MOST_FRAMES, COEFFICIENTS), np.float32)
    real = np.arange(MOST_FRAMES) < segment_frames[:, :, None]
    mfcc[real] = generator.normal(size=(int(segment_frames.sum()), COEFFICIENTS))
    return Batch(words, mfcc, segment_frames, generator.integers(0, LABELS, UTTERANCES).astype(np.int32))


def paper_config() -> ModelConfig:
    """Returns the paper's sizes, with a vocabulary as large as IEMOCAP's."""
    return ModelConfig(
        labels=tuple(f"label{index}" for index in range(LABELS)),
        vocabulary=tuple(sorted(f"word{index}" for index in range(VOCABULARY))),
        frame_mean=(0.0,) * COEFFICIENTS,
        frame_variance=(1.0,) * COEFFICIENTS,
    )
