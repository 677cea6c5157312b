"""What is told of records, and how much parts of their folds share."""

import dataclasses

import pytest

from can_tf.report.counts import counts_table
from can_tf.report.inspection import distributions_table, inspect_records, leakage_table, rejects_lines


def test_what_records_hold_is_counted(tone_records):
    summary = inspect_records(tone_records)
    assert summary["counts"] == {"calm": 75, "loud": 75}
    assert (summary["utterances"], summary["speakers"], summary["sessions"], summary["scenarios"]) == (150, 5, 5, 3)
    assert summary["vocabulary"] == 5
    assert summary["distributions"]["words"]["all"] == 38 + 2 * 38 + 3 * 37 + 4 * 37
    assert summary["hours"] == pytest.approx(summary["distributions"]["seconds"]["all"] / 3600, abs=1e-3)
    assert "leakage" not in summary
    assert distributions_table(summary).splitlines()[0].split() == [
        *("per", "utterance", "smallest", "mean", "median", "95", "%", "largest", "all")
    ]


def test_leakage_is_counted_by_protocol_or_says_why_it_cannot_be(tone_records):
    summary = inspect_records(tone_records, leakage=True)
    leakage = summary["leakage"]
    assert list(leakage) == ["paper", "session", "speaker", "scenario"]
    assert (leakage["session"]["session"], leakage["session"]["speaker"]) == (0, 0)
    assert leakage["session"]["scenario"] == leakage["paper"]["session"] == 150
    assert leakage["scenario"]["scenario"] == 0
    assert (leakage["speaker"]["speaker"], leakage["speaker"]["session"]) == (0, 0)
    rows = [line.split() for line in leakage_table(summary).splitlines()]
    assert ["session", "0", "(0%)", "0", "(0%)", "150", "(100%)"] in [row[:7] for row in rows]


def test_several_corpora_are_counted_apart(tone_records):
    rows = tuple(
        dataclasses.replace(row, corpus="old" if index < 50 else "new")
        for index, row in enumerate(tone_records.utterances)
    )
    parts = {"old": "manifest", "new": "manifest"}
    corpus = {**tone_records.description["corpus"], "parts": parts}
    several = dataclasses.replace(
        tone_records, utterances=rows, description={**tone_records.description, "corpus": corpus}
    )
    summary = inspect_records(several, leakage=True)
    assert summary["counts_by_corpus"] == {"old": {"calm": 25, "loud": 25}, "new": {"calm": 50, "loud": 50}}
    assert summary["leakage"]["corpus"]["speaker"] == 120  # Four of five speakers train, one validates.
    assert [line.split() for line in counts_table(several).splitlines()[:5:2]] == [
        ["label", "synthetic", "old", "new"],
        ["calm", "75", "25", "50"],
        ["all", "150", "50", "100"],
    ]


def test_a_protocol_that_a_corpus_does_not_allow_says_why(tone_records):
    rows = tuple(dataclasses.replace(row, scenario="") for row in tone_records.utterances)
    summary = inspect_records(dataclasses.replace(tone_records, utterances=rows), leakage=True)
    assert "needs a scenario for each utterance" in summary["leakage"]["scenario"]
    assert "take another --protocol" in leakage_table(summary)


def test_the_first_rejects_are_shown_and_the_others_counted():
    rejected = [{"id": f"u{number}", "reason": "is silent"} for number in range(7)]
    assert rejects_lines({"rejected": []}) == []
    assert rejects_lines({"rejected": rejected[:1]}) == ["  u0: is silent"]
    lines = rejects_lines({"rejected": rejected})
    assert len(lines) == 6
    assert lines[-1] == "  and 2 more"
