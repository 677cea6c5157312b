"""Every fold of a protocol, for several seeds, and their scores together. Reads without TensorFlow."""

import dataclasses
import json
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.cluster import cluster_executor
from can_tf.errors import RunError
from can_tf.files import write_csv, write_json
from can_tf.json_shapes import mismatch, positive
from can_tf.locks import alone_in
from can_tf.progress import Progress, ignore
from can_tf.records.dataset import Dataset
from can_tf.training import run_folder
from can_tf.training.fold_labels import check_folds
from can_tf.training.fold_runs import FoldRun, check_done, plan, train_all
from can_tf.training.folds import PROTOCOLS, folds_to_run, make_fold, speaker_folds
from can_tf.training.intervals import INTERVAL_SHAPE, POOLED_SCORES, intervals_of
from can_tf.training.metrics import METRICS_SHAPE, OTHER_PREDICTIONS, SCORE_NAMES, scores_of_confusion
from can_tf.training.options import TrainOptions
from can_tf.training.tracking.registry import check_trackers
from can_tf.training.tracking.trackers import send_finished

SUMMARY_FILE = "summary.json"
OUT_OF_FOLD_FILE = "predictions.csv"
_SPREAD = {"mean": (float, None), "std": (float, None)}
_SCORES = {**{key: {**_SPREAD, "values": [float]} for key in POOLED_SCORES}, "recall": {str: _SPREAD}}
_SUMMARY = {  # What is read of it.
    "runs": int,
    "done": int,
    "seeds": [int],
    "options": {"protocol": lambda value: isinstance(value, str) and value in PROTOCOLS, "folds": int},
    "records": {"fingerprint": str, "corpus": str},
    "synthetic": bool,
    "test_share": positive,
    "folds": [int],
    "scores": {"final": _SCORES, **dict.fromkeys(OTHER_PREDICTIONS, (_SCORES, None))},
    "pooled": {str: {score: {"mean": float, "std": (float, None)} for score in POOLED_SCORES}},
    "intervals": lambda value: mismatch(value, [INTERVAL_SHAPE]) is None and len(value) > 0,
}


@dataclasses.dataclass(frozen=True)
class CrossValidation:
    """What came out of a cross-validation.

    Attributes:
        folder: Holds `summary.json` and `predictions.csv`.
        summary: As `write_results` returns it.
        failures: Why a training failed, by training; asked again, it is tried again.
    """

    folder: Path
    summary: Mapping[str, Any]
    failures: Mapping[FoldRun, str]


def cross_validate(
    dataset: Dataset,
    options: TrainOptions,
    *,
    folds: int | None = None,
    seeds: int = 1,
    jobs: int = 1,
    runs: Path = Path("runs"),
    cluster: str | None = None,
    track: Collection[str] = (),
    progress: Progress = ignore,
) -> CrossValidation:
    """Trains every fold of a protocol that is not trained yet, and sums up; one process at a time for each model.

    Args:
        dataset: The records.
        options: Of every training; fold and seed are set for each.
        folds: None for all that the protocol has. With the protocol "speaker", so many as the speakers are put together
            in, if it is three at least; elsewhere only the first so many.
        seeds: How many, from 0 on.
        jobs: Trainings at once on one machine; they share its cores.
        runs: Folder of run folders; results go to `cv-<model>-<protocol>` in it.
        cluster: Address of a Dask scheduler, whose workers train in place of this machine.
        track: Trackers that are told of each training, as `can_tf.training.fit.train_fold` takes them.
        progress: Told of each training that ends.

    Raises:
        ConfigError: The records do not allow the protocol, have fewer folds, or a fold that cannot be trained.
        MissingExtraError: A tracker's library is not installed.
        RunError: A run folder belongs to another training, or not one training succeeded.
        BusyError: Another process cross-validates the same model in the same folder of runs.
        ClusterError: The cluster cannot do the work.

    Example:
        >>> from can_tf.records.dataset import load_dataset
        >>> result = cross_validate(load_dataset(Path("data/records")), TrainOptions(), seeds=3)  # doctest: +SKIP
        >>> result.summary["scores"]["final"]["wa"]["mean"]  # doctest: +SKIP
    """
    check_trackers(track)
    together = speaker_folds(dataset.utterances, options.protocol, folds or options.folds or None)
    options = dataclasses.replace(options, folds=together)
    count = folds_to_run(dataset.utterances, options.protocol, folds, together)
    check_folds(dataset.utterances, options, range(count), progress)
    planned = plan(options, range(count), range(seeds), runs, dataset.folder)
    planned = [dataclasses.replace(run, track=tuple(track)) for run in planned]
    check_done(planned, dataset)
    folder = runs / f"cv-{options.model}-{run_folder.protocol_name(options)}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [dataset.folder, *(Path(path) for path in (options.glove, options.start) if path)]
    with (
        alone_in(folder),
        cluster_executor(cluster, runs, paths, runs=[run.folder for run in planned]) as executor,
    ):
        failures = train_all(planned, jobs=jobs, progress=progress, executor=executor)
        if not any(run.done for run in planned):
            raise RunError(f"every training failed. The first: {next(iter(failures.values())).reason}")
        send_finished([run.folder for run in planned if run.done], track, progress)
        reasons = {run: failure.reason for run, failure in failures.items()}
        return CrossValidation(folder, write_results(planned, folder, dataset), reasons)


def summarize(planned: Sequence[FoldRun]) -> dict[str, Any]:
    """Returns mean and standard deviation of each score over the trainings that are done.

    Returns:
        `runs` and `done`, `synthetic`, `scores`: a row for `final` and each of OTHER_PREDICTIONS that the runs have,
        with `{"mean", "std", "values"}` by score (`std` is the sample's, None for one value), and `recall` by label,
        over the folds in which the label occurs; `pooled`: by prediction, `wa`, `ua` and `macro_f1` of all test sets of
        a seed together, and mean and `std` over seeds. Where folds lack labels, as those of speakers may, the mean
        over folds says little, and the pooled UA is what papers give.

    Raises:
        RunError: None is done.
    """
    done = [run for run in planned if run.done]
    if not done:
        raise RunError("no fold is done, so there is nothing to sum up.")
    metrics = [run_folder.read_run_json(run.folder, run_folder.METRICS_FILE, METRICS_SHAPE) for run in done]
    scores = {"final": _scores(metrics)}
    for name in OTHER_PREDICTIONS:
        having = [of_run[name] for of_run in metrics if of_run.get(name)]
        if having:
            scores[name] = _scores(having)
    return {
        "runs": len(planned),
        "done": len(done),
        "folds": sorted({run.options.fold for run in done}),
        "seeds": sorted({run.options.seed for run in done}),
        "synthetic": all(of_run["synthetic"] for of_run in metrics),
        "scores": scores,
        "pooled": _pooled(done, metrics, scores),
    }


def _pooled(
    done: Sequence[FoldRun], metrics: Sequence[Mapping[str, Any]], names: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Returns the scores of the test sets of each seed together, by prediction."""
    pooled = {}
    for name in names:
        confusions: dict[int, list[np.ndarray]] = {}
        for run, of_run in zip(done, metrics, strict=True):
            scored = of_run if name == "final" else of_run.get(name)
            if scored and scored.get("confusion"):
                confusions.setdefault(run.options.seed, []).append(_confusion(run, scored))
        by_seed = [scores_of_confusion(np.sum(matrices, axis=0)) for matrices in confusions.values()]
        if by_seed:
            pooled[name] = {score: _spread([scores[score] for scores in by_seed]) for score in by_seed[0]}
    return pooled


def _confusion(run: FoldRun, scored: Mapping[str, Any]) -> np.ndarray:
    """Returns a confusion matrix, `<int>[labels, labels]`, of a run's metrics."""
    rows, labels = scored["confusion"], len(scored["recall"])
    if [len(row) for row in rows] != [labels] * labels:
        raise RunError(
            f"{run.folder / run_folder.METRICS_FILE}: is damaged (confusion: expected {labels} rows of {labels})."
        )
    return np.array(rows)


def _scores(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    recalls: dict[str, list[float]] = {}
    for of_run in metrics:
        for label, recall in of_run["recall"].items():
            recalls.setdefault(label, [])
            if recall is not None:
                recalls[label].append(recall)
    return {
        **{name: _spread([of_run[name] for of_run in metrics]) for name in SCORE_NAMES},
        "recall": {label: _spread(values) for label, values in recalls.items()},
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": statistics.fmean(values) if values else None,
        "std": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def write_results(planned: Sequence[FoldRun], folder: Path, dataset: Dataset) -> dict[str, Any]:
    """Writes `summary.json` and the predictions of all test sets, `predictions.csv`; returns the summary.

    Returns:
        What `summarize` returns, with `intervals` as `intervals_of` gives them, `options` of the trainings but for fold
        and seed, fingerprint and corpus of their `records`, and their `test_share`.

    Raises:
        RunError: None is done, or the predictions of one are damaged.
    """
    rows = _out_of_fold(planned, dataset)
    options = dataclasses.asdict(planned[0].options)
    summary = {
        **summarize(planned),
        "intervals": intervals_of(rows, dataset.labels),
        "options": {name: value for name, value in options.items() if name not in ("fold", "seed")},
        "records": {"fingerprint": dataset.fingerprint, "corpus": dataset.description["corpus"]["name"]},
        "test_share": test_share(dataset, planned[0].options),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / OUT_OF_FOLD_FILE, rows[0], rows)
    write_json(folder / SUMMARY_FILE, summary)
    return summary


def test_share(dataset: Dataset, options: TrainOptions) -> float:
    """Returns test utterances for each training utterance, in the first fold of a protocol."""
    fold = make_fold(dataset.utterances, options.protocol, 0, options.seed, options.folds)
    return len(fold.test) / len(fold.train)


def read_summary(folder: Path) -> dict[str, Any]:
    """Returns the summary of a cross-validation's folder; raises RunError where there is none, or it is damaged."""
    path = folder / SUMMARY_FILE
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"{path}: is not there. Make it with: can-tf cross-validate") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: is damaged ({error}). Run the same can-tf cross-validate command again.") from error
    if wrong := mismatch(summary, _SUMMARY):
        raise RunError(f"{path}: is damaged, or older ({wrong}). Run the same can-tf cross-validate command again.")
    return summary


def _out_of_fold(planned: Sequence[FoldRun], dataset: Dataset) -> list[dict[str, Any]]:
    """Returns the predictions of all test sets, each with its seed, fold, corpus and speaker."""
    stored = {utterance.id: utterance for utterance in dataset.utterances}
    rows: list[dict[str, Any]] = []
    for run in planned:
        if not run.done:
            continue
        for row in run_folder.read_predictions(run.folder, ("id", "label", "predicted")):
            if row["id"] not in stored or not {row["label"], row["predicted"]} <= set(dataset.labels):
                path = run.folder / run_folder.PREDICTIONS_FILE
                raise RunError(f"{path}: is damaged ({row['id']}: expected an utterance and labels of the records).")
            about = stored[row["id"]]
            place = {"seed": run.options.seed, "fold": run.options.fold}
            rows.append({**place, "corpus": about.corpus, "speaker": about.speaker, **row})
    return rows
