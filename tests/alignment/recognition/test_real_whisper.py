"""Real models of Whisper on real speech: `make test-whisper`, which sets `CAN_TF_WHISPER` to a folder of them."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
from recognition_study import word_errors

from can_tf.alignment.forced import Aligner
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.recognition.registry import choose
from can_tf.alignment.silence import without_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.errors import AlignmentError, RecognizerError
from can_tf.prediction.word_process import WordProcess
from tests.alignment.conftest import NAMES, speech_of

pytestmark = pytest.mark.whisper

SENTENCES = [speech_of(name) for name in NAMES]
SENTENCES += [speech_of(name, Path(__file__).parent / "data") for name in ("austen-0870", "austen-0920")]
RATE = 16_000


@pytest.fixture(scope="module")
def models():
    return Path(os.environ["CAN_TF_WHISPER"])


@pytest.fixture(scope="module")
def base(models):
    return choose(RecognizerOptions(whisper=str(models / "base"))).make()


@pytest.mark.parametrize("model, most", [("base", 0.05), ("tiny.en", 0.15)])
def test_few_words_of_real_speech_are_wrong(models, model, most):
    recognizer = choose(RecognizerOptions(whisper=str(models / model))).make()
    wrong = total = 0
    for speech in SENTENCES:
        said = spoken_words(speech.transcript)
        heard = recognizer.recognize(speech.samples)
        wrong += word_errors(said, [word.text for word in heard])
        total += len(said)
        assert heard.language == "en"
        assert all(0 <= word.start < word.end <= speech.seconds for word in heard)
    print(f"{model}: word errors {wrong / total:.3f}")
    assert total == 71
    assert wrong / total <= most


def test_times_are_those_of_forced_alignment(base):
    speech = speech_of(NAMES[0])
    aligned = without_silence(Aligner().align(speech.samples, spoken_words(speech.transcript)))
    heard = base.recognize(speech.samples)
    assert [word.text for word in heard] == [word.text for word in aligned]
    np.testing.assert_allclose([word.start for word in heard], [word.start for word in aligned], atol=0.011)


def sounds():
    random, times = np.random.default_rng(0), np.arange(5 * RATE) / RATE
    noise = random.normal(size=len(times))
    return {
        "noise": 0.1 * noise,
        "faint noise": 0.003 * noise,
        "hum": 0.1 * np.sin(2 * np.pi * 50 * times) + 0.001 * noise,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * times),
        "bursts": 0.3 * noise * (times % 1 < 0.1),
        "chord": sum(0.1 * np.sin(2 * np.pi * hertz * times) for hertz in (262, 330, 392)),
    }


@pytest.mark.parametrize("name", sounds())
def test_silence_and_noise_do_not_become_words(base, name):
    with pytest.raises(AlignmentError, match="no words were recognized"):
        base.recognize(sounds()[name].astype(np.float32))


def test_silence_about_speech_adds_nothing(base):
    speech, silence = speech_of(NAMES[0]), np.zeros(8 * RATE, np.float32)
    heard = base.recognize(np.concatenate([silence, speech.samples, silence]))
    texts = [word.text for word in heard]
    assert (texts[:3], texts[-2:], len(texts)) == (["he", "was", "not"], ["young", "man"], 8)
    assert heard[0].start > 8
    assert heard[-1].end < 8 + speech.seconds


def test_the_same_recording_has_the_same_words_whatever_was_before(base):
    first = base.recognize(speech_of(NAMES[0]).samples)
    base.recognize(speech_of(NAMES[1]).samples)
    assert base.recognize(speech_of(NAMES[0]).samples) == first


def test_a_process_of_its_own_finds_the_same(models, base):
    options = RecognizerOptions(whisper=str(models / "base"))
    with contextlib.closing(WordProcess(options)) as finder:
        assert finder.find(speech_of(NAMES[0]).samples) == base.recognize(speech_of(NAMES[0]).samples)
        assert (finder.recognizer, finder.heard) == ("Whisper", {"en": 1})


def test_an_english_model_knows_no_other_language(models):
    with pytest.raises(RecognizerError, match="does not know the language 'de'; it knows en"):
        choose(RecognizerOptions(whisper=str(models / "tiny.en"), language="de")).make()


def test_a_broken_model_is_told(models, tmp_path):
    for path in (models / "tiny.en").iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content[: len(content) // 2] if path.name == "model.bin" else content)
    with pytest.raises(RecognizerError, match="cannot be loaded"):
        choose(RecognizerOptions(whisper=str(tmp_path))).make()
