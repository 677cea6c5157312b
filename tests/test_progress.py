"""What long work tells, and what is shown of it on a terminal and elsewhere."""

import sys

import click
import pytest
from click.testing import CliRunner

from can_tf.cli.shared import progress as shown_progress
from can_tf.cli.shared.progress import ProgressPrinter, duration, shown
from can_tf.errors import RunError
from can_tf.progress import Event, amount, counted


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets: `clock[0]` is now, in seconds."""
    now = [100.0]
    monkeypatch.setattr(shown_progress.time, "monotonic", lambda: now[0])
    return now


def test_an_event_is_a_line():
    assert Event("Training", "epochs", 1, 1).line() == "Training: 1 of 1 epoch"
    assert Event("Training", "epochs", 1, 5, "loss 1.2", at_most=True).line() == (
        "Training: 1 of at most 5 epochs: loss 1.2"
    )
    assert Event("Training", note="done already").line() == "done already"


@pytest.mark.parametrize(
    "count, unit, text",
    [(0, "shards", "0 shards"), (1, "shards", "1 shard"), (1, "stretches", "1 stretch"), (1, "MB", "1 MB")],
)
def test_one_is_singular(count, unit, text):
    assert amount(count, unit) == text


def test_counts_become_events():
    events = []
    counted(events.append, "Aligning", "recordings")(2, 3)
    assert events == [Event("Aligning", "recordings", 2, 3)]


@pytest.mark.parametrize(
    "seconds, text",
    [(0.2, "1 s"), (40.4, "40 s"), (89, "89 s"), (90, "2 min"), (5_000, "83 min"), (6_000, "1 h 40 min")],
)
def test_a_duration_in_words_is_never_nothing(seconds, text):
    assert duration(seconds) == text


def test_without_a_terminal_quick_work_is_silent(clock, capsys):
    report = shown("Building records", "utterances")
    for done in (0, 64, 150):
        report(done, 150)
        clock[0] += 3
    assert capsys.readouterr().err == ""


def test_without_a_terminal_long_work_has_a_line_every_ten_seconds_and_one_at_its_end(clock, capsys):
    report = shown("Building records", "utterances")
    for done in (100, 200, 300, 400, 500):  # 100 are of an earlier process.
        report(done, 500)
        clock[0] += 8
    assert capsys.readouterr().err.splitlines() == [
        "Building records: 300 of 500 utterances (12 per second), 16 s left",
        "Building records: 500 of 500 utterances (12 per second)",
    ]


def test_slow_work_is_told_by_the_time_of_one(clock, capsys):
    report = shown("Explaining", "recordings")
    report(0, 10)
    clock[0] += 30
    report(2, 10)
    assert capsys.readouterr().err == "Explaining: 2 of 10 recordings (15 s each), 2 min left\n"


def test_a_note_is_shown_at_once_with_the_time_left(clock, capsys):
    show = ProgressPrinter().show
    show(Event("Training", "epochs", 0, 5, at_most=True))
    clock[0] += 60
    show(Event("Epoch 1", "batches", 3, 3))
    show(Event("Training", "epochs", 1, 5, "loss 1.2", at_most=True))
    show(Event("Training", note="Going on after epoch 1."))
    clock[0] += 60
    show(Event("Training", "epochs", 5, 5, "loss 0.9", at_most=True))
    assert capsys.readouterr().err.splitlines() == [
        "Training: 1 of at most 5 epochs: loss 1.2, at most 4 min left",
        "Going on after epoch 1.",
        "Training: 5 of at most 5 epochs: loss 0.9",
    ]


def test_on_a_terminal_a_bar_is_drawn_and_an_error_has_a_line_of_its_own(monkeypatch, clock):
    @click.command()
    def work():
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        report = shown("Building records", "utterances")
        report(0, 4)
        clock[0] += 2
        report(2, 4)
        raise RunError("it failed")

    done = CliRunner().invoke(work)
    assert isinstance(done.exception, RunError)
    assert "2/4" in done.stderr
    assert "1 per second" in done.stderr
    assert done.stderr.endswith("\n")
