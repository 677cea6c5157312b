"""How the demo corpus speaks: a sentence in a voice, as an emotion sounds.

Deliveries are drawn around each emotion's average with a spread that makes neighbors overlap, so that voice alone does
not tell the emotion.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import signal

from can_tf.alignment.espeak import Delivery, Speech, Synthesizer
from can_tf.corpus.demo.voices import EmotionVoice, Speaker

SAMPLE_RATE_HZ = 16_000
_RATE_SPREAD, _PITCH_SPREAD, _RANGE_SPREAD, _DECIBEL_SPREAD = 0.10, 9.0, 11.0, 2.6  # Standard deviations.


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
