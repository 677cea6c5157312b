"""The search: what it tries, how trials go on, and that the test set is left alone."""

import csv
import dataclasses
import json

import pytest

from can_tf.alignment.word import Word
from can_tf.corpus.utterance import Corpus
from can_tf.errors import RunError
from can_tf.records.build import BuildOptions, build_records
from can_tf.training import trials
from can_tf.training.fit import train_fold
from can_tf.training.fold_runs import Failure
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import read_history
from can_tf.training.search import METHODS, OVERLAPS, SPACES, Role
from can_tf.training.trials import go_on_from, runs_of
from can_tf.training.tuning import best_of, run_search, write_results
from tests.training.conftest import search_of


@pytest.mark.parametrize("method", METHODS)
def test_every_method_tries_the_papers_values_first_and_as_many_as_asked(tone_records, tmp_path, instant, method):
    events = []
    search = search_of(tmp_path / "search", tone_records.folder, method=method, trials=7)
    trials = run_search(search, Role(), events.append)
    assert [trial["trial"] for trial in trials] == list(range(7))
    assert [(event.done, event.total) for event in events] == [(number, 7) for number in range(1, 8)]
    assert all(f"validation WA {trials[event.done - 1]['validation_wa']:.3f}" in event.note for event in events)
    assert (trials[0]["alpha"], trials[0]["heads"]) == (0.1, 4)
    assert all(0.01 <= trial["alpha"] <= 1 and trial["heads"] in (1, 2, 4, 8) for trial in trials)
    assert len({trial["alpha"] for trial in trials}) > 3
    for trial in trials:
        assert trial["validation_wa"] == pytest.approx(min(trial["alpha"], 0.9) - 0.005)  # The mean of two folds.
        assert trial["seconds"] == 2.0
    assert all(run.validation_only and run.options.units == 2 for run in instant)
    assert len(instant) == 14
    write_results(search, trials)
    best = json.loads((search.folder / "best.json").read_text())
    assert best["alpha"] == max(trial["alpha"] for trial in trials)
    assert best["epochs"] == 2
    assert TrainOptions(**best).units == 2
    assert not {"fold", "seed"} & set(best)
    rows = list(csv.DictReader((search.folder / "trials.csv").read_text().splitlines()))
    assert [float(row["alpha"]) for row in rows] == [trial["alpha"] for trial in trials]


def test_hyperband_goes_on_from_shorter_trials(tone_records, tmp_path, instant):
    options = TrainOptions(units=2, epochs=9, protocol="session")
    search = search_of(tmp_path / "search", tone_records.folder, method="hyperband", trials=30, options=options)
    trials = run_search(search, Role())
    assert trials[0]["epochs"] == 9
    first_round = [trial for trial in trials[1:] if trial["epochs"] == 1]
    longer = [trial for trial in trials[1:] if trial["epochs"] > 1]
    assert first_round
    assert any(trial["alpha"] in {each["alpha"] for each in first_round} for trial in longer)
    assert all((run.folder / "checkpoint").exists() for run in instant)


@pytest.mark.long
def test_a_trial_that_goes_on_is_as_one_that_never_stopped(tone_records, tmp_path):
    search = search_of(tmp_path / "search", tone_records.folder, method="hyperband", folds=1)
    histories = []
    for trial, epochs in (("1", 1), ("2", 2), ("3", 2)):
        [run] = runs_of(search, trial, {"alpha": 0.1, "heads": 1, "tuner/epochs": epochs})
        if trial == "2":
            go_on_from(search.folder / "trial_1" / run.folder.name, run)
        train_fold(tone_records, run.folder, run.options, validation_only=True)
        rows = read_history(run.folder)
        histories.append([{name: row[name] for name in row if name != "seconds"} for row in rows])
    assert [len(history) for history in histories] == [1, 2, 2]
    assert histories[0] == histories[2][:1]
    assert histories[1] == histories[2]


def test_what_can_be_searched_over(tone_records, tmp_path, instant):
    overlaps = dict.fromkeys(OVERLAPS, tone_records.folder)
    search = search_of(tmp_path / "search", tone_records.folder, over=tuple(SPACES), folds=1, trials=2)
    first, second = run_search(dataclasses.replace(search, records=overlaps), Role())
    paper = {"alpha": 0.1, "heads": 4, "dropout": 0.3, "units": 128, "learning_rate": 1e-3, "overlap": 0.1}
    assert {name: first[name] for name in paper} == paper
    assert {name: second[name] for name in paper} != paper
    assert instant[1].options.learning_rate == second["learning_rate"]
    assert instant[1].records == tone_records.folder


def test_a_failed_trial_is_told_and_three_in_a_row_end_the_search(tone_records, tmp_path, monkeypatch):
    calls = []

    def train_all(runs, *, jobs):
        calls.append(runs)
        return {runs[0]: Failure("the loss is nan (exit code 1; some.log)", of_machine=False)}

    monkeypatch.setattr(trials, "train_all", train_all)
    events = []
    with pytest.raises(RunError, match="the loss is nan"):
        run_search(search_of(tmp_path / "search", tone_records.folder, trials=9), Role(), events.append)
    assert len(calls) == 3
    assert len(events) == 2
    assert all(event.note.endswith(": failed: the loss is nan (exit code 1; some.log)") for event in events)
    with pytest.raises(RunError, match="not one trial"):
        best_of([{"validation_wa": None}])


@pytest.mark.long
def test_the_test_part_decides_nothing(tone_corpus, tone_records, tmp_path):
    """Session s0 tests in fold 0: with other labels and words there, the search comes out the same."""
    changed = tuple(
        dataclasses.replace(
            utterance, words=tuple(Word("other", word.start, word.end) for word in utterance.words), label="calm"
        )
        if utterance.session == "s0"
        else utterance
        for utterance in tone_corpus.utterances
    )
    corpus = Corpus(tone_corpus.name, tone_corpus.labels, changed, (), {}, synthetic=True)
    records = build_records(corpus, tmp_path / "records", BuildOptions())
    search = {"folds": 1, "trials": 1, "over": ("alpha",)}
    first, second = (
        run_search(search_of(tmp_path / name, folder, **search), Role())[0]
        for name, folder in (("a", tone_records.folder), ("b", records.folder))
    )
    assert {**first, "seconds": 0.0} == {**second, "seconds": 0.0}
