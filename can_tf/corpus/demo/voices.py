"""The ten voices of the demo corpus, and what an emotion does to a voice, on average."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EmotionVoice:
    """How an emotion sounds beside the speaker's neutral voice, on average.

    Attributes:
        rate: Factor of the words a minute.
        pitch, pitch_range: Added, in espeak-ng's units.
        decibels: Added to the loudness.
        pause: Probability of a pause before a word.
        emphasis: Probability that a word is said with emphasis.
        valence, activation, dominance: What the evaluators write, 1 to 5.
        filler: Noise that now and then goes with it.
    """

    rate: float
    pitch: float
    pitch_range: float
    decibels: float
    pause: float
    emphasis: float
    valence: float
    activation: float
    dominance: float
    filler: str = "++BREATHING++"


@dataclasses.dataclass(frozen=True, slots=True)
class Speaker:
    """A voice: espeak-ng's variant, and its pitch when neutral in espeak-ng's units."""

    variant: str
    pitch: float


EMOTION_VOICES: Mapping[str, EmotionVoice] = {
    "ang": EmotionVoice(
        rate=1.10,
        pitch=4,
        pitch_range=12,
        decibels=6.0,
        pause=0.05,
        emphasis=0.30,
        valence=1.8,
        activation=4.0,
        dominance=4.0,
    ),
    "exc": EmotionVoice(
        rate=1.18,
        pitch=16,
        pitch_range=26,
        decibels=3.0,
        pause=0.03,
        emphasis=0.18,
        valence=4.2,
        activation=4.0,
        dominance=3.5,
        filler="++LAUGHTER++",
    ),
    "hap": EmotionVoice(
        rate=1.02,
        pitch=11,
        pitch_range=14,
        decibels=0.5,
        pause=0.06,
        emphasis=0.12,
        valence=4.2,
        activation=3.0,
        dominance=3.0,
        filler="++LAUGHTER++",
    ),
    "sad": EmotionVoice(
        rate=0.80,
        pitch=-10,
        pitch_range=-20,
        decibels=-6.0,
        pause=0.22,
        emphasis=0.03,
        valence=2.0,
        activation=2.0,
        dominance=2.3,
    ),
    "fru": EmotionVoice(
        rate=0.92,
        pitch=0,
        pitch_range=4,
        decibels=2.5,
        pause=0.16,
        emphasis=0.22,
        valence=2.2,
        activation=3.2,
        dominance=3.3,
    ),
    "sur": EmotionVoice(
        rate=1.05,
        pitch=24,
        pitch_range=34,
        decibels=1.5,
        pause=0.05,
        emphasis=0.25,
        valence=3.3,
        activation=3.8,
        dominance=3.0,
    ),
    "neu": EmotionVoice(
        rate=1.00,
        pitch=0,
        pitch_range=-6,
        decibels=-1.0,
        pause=0.08,
        emphasis=0.04,
        valence=3.0,
        activation=2.5,
        dominance=3.0,
    ),
}

# By session, then by the letter of ids. Variants with breath, such as f2, f3 and f5, are not among them: their noise is
# another one in each process.
SPEAKERS = (
    {"F": Speaker(variant="belinda", pitch=62), "M": Speaker(variant="m1", pitch=38)},
    {"F": Speaker(variant="steph", pitch=68), "M": Speaker(variant="m3", pitch=34)},
    {"F": Speaker(variant="f4", pitch=58), "M": Speaker(variant="m7", pitch=42)},
    {"F": Speaker(variant="f1", pitch=64), "M": Speaker(variant="adam", pitch=36)},
    {"F": Speaker(variant="linda", pitch=60), "M": Speaker(variant="robert", pitch=40)},
)
