"""A search over hyperparameters from beginning to end, and its trials as a table and a picture."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.corpus.utterance import Corpus
from can_tf.errors import MissingExtraError
from can_tf.files import replacing
from can_tf.processes import cores
from can_tf.progress import Event, Progress, ignore
from can_tf.records.build import build_records
from can_tf.records.dataset import load_dataset
from can_tf.records.shards import BuildOptions
from can_tf.report.plots import trials_figure, write_png
from can_tf.report.tables import format_table
from can_tf.training.fold_labels import check_folds
from can_tf.training.folds import folds_to_run
from can_tf.training.option_fields import Between
from can_tf.training.search import SPACES, Role, Search, overlap_folders

REPORT_FILE, PICTURE_FILE = "report.md", "trials.png"


@dataclasses.dataclass(frozen=True)
class Tuned:
    """What came out of a search.

    Attributes:
        facts: What it was, by name.
        trials: From `can_tf.training.tuning.run_search`; a worker's own alone.
        best: The trial of the highest validation WA; None for a worker.
        paths: Of the report; empty for a worker.
    """

    facts: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]]
    best: Mapping[str, Any] | None
    paths: Sequence[Path]


def tune(search: Search, role: Role | None = None, progress: Progress = ignore) -> Tuned:
    """Searches until all trials are done; writes them, the options of the best, and a report.

    Args:
        search: What to search, and where to.
        role: Alone, or chief or worker of several machines.
        progress: Told of each trial that this process has run.

    Raises:
        MissingExtraError: KerasTuner is not installed.
        ConfigError: The records do not allow the protocol, have fewer folds, or a fold that cannot be trained.
        RunError: The folder holds another search, three trials in a row failed, or chief and worker do not meet.
        BusyError: Another process is chief, or searches alone, or is the worker of this name.

    Example:
        >>> search = Search(records={0.1: Path("data/records")}, trials=20)
        >>> tune(search).best["validation_wa"]  # doctest: +SKIP
    """
    role = role or Role()
    dataset = load_dataset(next(iter(search.records.values())))
    options = search.options
    count = folds_to_run(dataset.utterances, options.protocol, search.folds, options.folds)
    check_folds(dataset.utterances, options, range(count), progress)
    try:
        import keras_tuner  # noqa: F401  What follows needs it.
    except ModuleNotFoundError as error:
        raise MissingExtraError("can-tf tune", "tune") from error
    from can_tf.training.tuning import best_of, run_search, write_results

    trials, facts = run_search(search, role, progress), _facts(search, dataset.synthetic)
    if role.kind == "worker":
        return Tuned(facts, trials, None, ())
    write_results(search, trials)
    return Tuned(facts, trials, best_of(trials), write_report(search.folder, trials, search.over, facts))


def build_overlaps(
    corpus: Corpus, folder: Path, *, workers: int | None = None, progress: Progress = ignore
) -> dict[float, Path]:
    """Builds the records of a search over overlaps, those that are missing; returns their folders by overlap.

    Args:
        corpus: From a reader.
        folder: Of the search.
        workers: Processes that build; None for one per core.
        progress: Told of the utterances done.

    Raises:
        RecordsError: Records cannot be built, or a folder holds others.
    """
    folders = overlap_folders(folder)
    for overlap, records in folders.items():
        progress(Event("Building records", note=f"Records in {records} ..."))
        build_records(
            corpus,
            records,
            BuildOptions(overlap=overlap),
            workers=workers or cores(),
            progress=progress,
        )
    return folders


def _facts(search: Search, synthetic: bool) -> dict[str, Any]:
    return {
        "synthetic": synthetic,
        "method": search.method,
        "protocol": search.options.protocol,
        "folds": search.folds,
        "seed": search.options.seed,
        "at most epochs": search.options.epochs,
    }


def trials_table(trials: Sequence[Mapping[str, Any]], over: Sequence[str]) -> str:
    """Returns all trials, the best first and the failed last; the first trial has the paper's values."""
    ordered = sorted(trials, key=lambda trial: (trial["validation_wa"] is None, -(trial["validation_wa"] or 0.0)))
    rows = [
        [
            f"{trial['trial']}{' (the paper)' if trial['trial'] == 0 else ''}",
            *(f"{trial[name]:.3g}" for name in over),
            str(trial["epochs"]),
            *(_score(trial[name]) for name in ("validation_wa", "validation_ua")),
            trial["reason"],
        ]
        for trial in ordered
    ]
    return format_table(["trial", *over, "epochs", "validation WA", "validation UA", "failed"], rows)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def write_report(
    folder: Path, trials: Sequence[Mapping[str, Any]], over: Sequence[str], facts: Mapping[str, Any]
) -> list[Path]:
    """Writes `report.md` and `trials.png`; returns their paths.

    Args:
        folder: Of the search.
        trials: From `can_tf.training.tuning.run_search`.
        over: The hyperparameters searched over.
        facts: `synthetic`, and what else is to stand above the table, by name.
    """
    paths = [folder / REPORT_FILE, folder / PICTURE_FILE]
    parts = ["# A search over hyperparameters"]
    if facts["synthetic"]:
        parts.append("Synthetic speech: these are not results on IEMOCAP.")
    parts.append("\n".join(f"- {name}: {value}" for name, value in facts.items() if name != "synthetic"))
    parts.append(f"```\n{trials_table(trials, over)}\n```")
    parts.append("Scores are on validation sets, which chose the trial: expect less on the test set, unread so far.")
    with replacing(paths[0]) as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    scored = [trial for trial in trials if trial["validation_wa"] is not None]
    note = "synthetic speech" if facts["synthetic"] else ""
    write_png(trials_figure(scored, over, _logarithmic(), note), paths[1])
    return paths


def _logarithmic() -> list[str]:
    return [name for name, tried in SPACES.items() if isinstance(tried, Between) and tried.logarithmic]
