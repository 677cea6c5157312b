"""Whisper as a recognizer, by a stand-in of its model; `make test-whisper` asks real ones."""

import itertools

import numpy as np
import pytest

from can_tf.alignment.forced import Aligner
from can_tf.alignment.recognition.whisper import WhisperRecognizer, pieces
from can_tf.alignment.silence import without_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.errors import AlignmentError, RecognizerError
from can_tf.samples import SAMPLE_RATE_HZ
from tests.alignment.conftest import NAMES, speech_of
from tests.alignment.recognition.stand_in import StandIn, segment

SPEECH = speech_of(NAMES[0])
HEARD = [  # As whisper-base has it, to the hundredth of a second.
    *((" He", 0.0, 0.34), (" was", 0.34, 0.52), (" not", 0.52, 0.8), (" an", 0.8, 1.3), (" ill", 1.3, 1.46)),
    *(("-disposed", 1.46, 2.02), (" young", 2.02, 2.28), (" man.", 2.28, 2.6)),
]


def test_english_words_have_the_times_of_forced_alignment():
    words = WhisperRecognizer(StandIn([segment(HEARD)]), "base").recognize(SPEECH.samples)
    aligned = without_silence(Aligner().align(SPEECH.samples, spoken_words(SPEECH.transcript)))
    assert [word.text for word in words] == [word.text for word in aligned]
    np.testing.assert_allclose([word.start for word in words], [word.start for word in aligned], atol=1e-6)
    assert words.language == "en"


def test_it_is_asked_without_chance_and_only_about_voices():
    model = StandIn([segment(HEARD)])
    WhisperRecognizer(model, "base", language="en").recognize(SPEECH.samples)
    [asked] = model.asked
    assert asked["vad_filter"] is True
    assert (asked["temperature"], asked["condition_on_previous_text"], asked["language"]) == (0.0, False, "en")


def test_what_repeats_itself_is_asked_again():
    loop = segment([(" he", 0.1, 0.2)] * 40, compression_ratio=9.0)
    model = StandIn([loop], [segment(HEARD)])
    words = WhisperRecognizer(model, "base").recognize(SPEECH.samples)
    assert words[-1].text == "man"
    assert [asked.get("no_repeat_ngram_size", 0) for asked in model.asked] == [0, 3]


def test_long_recordings_are_asked_about_in_pieces_that_end_in_pauses():
    noise = np.random.default_rng(0).normal(0, 0.2, 600 * SAMPLE_RATE_HZ).astype(np.float32)
    noise[round(280.3 * SAMPLE_RATE_HZ) : round(280.6 * SAMPLE_RATE_HZ)] = 0.0  # Its tenths: 280.3, .4 and .5.
    found = list(pieces(noise))
    assert found[1][0] / SAMPLE_RATE_HZ == pytest.approx(280.35)
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in found]), noise)
    assert all(len(piece) <= 300 * SAMPLE_RATE_HZ for _, piece in found)


def test_only_the_piece_that_repeats_itself_is_asked_again_and_the_first_speech_tells_the_language():
    noise = np.random.default_rng(0).normal(0, 0.2, 650 * SAMPLE_RATE_HZ).astype(np.float32)
    loop = segment([(" he", 0.1, 0.2)] * 40, compression_ratio=9.0)
    model = StandIn([], [loop], [segment([(" Nein", 1.0, 1.5)])], [segment([(" ja", 2.0, 2.5)])], language="de")
    segments, language = WhisperRecognizer(model, "base").segments(noise)
    assert [asked.get("no_repeat_ngram_size", 0) for asked in model.asked] == [0, 0, 3, 0]
    assert [asked["language"] for asked in model.asked] == [None, None, None, "de"]
    assert language == "de"
    starts = [start / SAMPLE_RATE_HZ for start, _ in pieces(noise)]
    times = [(word.text, word.start) for each in segments for word in each.words]
    assert times == [(" Nein", pytest.approx(starts[1] + 1.0)), (" ja", pytest.approx(starts[2] + 2.0))]


@pytest.mark.parametrize(
    "language, heard, words",
    [
        ("de", [(" Heute", 0.1, 0.4), (" könnte", 0.4, 0.8), (" ich's.", 0.8, 1.1)], ["heute", "könnte", "ich's"]),
        ("fr", [(" l", 0.1, 0.2), ("'école", 0.2, 0.8), (" ?", 0.8, 0.9)], ["l", "école"]),
        ("ja", [("今日", 0.1, 0.4), ("は、", 0.4, 0.6), ("晴れ。", 0.6, 1.0)], ["今日", "は", "晴れ"]),
        ("ar", [(" مرحبا،", 0.1, 0.6), (" كيف؟", 0.6, 1.0)], ["مرحبا", "كيف"]),
        ("hi", [(" नमस्ते।", 0.1, 0.9)], ["नमस्ते"]),
        ("ru", [(" «Нет»,", 0.1, 0.9)], ["нет"]),
    ],
)
def test_words_of_any_script_keep_the_recognizers_times(language, heard, words):
    tone = 0.3 * np.sin(np.arange(2 * SAMPLE_RATE_HZ)).astype(np.float32)
    found = WhisperRecognizer(StandIn([segment(heard)], language=language), "base").recognize(tone)
    assert ([word.text for word in found], found.language) == (words, language)
    assert found[0].start == pytest.approx(0.14)  # 40 ms later than it says.


def test_english_that_does_not_fit_keeps_the_recognizers_times_and_is_as_it_is_said():
    heard = [(" Mr.", 0.1, 0.3), (" 10:30,", 0.3, 0.9), (" $5!", 0.9, 1.3)]
    noise = np.random.default_rng(0).normal(0, 0.3, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    words = WhisperRecognizer(StandIn([segment(heard)]), "base").recognize(noise)
    assert [word.text for word in words] == ["mister", "ten", "thirty", "five", "dollars"]
    assert [word.start for word in words] == pytest.approx([0.14, 0.34, 0.64, 0.94, 1.14], abs=1e-6)


def test_of_two_segments_the_one_that_fits_is_aligned():
    late = len(SPEECH.samples) / SAMPLE_RATE_HZ + 1.5
    noise = np.random.default_rng(0).normal(0, 0.2, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    heard = [segment(HEARD), segment([(" Goodbye", late, late + 0.8), (" everybody", late + 0.8, late + 1.4)])]
    samples = np.concatenate([SPEECH.samples, silence, noise])
    words = WhisperRecognizer(StandIn(heard), "base").recognize(samples)
    alone = WhisperRecognizer(StandIn([segment(HEARD)]), "base").recognize(SPEECH.samples)
    assert [word.text for word in words[-2:]] == ["goodbye", "everybody"]
    np.testing.assert_allclose([w.start for w in words[:-2]], [w.start for w in alone], atol=0.05)
    assert words[-2].start == pytest.approx(late + 0.04, abs=0.02)


def test_a_long_recording_is_aligned_part_by_part():
    heard, parts, start = [], [], 0.0
    for name in NAMES * 8:
        speech = speech_of(name)
        said = spoken_words(speech.transcript)
        edges = np.linspace(start + 0.1, start + speech.seconds - 0.1, len(said) + 1)
        heard.append(
            segment([(f" {word}", *times) for word, times in zip(said, itertools.pairwise(edges), strict=True)])
        )
        parts += [speech.samples, np.zeros(SAMPLE_RATE_HZ // 2, np.float32)]
        start += len(parts[-2]) / SAMPLE_RATE_HZ + 0.5
    samples = np.concatenate(parts)
    words = WhisperRecognizer(StandIn(heard), "base").recognize(samples)
    assert [word.text for word in words] == [word.word.strip() for found in heard for word in found.words]
    aligner, late, onsets = Aligner(), 0.0, []
    for name in NAMES * 8:
        speech = speech_of(name)
        tokens = without_silence(aligner.align(speech.samples, spoken_words(speech.transcript)))
        onsets += [late + token.start for token in tokens]
        late += speech.seconds + 0.5
    assert np.median(np.abs(np.array([word.start for word in words]) - onsets)) <= 0.011
    assert all(left.end <= right.start + 1e-9 for left, right in itertools.pairwise(words))


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.zeros(SAMPLE_RATE_HZ, np.float32), "1.00 s long, is silent"),
        (np.zeros(0, np.float32), "0.00 s long, is silent"),
        (np.ones(SAMPLE_RATE_HZ, np.float32), "no words were recognized in the recording, 1.00 s long; is it speech"),
        (np.ones(3 * SAMPLE_RATE_HZ, np.float32), "3 s long; expected at most 2 s"),
    ],
)
def test_what_holds_no_speech_is_refused(samples, message):
    for answer in ([], [segment([(" ...", 0.0, 0.5)])]):
        with pytest.raises(AlignmentError, match=message):
            WhisperRecognizer(StandIn(answer), "base", max_seconds=2).recognize(samples)


def test_a_language_that_the_model_does_not_know_is_refused():
    with pytest.raises(RecognizerError, match="tiny.en does not know the language 'de'; it knows en"):
        WhisperRecognizer(StandIn([], supported_languages=["en"]), "tiny.en", language="de")
