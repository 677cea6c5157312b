import base64
import dataclasses
import json

import numpy as np
import pytest

from can_tf.explanation.data import Explanation, spectrogram_levels
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors
from tests.explanation.conftest import AUDIO, RATE_HZ, TEXT, TONES_HZ, WORDS, tones


def _band_of(hertz: float) -> float:
    """The mel band, from 0, whose triangle is centered next to a frequency: 40 of them from 20 to 8,000 Hz."""

    def mel(value: float) -> float:
        return 1127.0 * np.log(1 + value / 700)

    return (mel(hertz) - mel(20)) / (mel(8000) - mel(20)) * 41 - 1


def test_each_word_has_its_attention_by_head_and_averaged(explanation: Explanation):
    words = explanation.to_json()["words"]
    assert [word["word"] for word in words] == ["low", "high", "mid", "top"]
    for index, word in enumerate(words):
        assert word["text_attention_by_head"] == pytest.approx(TEXT[:, index].tolist(), abs=1e-6)
        assert word["audio_attention_by_head"] == pytest.approx(AUDIO[:, index].tolist(), abs=1e-6)
    assert words[0]["text_attention"] == pytest.approx(0.4)
    assert words[1]["audio_attention"] == pytest.approx(0.575)


def test_the_data_are_json_and_say_how_long_and_what_is_true(explanation: Explanation):
    data = json.loads(json.dumps(explanation.to_json(), allow_nan=False))
    assert (data["seconds"], data["true"], data["label"]) == (1.62, "hap", "sad")
    assert "sound" not in data


def test_the_spectrogram_is_brightest_at_the_tone_of_each_word():
    levels = spectrogram_levels(tones())
    assert levels.shape == (1 + (round(1.62 * RATE_HZ) - 400) // 160, 40)
    assert levels.max() == 255
    for word, hertz in zip(WORDS, TONES_HZ, strict=True):
        middle = levels[round(50 * (word.start + word.end))]
        assert abs(int(middle.argmax()) - _band_of(hertz)) <= 1


def test_what_is_eighty_decibels_below_the_loudest_is_black():
    loud = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ)
    samples = np.concatenate([loud, 1e-5 * loud]).astype(np.float32)  # 100 dB apart.
    levels = spectrogram_levels(samples)
    assert not levels[110:].any()


def test_a_page_gets_the_samples_that_were_heard(explanation: Explanation):
    sound = explanation.to_page()["sound"]
    samples = np.frombuffer(base64.b64decode(sound["samples"]), "<i2")
    np.testing.assert_allclose(samples / 32768, explanation.samples, atol=1 / 32768)


def test_a_page_shows_labels_by_plain_words_and_their_colors(explanation: Explanation):
    colors = label_colors(["sad", "hap"])
    expected = {"hap": {"word": "happy", "color": colors["hap"]}, "sad": {"word": "sad", "color": colors["sad"]}}
    assert explanation.to_page()["emotions"] == expected
    unsure = dataclasses.replace(
        explanation, prediction=dataclasses.replace(explanation.prediction, label="uncertain"), true="xxx"
    )
    none_of_the_labels = {label: {"word": label, "color": UNCERTAIN_COLOR} for label in ("uncertain", "xxx")}
    assert unsure.to_page()["emotions"] == {**expected, **none_of_the_labels}


@pytest.mark.parametrize("loudness", [1e-4, 1.0])
def test_a_spectrogram_is_as_dark_where_it_is_silent_however_loud_the_rest(loudness: float):
    samples = (loudness * np.concatenate([tones(), np.zeros(RATE_HZ)])).astype(np.float32)
    levels = spectrogram_levels(samples)
    assert levels.max() == 255
    assert not levels[-50:].any()


def test_the_spectrogram_of_silence_is_black():
    assert not spectrogram_levels(np.zeros(RATE_HZ, np.float32)).any()


def test_a_page_gets_no_more_columns_than_a_browser_draws(explanation: Explanation):
    samples = np.zeros(200 * RATE_HZ, np.float32)
    samples[150 * RATE_HZ] = 1.0
    page = dataclasses.replace(explanation, samples=samples).to_page()["spectrogram"]
    assert 4_000 <= page["frames"] <= 8_000
    levels = np.frombuffer(base64.b64decode(page["levels"]), np.uint8).reshape(page["frames"], page["bands"])
    assert levels.max(axis=1).argmax() == pytest.approx(0.75 * page["frames"], abs=2)
