"""How the demo corpus speaks: ten voices, and what an emotion does to them.

Deliveries are drawn around each emotion's average with a spread that makes neighbors overlap, so that voice alone does
not tell the emotion.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import signal

from can_tf.alignment.espeak import Delivery, Speech, Synthesizer

SAMPLE_RATE_HZ = 16_000


@dataclasses.dataclass(frozen=True, slots=True)
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
    "ang": EmotionVoice(1.10, 4, 12, 6.0, 0.05, 0.30, 1.8, 4.0, 4.0),
    "exc": EmotionVoice(1.18, 16, 26, 3.0, 0.03, 0.18, 4.2, 4.0, 3.5, "++LAUGHTER++"),
    "hap": EmotionVoice(1.02, 11, 14, 0.5, 0.06, 0.12, 4.2, 3.0, 3.0, "++LAUGHTER++"),
    "sad": EmotionVoice(0.80, -10, -20, -6.0, 0.22, 0.03, 2.0, 2.0, 2.3),
    "fru": EmotionVoice(0.92, 0, 4, 2.5, 0.16, 0.22, 2.2, 3.2, 3.3),
    "sur": EmotionVoice(1.05, 24, 34, 1.5, 0.05, 0.25, 3.3, 3.8, 3.0),
    "neu": EmotionVoice(1.00, 0, -6, -1.0, 0.08, 0.04, 3.0, 2.5, 3.0),
}
_RATE_SPREAD, _PITCH_SPREAD, _RANGE_SPREAD, _DECIBEL_SPREAD = 0.10, 9.0, 11.0, 2.6  # Standard deviations.

# By session, then by the letter of ids. Variants with breath, such as f2, f3 and f5, are not among them: their noise is
# another one in each process.
SPEAKERS = (
    {"F": Speaker("belinda", 62), "M": Speaker("m1", 38)},
    {"F": Speaker("steph", 68), "M": Speaker("m3", 34)},
    {"F": Speaker("f4", 58), "M": Speaker("m7", 42)},
    {"F": Speaker("f1", 64), "M": Speaker("adam", 36)},
    {"F": Speaker("linda", 60), "M": Speaker("robert", 40)},
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Samples at 16 kHz in [-1, 1], and tokens with their start and end in seconds, without gaps."""

    samples: np.ndarray
    tokens: Sequence[tuple[str, float, float]]


def perform(
    sentence: str, emotion: EmotionVoice, speaker: Speaker, synthesizer: Synthesizer, generator: np.random.Generator
) -> Performance:
    """Says a sentence as an emotion sounds, with pauses, emphasis, now and then a noise, and a light background."""
    synthesizer.use_voice(f"en-us+{speaker.variant}")
    rate = 165 * emotion.rate * (1 + _RATE_SPREAD * generator.normal())
    pitch = speaker.pitch + emotion.pitch + _PITCH_SPREAD * generator.normal()
    pitch_range = 50 + emotion.pitch_range + _RANGE_SPREAD * generator.normal()
    pieces: list[tuple[Sequence[str], Speech]] = [(["<s>"], _silence(generator.uniform(0.12, 0.5), synthesizer))]
    for phrase, emphatic, pause in _phrases(sentence.split(), emotion, generator):
        if pause:
            pieces.append((["<sil>"], _silence(generator.uniform(0.12, 0.6), synthesizer)))
        delivery = Delivery(
            rate=_within(rate * (0.82 if emphatic else 1.0), 80, 400),
            volume=100,
            pitch=_within(pitch + (10 if emphatic else 0), 0, 99),
            pitch_range=_within(pitch_range + (12 if emphatic else 0), 0, 99),
        )
        speech = synthesizer.speak(phrase, delivery)
        gain = 10 ** (4 / 20) if emphatic else 1.0
        pieces.append((phrase, dataclasses.replace(speech, samples=speech.samples * gain)))
    if generator.random() < 0.06:
        pieces.append(([emotion.filler], _noise(emotion.filler, synthesizer, generator)))
    pieces.append((["</s>"], _silence(generator.uniform(0.12, 0.5), synthesizer)))
    decibels = emotion.decibels + _DECIBEL_SPREAD * generator.normal()
    return _mixed(pieces, synthesizer.sample_rate_hz, decibels, generator)


def _within(value: float, low: int, high: int) -> int:
    return round(min(max(value, low), high))


def _phrases(
    words: Sequence[str], emotion: EmotionVoice, generator: np.random.Generator
) -> Iterator[tuple[list[str], bool, bool]]:
    """Yields runs of words that are said in one go, whether with emphasis, and whether a pause comes before."""
    phrase: list[str] = []
    paused = False
    for index, word in enumerate(words):
        pause = index > 0 and generator.random() < emotion.pause
        emphatic = len(word) > 3 and generator.random() < emotion.emphasis
        if (pause or emphatic) and phrase:
            yield phrase, False, paused
            phrase, paused = [], False
        paused = paused or pause
        if emphatic:
            yield [word], True, paused
            paused = False
        else:
            phrase.append(word)
    if phrase:
        yield phrase, False, paused


def _silence(seconds: float, synthesizer: Synthesizer) -> Speech:
    samples = np.zeros(round(seconds * synthesizer.sample_rate_hz), np.float32)
    return Speech(samples, ((0.0, len(samples) / synthesizer.sample_rate_hz),))


def _noise(filler: str, synthesizer: Synthesizer, generator: np.random.Generator) -> Speech:
    """Returns bursts of noise for laughter, one long soft one for a breath."""
    seconds = generator.uniform(0.3, 0.7)
    time = np.arange(round(seconds * synthesizer.sample_rate_hz)) / synthesizer.sample_rate_hz
    swell = np.sin(np.pi * time / seconds)
    envelope = swell * np.maximum(np.sin(2 * np.pi * 5 * time), 0) if filler == "++LAUGHTER++" else 0.3 * swell
    samples = (0.1 * envelope * generator.normal(size=len(time))).astype(np.float32)
    return Speech(samples, ((0.0, seconds),))


def _mixed(
    pieces: Sequence[tuple[Sequence[str], Speech]], rate_hz: int, decibels: float, generator: np.random.Generator
) -> Performance:
    """Joins the pieces, sets the loudness, adds a light background noise and brings all to 16 kHz."""
    offsets = np.cumsum([0, *(len(speech.samples) for _, speech in pieces)]) / rate_hz
    tokens = [
        (token, float(offset) + start, float(offset) + end)
        for (tokens, speech), offset in zip(pieces, offsets, strict=False)
        for token, (start, end) in zip(tokens, speech.words, strict=True)
    ]
    speech = np.concatenate([speech.samples for _, speech in pieces])
    samples = signal.resample_poly(speech, SAMPLE_RATE_HZ // 50, rate_hz // 50) * (0.35 * 10 ** (decibels / 20))
    noise = generator.normal(size=len(samples)) * 10 ** (generator.uniform(-64, -50) / 20)
    return Performance(np.clip(samples + noise, -1, 1).astype(np.float32), tokens)
