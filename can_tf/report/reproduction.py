"""The paper's tables, made: records for each row, every training that is missing, and the report."""

import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.cluster import cluster_executor
from can_tf.corpus.utterance import Corpus
from can_tf.features.front_end import FrontEnd
from can_tf.features.mfcc import Mfcc
from can_tf.locks import alone_in
from can_tf.processes import cores
from can_tf.progress import Event, Progress, ignore
from can_tf.records.build import build_records
from can_tf.records.dataset import Dataset
from can_tf.records.shards import BuildOptions
from can_tf.report.comparison import compare, read_results
from can_tf.report.paper import CAN, TABLES, TableRow, rows_of
from can_tf.report.reproduction_report import write_report
from can_tf.training.cross_validation import test_share
from can_tf.training.fold_labels import check_folds
from can_tf.training.fold_runs import FoldRun, check_done, plan, train_all
from can_tf.training.folds import folds_to_run
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import CONFIG_FILE, METRICS_FILE, read_run_json


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What to reproduce.

    Attributes:
        options: Of every training; model, class weight, fold and seed are set for each.
        tables: Of the paper.
        class_weights: Each trains every row; UA moves with it.
        folds: Only the first so many; None for all that the protocol has.
        seeds: How many, from 0 on.
        front_end: Of the records; where it gives one frame a segment, an utterance's frames are its segments'.
        out: Folder of records, runs and the report.

    Example:
        >>> [row.name for row in Reproduction(tables=(3,)).rows][:2]
        ['CAN', 'CAN, equal segments']
    """

    options: TrainOptions = dataclasses.field(default_factory=TrainOptions)
    tables: tuple[int, ...] = TABLES
    class_weights: tuple[str, ...] = ("none",)
    folds: int | None = None
    seeds: int = 1
    front_end: FrontEnd = dataclasses.field(default_factory=Mfcc)
    out: Path = Path("reproduction")

    @property
    def rows(self) -> tuple[TableRow, ...]:
        one_frame = self.front_end.frames_per_second is None
        return tuple(
            dataclasses.replace(row, segmentation="aligned") if one_frame and row.segmentation == "whole" else row
            for row in rows_of(self.tables)
        )


@dataclasses.dataclass(frozen=True)
class Reproduced:
    """What came out of a reproduction.

    Attributes:
        facts: What it was made of, by name.
        table: A row for each of the tables' rows and class weights, from `can_tf.report.comparison.compare`.
        paths: Of the report, the Markdown first.
        failures: Why a training failed, by training; asked again, it is tried again.
    """

    facts: Mapping[str, Any]
    table: Sequence[Mapping[str, Any]]
    paths: Sequence[Path]
    failures: Mapping[FoldRun, str]


@dataclasses.dataclass(frozen=True)
class RowPlan:
    """A row's trainings with one class weight; the references lie in those of the CAN."""

    row: TableRow
    class_weight: str
    runs: Sequence[FoldRun]

    @property
    def name(self) -> str:
        return self.row.name if self.class_weight == "none" else f"{self.row.name}, {self.class_weight}"

    @property
    def missing(self) -> int:
        """How many are not trained yet."""
        return sum(not run.done for run in self.runs)

    def seconds(self) -> list[float]:
        """Returns how long those took that are done."""
        return [read_run_json(run.folder, METRICS_FILE)["seconds"] for run in self.runs if run.done]


def reproduce(
    corpus: Corpus,
    what: Reproduction,
    *,
    jobs: int = 1,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress = ignore,
) -> Reproduced:
    """Builds the records, trains what is missing, compares, and writes the report; one process at a time in a folder.

    Args:
        corpus: From a reader.
        what: Tables, options, and where to.
        jobs: Trainings at once on one machine; they share its cores.
        workers: Processes that build records; None for one per core.
        cluster: Address of a Dask scheduler, whose workers build and train in place of this machine.
        progress: Told of the records built, and of each training that ends.

    Raises:
        ConfigError: The corpus does not allow the protocol, has fewer folds, or one that cannot be trained.
        RecordsError: Records cannot be built, or the folder holds others.
        RunError: A run folder belongs to another training.
        BusyError: Another process reproduces in the same folder.
        ClusterError: The cluster cannot do the work.

    Example:
        >>> from can_tf import read_corpus  # Trains for hours.
        >>> corpus = read_corpus("iemocap", Path("IEMOCAP_full_release"))  # doctest: +SKIP
        >>> done = reproduce(corpus, Reproduction(tables=(4,), out=Path("reproduction")), jobs=2)  # doctest: +SKIP
        >>> done.table[0]["ua_mean"]  # doctest: +SKIP
    """
    what.out.mkdir(parents=True, exist_ok=True)
    with alone_in(what.out):
        datasets = _build(corpus, what, workers, cluster, progress)
        return _reproduce(datasets, what, jobs, cluster, progress)


def _reproduce(
    datasets: Mapping[str, Dataset], what: Reproduction, jobs: int, cluster: str | None, progress: Progress
) -> Reproduced:
    """Trains what is missing on the records by segmentation, compares, and writes the report."""
    planned = _plan(datasets, what, progress)
    dataset = datasets[CAN.segmentation]
    tested = test_share(dataset, what.options)
    trainings = [run for row_plan in planned if not row_plan.row.is_reference for run in row_plan.runs]
    paths = [Path(what.options.glove)] if what.options.glove else []
    with cluster_executor(cluster, what.out, paths, runs=[run.folder for run in trainings]) as executor:
        failures = train_all(trainings, jobs=jobs, progress=progress, executor=executor)
    table: list[dict[str, Any]] = []
    for weight in what.class_weights:
        of_weight = [row_plan for row_plan in planned if row_plan.class_weight == weight]
        results = {
            one.row: read_results(one.runs, reference=one.row.variant if one.row.is_reference else "")
            for one in of_weight
        }
        table += compare(what.rows, results, tested, weight)
    facts = _facts(dataset, what, trainings)
    reasons = {run: failure.reason for run, failure in failures.items()}
    return Reproduced(facts, table, write_report(what.out, table, facts), reasons)


def plan_reproduction(
    corpus: Corpus,
    what: Reproduction,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress = ignore,
) -> list[RowPlan]:
    """Builds the records, if they are missing, and returns what `reproduce` would train; arguments are its own."""
    planned = _plan(_build(corpus, what, workers, cluster, progress), what, progress)
    return [row_plan for row_plan in planned if not row_plan.row.is_reference]


def seconds_left(planned: Sequence[RowPlan]) -> list[float | None]:
    """Returns how long each row's missing trainings would take, one at a time, by those of it that are done.

    Where none is done, the mean of the other rows' stands in; None where no training is timed at all.
    """
    timed = [row_plan.seconds() for row_plan in planned]
    known = [seconds for of_row in timed for seconds in of_row]
    return [
        statistics.fmean(of_row or known) * row_plan.missing if known else None
        for row_plan, of_row in zip(planned, timed, strict=True)
    ]


def _build(
    corpus: Corpus, what: Reproduction, workers: int | None, cluster: str | None, progress: Progress
) -> dict[str, Dataset]:
    """Returns records by segmentation, built now or before."""
    datasets = {}
    sound = sorted({utterance.audio_path.parent for utterance in corpus.utterances})
    for segmentation in sorted({row.segmentation for row in what.rows}):
        folder = what.out / f"records-{segmentation}"
        progress(Event("Building records", note=f"Records in {folder} ..."))
        with cluster_executor(cluster, folder, sound) as executor:
            datasets[segmentation] = build_records(
                corpus,
                folder,
                BuildOptions(segmentation=segmentation, front_end=what.front_end),
                workers=workers or cores(),
                progress=progress,
                executor=executor,
            )
    return datasets


def _plan(datasets: Mapping[str, Dataset], what: Reproduction, progress: Progress) -> list[RowPlan]:
    rows, options = datasets[CAN.segmentation].utterances, what.options
    count = folds_to_run(rows, options.protocol, what.folds, options.folds)
    check_folds(rows, options, range(count), progress)
    pairs = [(weight, row) for weight in what.class_weights for row in what.rows]
    planned = [RowPlan(row, weight, _runs(row, weight, what, range(count))) for weight, row in pairs]
    for row_plan in planned:
        check_done(row_plan.runs, datasets[row_plan.row.segmentation])
    return planned


def _runs(row: TableRow, class_weight: str, what: Reproduction, folds: Sequence[int]) -> list[FoldRun]:
    variant = CAN.variant if row.is_reference else row.variant
    options = dataclasses.replace(what.options, model=variant, class_weight=class_weight)
    suffix = "" if class_weight == "none" else f"-{class_weight}"
    runs, records = what.out / f"runs-{row.segmentation}{suffix}", what.out / f"records-{row.segmentation}"
    return plan(options, folds, range(what.seeds), runs, records)


def _facts(dataset: Dataset, what: Reproduction, trainings: Sequence[FoldRun]) -> dict[str, Any]:
    return {
        "synthetic": dataset.synthetic,
        "utterances": len(dataset.utterances),
        "features": what.front_end.name,
        "protocol": what.options.protocol,
        "folds": folds_to_run(dataset.utterances, what.options.protocol, what.folds, what.options.folds),
        "seeds": what.seeds,
        "at most epochs": what.options.epochs,
        "class weight": ", ".join(what.class_weights),
        "versions": next(_versions(trainings), ""),
    }


def _versions(trainings: Sequence[FoldRun]) -> Iterator[str]:
    for run in trainings:
        if run.done:
            versions = read_run_json(run.folder, CONFIG_FILE)["versions"]
            yield ", ".join(f"{name} {version}" for name, version in versions.items())
