"""Intervals over speakers, against a normal approximation and small sets worked out by hand."""

import math

import pytest

from can_tf.training.intervals import intervals_of

LABELS = ("calm", "loud")


def rows(speakers, each, right, *, corpus="", seed=0):
    """Returns rows of speakers; `right` tells by speaker and utterance whether the prediction is right."""
    return [
        {
            "seed": seed,
            "id": f"{corpus}{speaker}-{number}",
            "speaker": f"{corpus}{speaker}",
            "corpus": corpus,
            "label": LABELS[number % 2],
            "predicted": LABELS[(number + (not right(speaker, number))) % 2],
        }
        for speaker in range(speakers)
        for number in range(each)
    ]


def test_a_speaker_is_drawn_with_all_utterances():
    [found] = intervals_of(rows(20, 30, lambda speaker, number: speaker % 2 == 0), LABELS)
    assert (found["utterances"], found["speakers"], found["resampled"]) == (600, 20, "speakers")
    half = 1.96 * math.sqrt(0.5 * 0.5 / 20)  # Of 20 speakers, and not of 600 utterances, where it is .04.
    assert found["wa"]["value"] == 0.5
    assert (found["wa"]["low"], found["wa"]["high"]) == pytest.approx((0.5 - half, 0.5 + half), abs=0.05)


def test_of_few_speakers_utterances_are_drawn():
    [found] = intervals_of(rows(4, 100, lambda speaker, number: number % 4 > 0), LABELS)
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert found["resampled"] == "utterances"
    assert (found["wa"]["low"], found["wa"]["high"]) == pytest.approx((0.75 - half, 0.75 + half), abs=0.01)


def test_several_corpora_are_scored_together_and_each_by_itself():
    both = [
        *rows(5, 4, lambda speaker, number: True, corpus="a"),
        *rows(5, 12, lambda speaker, number: number % 2 == 0, corpus="b"),
    ]
    found = {of["corpus"]: of for of in intervals_of(both, LABELS, samples=50)}
    assert list(found) == ["", "a", "b"]
    assert {corpus: of["wa"]["value"] for corpus, of in found.items()} == {"": 50 / 80, "a": 1.0, "b": 0.5}
    assert found["a"]["wa"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    # Of b, calm ones are right and loud ones are not; together, of loud ones 10 of 40 are.
    assert found["b"]["ua"]["value"] == 0.5
    assert found[""]["ua"]["value"] == (1 + 10 / 40) / 2


def test_seeds_are_averaged_and_an_utterance_counts_once():
    of_both = [
        *rows(2, 10, lambda speaker, number: True, seed=0),
        *rows(2, 10, lambda speaker, number: speaker == 0, seed=1),
    ]
    [found] = intervals_of(of_both, LABELS, samples=50)
    assert (found["utterances"], found["wa"]["value"]) == (20, 0.75)
    without = [row for row in of_both if (row["seed"], row["speaker"]) != (1, "1")]  # A fold that failed.
    assert intervals_of(without, LABELS, samples=50)[0]["wa"] == {"value": 1.0, "low": 1.0, "high": 1.0}
