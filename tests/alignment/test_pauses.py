import itertools

import numpy as np
import pytest

from can_tf.alignment.pauses import MAX_STRETCH_SECONDS, Stretch, find_stretches, split_words, stretches_of
from can_tf.alignment.word import Word
from can_tf.samples import SAMPLE_RATE_HZ
from tests.alignment.conftest import NAMES, speech_of

SPEECH = [speech_of(name).samples for name in NAMES]


def silence(seconds):
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)


def test_speech_is_cut_where_there_is_silence():
    gap = 1.0
    samples = np.concatenate([part for speech in SPEECH for part in (speech, silence(gap))])
    begins = np.cumsum([0.0] + [len(speech) / SAMPLE_RATE_HZ + gap for speech in SPEECH])
    found = find_stretches(samples)
    assert len(found) == len(SPEECH)
    for stretch, begin, speech in zip(found, begins, SPEECH, strict=False):
        assert begin - 0.11 <= stretch.start <= begin + 0.3
        assert stretch.end == pytest.approx(begin + len(speech) / SAMPLE_RATE_HZ, abs=0.45)


def test_speech_without_a_pause_is_cut_all_the_same(monkeypatch):
    monkeypatch.setattr("can_tf.alignment.pauses.PAUSE_SECONDS", 60.0)
    samples = np.concatenate(SPEECH * 4)
    found = find_stretches(samples)
    assert len(found) >= len(samples) / SAMPLE_RATE_HZ / MAX_STRETCH_SECONDS
    assert all(0 < end - start <= MAX_STRETCH_SECONDS for start, end in found)
    assert all(left.end == pytest.approx(right.start) for left, right in itertools.pairwise(found))


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.03, 2.0])
def test_silence_holds_no_stretch(seconds):
    assert find_stretches(silence(seconds)) == []


def words(*spans):
    return [Word(f"w{index}", start, end) for index, (start, end) in enumerate(spans)]


def groups_of(*spans):
    return [[word.text for word in group] for group in split_words(words(*spans))]


def test_words_are_cut_at_gaps_of_a_pause():
    assert groups_of((0.0, 0.5), (0.7, 1.0), (1.3, 2.0), (2.0, 2.5)) == [["w0", "w1"], ["w2", "w3"]]
    assert split_words([]) == []


def test_too_long_a_group_is_cut_at_its_longest_gap():
    assert groups_of((0.0, 6.0), (6.2, 9.0), (9.1, 16.0)) == [["w0"], ["w1", "w2"]]
    assert groups_of((0.0, 4.0), (4.0, 8.0), (8.0, 12.0), (12.0, 16.0)) == [["w0", "w1"], ["w2", "w3"]]
    assert groups_of((0.0, 20.0)) == [["w0"]]  # One word cannot be cut.


def test_stretches_have_a_margin_that_neighbors_share():
    assert stretches_of(split_words(words((0.05, 1.0), (1.3, 2.0), (3.0, 4.05))), 4.0) == [
        Stretch(0.0, pytest.approx(1.1)),
        Stretch(pytest.approx(1.2), pytest.approx(2.1)),
        Stretch(pytest.approx(2.9), 4.0),
    ]
    close = stretches_of([words((0.0, 1.0)), words((1.1, 2.0))], 2.0)
    assert close[0].end == close[1].start == pytest.approx(1.05)
