"""The recognizer's own times, mended."""

import itertools

import numpy as np
import pytest

from can_tf.alignment.pauses import Stretch, loud_stretches
from can_tf.alignment.recognition.timing import at_edges_of_sound, in_order
from can_tf.alignment.word import Word


def times(words):
    return [(round(word.start, 6), round(word.end, 6)) for word in words]


@pytest.mark.parametrize(
    "given, mended",
    [
        ([(0.0, 0.5), (0.4, 0.8)], [(0.0, 0.4), (0.4, 0.8)]),  # The later onset counts.
        ([(0.5, 0.5), (0.5, 0.5), (0.5, 0.9)], [(0.5, 0.52), (0.52, 0.54), (0.54, 0.9)]),
        ([(0.2, 0.4), (1.0, 1.4)], [(0.2, 0.4), (0.98, 1.0)]),
        ([(1.0, 1.0), (1.2, 1.3), (1.3, 1.5)], [(0.94, 0.96), (0.96, 0.98), (0.98, 1.0)]),
        ([(-0.3, 0.2)], [(0.0, 0.2)]),
        ([(0.6, 0.4), (0.3, 0.5)], [(0.6, 0.62), (0.62, 0.64)]),
    ],
)
def test_words_are_in_order_inside_and_of_some_time(given, mended):
    assert times(in_order([Word("a", *pair) for pair in given], 1.0)) == mended


@pytest.mark.parametrize("count", [1, 7, 100, 1000])
def test_any_number_of_words_gets_some_time(count):
    random = np.random.default_rng(count)
    words = in_order([Word("a", *random.uniform(-1, 3, 2).tolist()) for _ in range(count)], 1.0)
    assert len(words) == count
    assert words[0].start >= 0
    assert words[-1].end <= 1.0
    assert all(word.end - word.start > 0.5 * min(0.02, 1 / count) for word in words)
    assert all(left.end <= right.start + 1e-9 for left, right in itertools.pairwise(words))


def test_edges_go_to_where_the_sound_begins_and_ends():
    stretches = [Stretch(0.3, 1.0), Stretch(1.5, 2.0)]
    words = [Word("a", 0.0, 0.6), Word("b", 0.6, 0.8), Word("c", 1.2, 1.9), Word("d", 3.0, 3.5)]
    assert times(at_edges_of_sound(words, stretches)) == [(0.3, 0.6), (0.6, 1.0), (1.5, 2.0), (3.0, 3.5)]


def test_a_word_is_not_made_much_longer():
    [word] = at_edges_of_sound([Word("a", 0.0, 0.5)], [Stretch(0.0, 1.0)])
    assert word.end == 0.5


def test_loud_stretches_are_told_from_faint_noise_and_short_gaps_belong_to_them():
    random = np.random.default_rng(0)
    loudness = np.repeat([0.001, 0.3, 0.001, 0.3, 0.001, 0.3], [3000, 4000, 800, 4000, 4000, 4000])
    found = loud_stretches((random.normal(size=len(loudness)) * loudness).astype(np.float32))
    assert len(found) == 2
    np.testing.assert_allclose(np.array(found) * 16_000, [(3000, 11_800), (15_800, 19_800)], atol=160)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(16_000)])
def test_silence_has_no_loud_stretch(samples):
    assert loud_stretches(samples.astype(np.float32)) == []
