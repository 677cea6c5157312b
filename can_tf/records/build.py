"""From a corpus to a records folder, shard by shard, in parallel and resumable.

The corpus is cut into shards by its order alone, and each shard is the work of one process with one TensorFlow thread:
so the bytes do not depend on the number of workers. A finished shard leaves a report in `.build/`; a killed build, run
again, keeps the shards that have one. `dataset.json` is written last: a folder without it is not finished.
"""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.spans import check_end, segment_spans, share_silence
from can_tf.corpus.utterance import Corpus, Rejection, Utterance, Word
from can_tf.errors import CanError, RecordsError
from can_tf.features.config import FeatureConfig
from can_tf.files import remove_temporary_files, replacing, sha256_of_file, write_csv, write_json
from can_tf.processes import run_all
from can_tf.records.dataset import (
    DATASET_FILE,
    REJECTED_COLUMNS,
    REJECTED_FILE,
    SCHEMA_VERSION,
    UTTERANCE_COLUMNS,
    UTTERANCES_FILE,
    Dataset,
    load_dataset,
)

UTTERANCES_PER_SHARD = 64
_SECONDS_PER_CALL = 60  # Audio whose features are computed at once: bounds the memory of a worker.
_RECORD_HEADER_BYTES, _RECORD_FOOTER_BYTES = 12, 4  # TFRecord's framing: length and its CRC; the data's CRC.
_BUILD_FOLDER = ".build"
_PLAN_FILE = "plan.json"

Report = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """What decides the content of the records, beside the corpus."""

    segmentation: str = "aligned"
    fillers: str = "keep"
    features: FeatureConfig = dataclasses.field(default_factory=FeatureConfig)


@dataclasses.dataclass(frozen=True, slots=True)
class _ShardTask:
    name: str
    folder: Path
    base: Path  # What relative paths start from: a process on another machine stands in another folder.
    utterances: tuple[Utterance, ...]
    labels: tuple[str, ...]
    options: BuildOptions

    @property
    def path(self) -> Path:
        return self.base / self.folder / self.name


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """An utterance whose audio is read and whose spans are known."""

    utterance: Utterance
    words: tuple[Word, ...]
    seconds: float
    recording: Any  # SegmentedAudio, whose module needs TensorFlow


def build_records(
    corpus: Corpus,
    folder: Path,
    options: BuildOptions,
    *,
    workers: int = 1,
    overwrite: bool = False,
    strict: bool = False,
    report: Report | None = None,
    executor: concurrent.futures.Executor | None = None,
) -> Dataset:
    """Writes a corpus as TFRecords, or finishes a build that was interrupted.

    Args:
        corpus: From a reader.
        folder: Where to write; made if missing.
        options: Segmentation, fillers and features.
        workers: Number of processes.
        overwrite: Whether to replace records of another corpus or of other options.
        strict: Whether an utterance that cannot be used is an error.
        report: Called with the utterances done and their total.
        executor: Builds the shards in place of `workers` processes here; its processes see the same files.

    Raises:
        RecordsError: The folder holds other records, nothing in the corpus is usable, a worker died, or `strict` and
            an utterance was rejected.
    """
    fingerprint = _fingerprint(corpus, options)
    folder.mkdir(parents=True, exist_ok=True)
    if overwrite:
        _clear(folder)
    elif (folder / DATASET_FILE).exists():
        return _existing_dataset(folder, fingerprint)
    _begin(folder, fingerprint)
    tasks = _shard_tasks(corpus, folder, options)
    reports = _build_shards(tasks, workers, executor, report)
    return _finish(corpus, folder, options, fingerprint, reports, strict)


def _fingerprint(corpus: Corpus, options: BuildOptions) -> str:
    """Returns a hash of all that decides the records, but for the audio itself, of which it takes the size."""
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        digest.update(json.dumps(value, sort_keys=True).encode() + b"\n")

    add([SCHEMA_VERSION, dataclasses.asdict(options), corpus.name, corpus.labels, UTTERANCES_PER_SHARD])
    for utterance in corpus.utterances:
        words = [(word.text, word.start, word.end) for word in utterance.words]
        size = utterance.audio_path.stat().st_size if utterance.audio_path.exists() else -1
        add([utterance.id, utterance.label, utterance.speaker, utterance.session, utterance.scenario, size, words])
    add([(rejection.id, rejection.reason) for rejection in corpus.rejected])
    return digest.hexdigest()


def _clear(folder: Path) -> None:
    """Removes a records folder's files, its description first, so that a crash leaves no description of nothing."""
    names = (DATASET_FILE, UTTERANCES_FILE, REJECTED_FILE)
    for path in [folder / name for name in names] + sorted(folder.glob("shard-*-of-*.tfrecord")):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / _BUILD_FOLDER, ignore_errors=True)


def _existing_dataset(folder: Path, fingerprint: str) -> Dataset:
    dataset = load_dataset(folder)
    if dataset.fingerprint != fingerprint:
        raise RecordsError(
            f"{folder}: holds records of another corpus or of other options. "
            "Give another folder with --out, or replace them with --overwrite."
        )
    shutil.rmtree(folder / _BUILD_FOLDER, ignore_errors=True)  # Left by a kill after the last step but one.
    return dataset


def _begin(folder: Path, fingerprint: str) -> None:
    build_folder = folder / _BUILD_FOLDER
    plan = build_folder / _PLAN_FILE
    if plan.exists() and json.loads(plan.read_text())["fingerprint"] != fingerprint:
        raise RecordsError(
            f"{folder}: holds an unfinished build of another corpus or of other options. "
            "Give another folder with --out, or start afresh with --overwrite."
        )
    build_folder.mkdir(exist_ok=True)
    for path in (folder, build_folder):
        remove_temporary_files(path)
    write_json(plan, {"fingerprint": fingerprint})


def _shard_tasks(corpus: Corpus, folder: Path, options: BuildOptions) -> list[_ShardTask]:
    utterances = corpus.utterances
    starts = range(0, len(utterances), UTTERANCES_PER_SHARD)
    return [
        _ShardTask(
            f"shard-{index:05d}-of-{len(starts):05d}.tfrecord",
            folder,
            Path.cwd(),
            utterances[start : start + UTTERANCES_PER_SHARD],
            corpus.labels,
            options,
        )
        for index, start in enumerate(starts)
    ]


def _build_shards(
    tasks: Sequence[_ShardTask], workers: int, executor: concurrent.futures.Executor | None, report: Report | None
) -> list[dict[str, Any]]:
    """Builds the shards that have no report yet; returns the reports of all, in the order of the tasks."""
    reports = {task.name: _finished_report(task) for task in tasks}
    missing = [task for task in tasks if reports[task.name] is None]
    total = sum(len(task.utterances) for task in tasks)
    done = total - sum(len(task.utterances) for task in missing)
    if report is not None:
        report(done, total)
    for task, built in _run(missing, workers, executor):
        reports[task.name] = built
        done += len(task.utterances)
        if report is not None:
            report(done, total)
    return [shard_report for task in tasks if (shard_report := reports[task.name]) is not None]


def _run(
    tasks: Sequence[_ShardTask], workers: int, executor: concurrent.futures.Executor | None
) -> Iterator[tuple[_ShardTask, dict[str, Any]]]:
    if not tasks:
        return
    try:
        with _local_pool(min(workers, len(tasks))) if executor is None else contextlib.nullcontext(executor) as pool:
            yield from run_all(pool, _build_shard, tasks)
    except concurrent.futures.process.BrokenProcessPool as error:
        raise RecordsError(
            f"{tasks[0].folder}: a worker process died (killed, or out of memory?). "
            "Finished shards are kept: run the same command again, perhaps with fewer --workers."
        ) from error


def _local_pool(workers: int) -> concurrent.futures.Executor:
    # Processes are spawned, for TensorFlow does not survive a fork; even one worker is one, for the same bytes.
    return concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))


def _use_one_thread() -> None:
    """Makes TensorFlow use one thread in this process: one order of sums, and so the same bytes.

    Raises:
        RecordsError: It has begun with more, which cannot be undone.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise RecordsError(
            "this worker has used TensorFlow with other threads before, so its records might differ. "
            "Restart the cluster's workers, and give them no other work."
        ) from error


def _report_path(task: _ShardTask) -> Path:
    return task.path.parent / _BUILD_FOLDER / f"{task.name}.json"


def _finished_report(task: _ShardTask) -> dict[str, Any] | None:
    """Returns the report of a shard that an earlier, interrupted build has finished."""
    path = _report_path(task)
    if not path.exists():
        return None
    report = json.loads(path.read_text(encoding="utf-8"))
    whole = task.path.exists() and sha256_of_file(task.path) == report["shard"]["sha256"]
    return report if whole else None


def _build_shard(task: _ShardTask) -> dict[str, Any]:
    """Writes one shard, then its report: the rows of its utterances, its rejects, its size and hash."""
    _use_one_thread()
    import tensorflow as tf

    from can_tf.records.schema import serialize

    rejected: list[Rejection] = []
    rows: list[dict[str, Any]] = []
    with replacing(task.path) as temporary:
        offset = 0
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for prepared, record in _records(task, rejected):
                serialized = serialize(record)
                writer.write(serialized)
                rows.append(_row(prepared, record, task.name, offset + _RECORD_HEADER_BYTES, len(serialized)))
                offset += _RECORD_HEADER_BYTES + len(serialized) + _RECORD_FOOTER_BYTES
        shard = {
            "name": task.name,
            "examples": len(rows),
            "bytes": offset,
            "sha256": sha256_of_file(temporary),
        }
    report = {"shard": shard, "rows": rows, "rejected": [dataclasses.asdict(rejection) for rejection in rejected]}
    write_json(_report_path(task), report)
    return report


def _row(prepared: _Prepared, record: Any, shard: str, offset: int, size: int) -> dict[str, Any]:
    utterance = prepared.utterance
    return {
        "id": utterance.id,
        "label": utterance.label,
        "speaker": utterance.speaker,
        "session": utterance.session,
        "scenario": utterance.scenario,
        "words": " ".join(record.words),
        "seconds": round(prepared.seconds, 3),
        "shard": shard,
        "segments": len(record.segment_frames),
        "frames": len(record.mfcc),
        "longest_segment": max(record.segment_frames),
        "offset": offset,
        "bytes": size,
    }


def _records(task: _ShardTask, rejected: list[Rejection]) -> Iterator[tuple[_Prepared, Any]]:
    """Yields the records of a shard's usable utterances and appends the others to `rejected`."""
    from can_tf.features.utterances import mfcc_of_utterances
    from can_tf.records.schema import Record

    label_index = {label: index for index, label in enumerate(task.labels)}
    for group in _groups(_prepared(task, rejected), task.options.features.sample_rate_hz):
        features = mfcc_of_utterances([prepared.recording for prepared in group], task.options.features)
        for prepared, (mfcc, segment_frames) in zip(group, features, strict=True):
            utterance, words = prepared.utterance, prepared.words
            if not segment_frames.all():
                rejected.append(_rejection(utterance, "a word lies outside the audio and would have no samples"))
                continue
            yield (
                prepared,
                Record(
                    id=utterance.id,
                    label=label_index[utterance.label],
                    speaker=utterance.speaker,
                    session=utterance.session,
                    scenario=utterance.scenario,
                    words=tuple(word.text for word in words),
                    word_start=tuple(word.start for word in words),
                    word_end=tuple(word.end for word in words),
                    segment_frames=tuple(segment_frames.tolist()),
                    mfcc=mfcc,
                ),
            )


def _prepared(task: _ShardTask, rejected: list[Rejection]) -> Iterator[_Prepared]:
    for utterance in task.utterances:
        try:
            yield _prepare(utterance, task.base, task.options)
        except CanError as error:
            # The path as the corpus has it, so that the list does not tell where it was made.
            reason = str(error).replace(str(task.base / utterance.audio_path), str(utterance.audio_path))
            rejected.append(_rejection(utterance, reason))


def _prepare(utterance: Utterance, base: Path, options: BuildOptions) -> _Prepared:
    from can_tf.features.audio import read_audio
    from can_tf.features.utterances import SegmentedAudio

    words = share_silence(utterance.words, fillers=options.fillers)
    samples = read_audio(base / utterance.audio_path, options.features.sample_rate_hz)
    seconds = len(samples) / options.features.sample_rate_hz
    check_end(words, seconds)
    return _Prepared(utterance, words, seconds, SegmentedAudio(samples, segment_spans(words, options.segmentation)))


def _rejection(utterance: Utterance, reason: str) -> Rejection:
    return Rejection(utterance.id, reason, str(utterance.audio_path))


def _groups(prepared: Iterator[_Prepared], sample_rate_hz: int) -> Iterator[list[_Prepared]]:
    """Groups utterances until their audio reaches what one call may compute."""
    group: list[_Prepared] = []
    samples = 0
    for item in prepared:
        group.append(item)
        samples += len(item.recording.samples)
        if samples >= _SECONDS_PER_CALL * sample_rate_hz:
            yield group
            group, samples = [], 0
    if group:
        yield group


def _finish(
    corpus: Corpus,
    folder: Path,
    options: BuildOptions,
    fingerprint: str,
    reports: Sequence[dict[str, Any]],
    strict: bool,
) -> Dataset:
    rows = [row for report in reports for row in report["rows"]]
    rejected = [dataclasses.asdict(rejection) for rejection in corpus.rejected]
    rejected += [rejection for report in reports for rejection in report["rejected"]]
    rejected.sort(key=lambda rejection: rejection["id"])
    write_csv(folder / REJECTED_FILE, REJECTED_COLUMNS, rejected)
    if rejected and (strict or not rows):
        found = f"{len(rejected)} utterances cannot be used" if rows else "not one utterance can be used"
        raise RecordsError(
            f"{folder}: {found}; {REJECTED_FILE} lists them. The first is {rejected[0]['id']}: {rejected[0]['reason']}"
        )
    if not rows:
        raise RecordsError(f"{folder}: the corpus holds no utterance with a label of {', '.join(corpus.labels)}.")
    write_csv(folder / UTTERANCES_FILE, UTTERANCE_COLUMNS, rows)
    counts = {label: sum(row["label"] == label for row in rows) for label in corpus.labels}
    write_json(
        folder / DATASET_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "labels": list(corpus.labels),
            "features": dataclasses.asdict(options.features),
            "segmentation": options.segmentation,
            "fillers": options.fillers,
            "corpus": {"name": corpus.name, "synthetic": corpus.synthetic},
            "counts": counts,
            "excluded": dict(sorted(corpus.excluded.items())),
            "rejected": len(rejected),
            "shards": [report["shard"] for report in reports],
            "fingerprint": fingerprint,
        },
    )
    shutil.rmtree(folder / _BUILD_FOLDER)
    return load_dataset(folder)
