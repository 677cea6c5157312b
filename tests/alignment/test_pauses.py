import itertools

import numpy as np
import pytest

from can_tf.alignment.pauses import (
    MAX_STRETCH_SECONDS,
    Stretch,
    StretchFinder,
    find_stretches,
    split_words,
    stretches_of,
)
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


def test_too_long_a_stretch_is_cut_at_its_softest_moment_of_late(monkeypatch):
    monkeypatch.setattr("can_tf.alignment.pauses.PAUSE_SECONDS", 60.0)
    samples = np.concatenate(SPEECH * 4)
    soft = round(14.3 * SAMPLE_RATE_HZ)
    samples[soft : soft + round(0.1 * SAMPLE_RATE_HZ)] = 0
    first, second, *_ = find_stretches(samples)
    assert 14.3 - 0.03 <= first.end == second.start <= 14.4


@pytest.fixture(scope="module")
def talk():
    """Half a minute: short and long pauses, a click, a long run without a pause, and voice at the end."""
    click = np.zeros(960, np.float32)
    click[:] = 0.5 * np.sign(np.sin(np.arange(960)))
    close = [part[2_000:-4_000] for part in SPEECH]
    parts = [SPEECH[0], silence(0.5), SPEECH[1], silence(1.0), click, silence(1.0), *close, *close, SPEECH[2][:30_000]]
    return np.concatenate(parts) + np.random.default_rng(0).normal(0, 1e-4, sum(map(len, parts))).astype(np.float32)


@pytest.mark.parametrize("size", [160, 1_000, 4_801, 16_000, 160_000])
def test_sound_in_bits_has_the_stretches_of_the_whole(talk, size):
    finder, heard = StretchFinder(), []
    for begin in range(0, len(talk), size):
        for each in finder.add(talk[begin : begin + size]):
            heard.append(each)
            assert finder.seconds - each.stretch.end <= 1.0 + size / SAMPLE_RATE_HZ  # It is told soon.
        assert len(finder._sound) <= (MAX_STRETCH_SECONDS + 2) * SAMPLE_RATE_HZ  # What is told is forgotten.
    heard += finder.end()
    assert len(heard) > 3
    assert [each.stretch for each in heard] == find_stretches(talk)
    for (start, end), samples in heard:
        expected = talk[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)]
        np.testing.assert_array_equal(samples, expected)


def test_a_pause_is_told_when_it_is_one(talk):
    finder = StretchFinder()
    for begin in range(0, len(talk), 480):
        for stretch, _ in finder.add(talk[begin : begin + 480]):
            late = finder.seconds - stretch.end
            assert late <= 0.3
            return
    pytest.fail("no stretch ended")


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
