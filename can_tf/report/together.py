"""A cross-validation's test sets together: scores with intervals, by fold, speaker and label, and paired tests.

Utterances of one speaker are alike, so there are two intervals: over utterances drawn anew, and, from five speakers on,
over speakers drawn anew with all their utterances, which says more about speakers who are not in the corpus.
"""

import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.errors import RunError
from can_tf.json_shapes import mismatch
from can_tf.report.statistics import BOOTSTRAP_SAMPLES, corrected_t_test, unbiased_intervals
from can_tf.training import run_folder
from can_tf.training.cross_validation import SUMMARY_FILE
from can_tf.training.metrics import METRICS_SHAPE, OTHER_PREDICTIONS, scores_of_confusion

FINAL = "final"
LEAST_SPEAKERS = 5  # Of whom fewer say nothing about others.
_OF_SUMMARY = {"folds": [int], "seeds": [int], "synthetic": bool}
_CONFIG = {"records": {"labels": [str], "utterances": int}, "options": {}}
_METRICS = {**METRICS_SHAPE, "count": int, "validation": {"count": int}}
_HEADS = {FINAL: "", "text": "text_", "audio": "audio_"}
_TESTED = ("wa", "ua")


@dataclasses.dataclass(frozen=True)
class FoldMetrics:
    """What a finished training of the cross-validation says: its fold, its seed, and its `metrics.json`."""

    fold: int
    seed: int
    metrics: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Together:
    """The answers of a cross-validation, a row for each test utterance of each seed.

    Attributes:
        name: Of the model and the protocol, such as "can-speaker".
        labels: In index order.
        config: Of one of the trainings, as `config.json` has it.
        synthetic: Whether the speech is.
        runs: The trainings.
        ids, speakers: Of the utterances; all speakers are empty if the runs are older than the column.
        folds, seeds: `<int>[rows]`.
        true: Label indices, `<int>[rows]`.
        predicted: Label indices by prediction, "final" first, `<int>[rows]`.
    """

    name: str
    labels: tuple[str, ...]
    config: Mapping[str, Any]
    synthetic: bool
    runs: tuple[FoldMetrics, ...]
    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    folds: np.ndarray
    seeds: np.ndarray
    true: np.ndarray
    predicted: Mapping[str, np.ndarray]

    def confusions(self, prediction: str, units: Sequence[Any] | np.ndarray) -> tuple[list[Any], np.ndarray]:
        """Returns the units that rows belong to, sorted, and `<float64>[units, seeds, labels, labels]`."""
        names, place = np.unique(np.asarray(units), return_inverse=True)
        seeds, seed = np.unique(self.seeds, return_inverse=True)
        counts = np.zeros((len(names), len(seeds), len(self.labels), len(self.labels)))
        np.add.at(counts, (place, seed, self.true, self.predicted[prediction]), 1)
        return names.tolist(), counts


def is_cross_validation(folder: Path) -> bool:
    """Tells a cross-validation's folder from a run's."""
    return (folder / SUMMARY_FILE).is_file()


def read_together(folder: Path) -> Together:
    """Reads a cross-validation and its runs, which lie beside its folder `cv-<model>-<protocol>`.

    Raises:
        RunError: It is no such folder, a run is gone or damaged, or their labels differ.

    Example:
        >>> read_together(Path("runs/cv-can-paper")).name  # doctest: +SKIP
        'can-paper'
    """
    summary = run_folder.read_run_json(folder, SUMMARY_FILE, _OF_SUMMARY)
    name = folder.resolve().name.removeprefix("cv-")
    runs, rows, configs = [], [], []
    for run, fold, seed in _finished_runs(folder, name, summary):
        config = run_folder.read_run_json(run, run_folder.CONFIG_FILE, _CONFIG)
        runs.append(FoldMetrics(fold, seed, run_folder.read_run_json(run, run_folder.METRICS_FILE, _METRICS)))
        configs.append(config)
        rows += [{**row, "fold": fold, "seed": seed} for row in _answers(run, config["records"]["labels"])]
    labels = tuple(configs[0]["records"]["labels"])
    if any(tuple(config["records"]["labels"]) != labels for config in configs):
        raise RunError(f"{folder}: its runs do not have the same labels. Cross-validate again with another --runs.")
    heads = [head for head in _HEADS if head in rows[0]]
    return Together(
        name,
        labels,
        configs[0],
        summary["synthetic"],
        tuple(runs),
        tuple(row["id"] for row in rows),
        tuple(row["speaker"] for row in rows),
        np.array([row["fold"] for row in rows]),
        np.array([row["seed"] for row in rows]),
        np.array([row["true"] for row in rows]),
        {head: np.array([row[head] for row in rows]) for head in heads},
    )


def _finished_runs(folder: Path, name: str, summary: Mapping[str, Any]) -> Iterator[tuple[Path, int, int]]:
    found = False
    for seed in summary["seeds"]:
        for fold in summary["folds"]:
            run = folder.resolve().parent / f"{name}-fold{fold}-seed{seed}"
            if (run / run_folder.METRICS_FILE).exists():
                found = True
                yield run, fold, seed
    if not found:
        raise RunError(f"{folder}: no run {name}-foldK-seedS lies beside it. Keep them together.")


def _answers(run: Path, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the rows of a run's predictions: `id`, `speaker`, `true`, and the predicted index by prediction."""
    columns = {head: [f"{prefix}probability_{label}" for label in labels] for head, prefix in _HEADS.items()}
    rows = run_folder.read_predictions(run, ("id", "label", *columns[FINAL]))
    try:
        return [
            {
                "id": row["id"],
                "speaker": row.get("speaker", ""),
                "true": labels.index(row["label"]),
                **{
                    head: int(np.argmax([float(row[column]) for column in names]))
                    for head, names in columns.items()
                    if names[0] in row
                },
            }
            for row in rows
        ]
    except (ValueError, KeyError) as error:
        path = run / run_folder.PREDICTIONS_FILE
        raise RunError(f"{path}: is damaged ({error}). Restore the run from a copy, or train it again.") from error


def scores_together(together: Together, *, samples: int = BOOTSTRAP_SAMPLES) -> dict[str, Any]:
    """Returns what there is to say of a cross-validation, as JSON values.

    Args:
        together: From `read_together`.
        samples: How often utterances and speakers are drawn for an interval.

    Returns:
        `name`, `labels`, `synthetic`, `trainings`, `folds`, `seeds`, `utterances`, `speakers` (0 if not known);
        `scores`: by prediction, `wa`, `ua` and `macro_f1` of all test sets together, each with its `value` (the mean
        over seeds), its `std` over seeds (None for one), and the 95 % intervals `over_utterances` and `over_speakers`
        (None where they are not known); `confusion`, the mean over seeds; `by_fold` and `by_speaker`: `utterances`,
        `wa` and `ua`; `tests`: corrected t-tests of the final prediction against each other one.
    """
    speakers = set() if "" in together.speakers else set(together.speakers)
    return {
        "name": together.name,
        "labels": list(together.labels),
        "synthetic": together.synthetic,
        "trainings": len(together.runs),
        "folds": sorted({run.fold for run in together.runs}),
        "seeds": sorted({run.seed for run in together.runs}),
        "utterances": len(set(together.ids)),
        "speakers": len(speakers),
        "scores": _scores(together, len(speakers), samples),
        "confusion": together.confusions(FINAL, together.true)[1].sum(axis=0).mean(axis=0).tolist(),
        "by_fold": _by_unit(together, together.folds),
        "by_speaker": _by_unit(together, together.speakers) if speakers else {},
        "tests": [
            test
            for key in OTHER_PREDICTIONS
            if key != "majority" and all(run.metrics.get(key) for run in together.runs)
            for test in _tests(together, key)
        ],
    }


def _scores(together: Together, speakers: int, samples: int) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for head in together.predicted:
        over = {"over_utterances": together.ids}
        if speakers >= LEAST_SPEAKERS:
            over["over_speakers"] = together.speakers
        intervals = {name: _intervals(together.confusions(head, units)[1], samples) for name, units in over.items()}
        _, by_fold = together.confusions(head, together.folds)
        scores[head] = _spreads([scores_of_confusion(matrix) for matrix in by_fold.sum(axis=0)], intervals)
    for key in OTHER_PREDICTIONS:
        if key not in scores and all(run.metrics.get(key) for run in together.runs):
            scores[key] = _spreads(_reference_by_seed(together, key), {})
    return scores


def _spreads(by_seed: Sequence[Mapping[str, float]], intervals: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    spreads = {}
    for score in by_seed[0]:
        values = [scores[score] for scores in by_seed]
        spreads[score] = {
            "value": statistics.fmean(values),
            "std": statistics.stdev(values) if len(values) > 1 else None,
            **{
                name: list(intervals[name][score]) if name in intervals else None
                for name in ("over_utterances", "over_speakers")
            },
        }
    return spreads


def _reference_by_seed(together: Together, key: str) -> list[dict[str, float]]:
    by_seed: dict[int, list[np.ndarray]] = {}
    for run in together.runs:
        confusion = run.metrics[key]["confusion"]
        if wrong := mismatch(confusion, [[int]]):
            raise RunError(f"fold {run.fold}, seed {run.seed}: its metrics are damaged ({key}: {wrong}).")
        by_seed.setdefault(run.seed, []).append(np.array(confusion))
    return [scores_of_confusion(np.sum(matrices, axis=0)) for matrices in by_seed.values()]


def _intervals(by_unit: np.ndarray, samples: int) -> dict[str, tuple[float, float]]:
    """Returns intervals of scores over units drawn anew; `by_unit` is `<float64>[units, seeds, labels, labels]`."""
    count = len(by_unit)
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), samples).astype(np.float64)
    resampled = [_mean_scores(matrices) for matrices in np.tensordot(draws, by_unit, 1)]
    return unbiased_intervals(resampled, _mean_scores(by_unit.sum(axis=0)))


def _mean_scores(by_seed: np.ndarray) -> dict[str, float]:
    """Returns the mean over the seeds of `<float64>[seeds, labels, labels]` that have rows."""
    scores = [scores_of_confusion(matrix) for matrix in by_seed if matrix.any()]
    return {name: statistics.fmean(of_seed[name] for of_seed in scores) for name in scores[0]}


def _by_unit(together: Together, units: Sequence[Any] | np.ndarray) -> dict[str, Any]:
    names, counts = together.confusions(FINAL, units)
    return {
        str(name): {"utterances": int(matrices.sum(axis=(1, 2)).max()), **_tested(_mean_scores(matrices))}
        for name, matrices in zip(names, counts, strict=True)
    }


def _tested(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: scores[name] for name in _TESTED}


def _tests(together: Together, key: str) -> Iterator[dict[str, Any]]:
    """Yields the corrected t-tests of the final prediction against another, over folds and seeds."""
    everything = together.config["records"]["utterances"]
    tested = [run.metrics["count"] for run in together.runs]
    trained = [everything - run.metrics["count"] - run.metrics["validation"]["count"] for run in together.runs]
    for score in _TESTED:
        first = [run.metrics[score] for run in together.runs]
        second = [run.metrics[key][score] for run in together.runs]
        test = corrected_t_test(first, second, sum(tested) / max(sum(trained), 1))
        yield {"against": key, "score": score, "difference": test.difference, "p": test.p, "pairs": test.pairs}
