"""From a corpus to a records folder, shard by shard, in parallel and resumable.

The corpus is cut into shards by its order alone, and each shard is the work of one process with one TensorFlow thread:
so the bytes do not depend on the number of workers. A finished shard leaves a report in `.build/`; a killed build, run
again, keeps the shards that have one. `dataset.json` is written last: a folder without it is not finished.
"""

import concurrent.futures
import contextlib
import dataclasses
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.recognition.registry import Choice
from can_tf.checksums import CHECKSUMS_FILE, checksums_of, read_sealed, write_checksums, write_sealed
from can_tf.corpus.utterance import Corpus
from can_tf.errors import RecordsError
from can_tf.files import remove_temporary_files, sha256_of_json, write_csv, write_json
from can_tf.locks import alone_in
from can_tf.notices import tell_again
from can_tf.processes import process_pool, run_all
from can_tf.progress import Progress, counted, ignore
from can_tf.records.dataset import (
    DATASET_FILE,
    REJECTED_COLUMNS,
    REJECTED_FILE,
    UTTERANCES_FILE,
    Dataset,
    load_dataset,
)
from can_tf.records.fingerprint import UTTERANCES_PER_SHARD
from can_tf.records.plan import chosen_recognizer, has_transcripts, make_plan
from can_tf.records.shards import BUILD_FOLDER, BuildOptions, ShardTask, build_shard, finished_report
from can_tf.records.specification import COLUMNS
from can_tf.stack import RESAMPLER

_LOG = logging.getLogger(__name__)
_PLAN_FILE = "plan.json"
_IMPORTS = ("can_tf.records.preparation",)


def build_records(
    corpus: Corpus,
    folder: Path,
    options: BuildOptions | None = None,
    *,
    workers: int = 1,
    overwrite: bool = False,
    strict: bool = False,
    progress: Progress = ignore,
    executor: concurrent.futures.Executor | None = None,
    alignments: Path | None = None,
    recognizer: RecognizerOptions | None = None,
) -> Dataset:
    """Writes a corpus as TFRecords, or finishes a build that was interrupted.

    Args:
        corpus: From a reader.
        folder: Where to write; made if missing.
        options: Segmentation, overlap, fillers and front end; None is the paper's.
        workers: Number of processes.
        overwrite: Whether to replace records of another corpus or of other options.
        strict: Whether an utterance that cannot be used is an error.
        progress: Told of the utterances done.
        executor: Builds the shards in place of `workers` processes here; its processes see the same files.
        alignments: Folder that keeps words that were aligned or recognized, by content, for other records of the same
            corpus; by default `alignments` beside the folder.
        recognizer: Which one finds the words of utterances with neither an alignment nor a transcript; None is the best
            at hand. `progress` is told.

    Raises:
        RecordsError: The folder holds other records, nothing in the corpus is usable, a worker died, or `strict` and
            an utterance was rejected.
        BusyError: Another process builds records in the folder.
        MissingExtraError, RecognizerError: Words are to be aligned or recognized, and what that needs is not there.

    Example:
        >>> from can_tf import read_corpus
        >>> corpus = read_corpus("demo", Path("data/IEMOCAP_full_release"))
        >>> few = dataclasses.replace(corpus, utterances=corpus.utterances[:3])
        >>> len(build_records(few, Path("data/few")).utterances)
        3
    """
    options = options or BuildOptions()
    chosen = chosen_recognizer(corpus, recognizer or RecognizerOptions(), progress)
    plan = make_plan(corpus, options, chosen)
    if (folder / DATASET_FILE).exists() and not overwrite:
        return _existing_dataset(folder, plan)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        if overwrite:
            _clear(folder)
        elif (folder / DATASET_FILE).exists():  # Another process has just finished it.
            return _existing_dataset(folder, plan)
        _begin(folder, plan)
        alignments = alignments or folder.parent / "alignments"
        if has_transcripts(corpus) or chosen:
            alignments.mkdir(parents=True, exist_ok=True)
        tasks = _shard_tasks(corpus, folder, options, alignments, chosen)
        reports = _build_shards(tasks, workers, executor, progress)
        return _finish(corpus, folder, plan, reports, strict)


def _clear(folder: Path) -> None:
    """Removes a records folder's files, its description first, so that a crash leaves no description of nothing."""
    names = (DATASET_FILE, CHECKSUMS_FILE, UTTERANCES_FILE, REJECTED_FILE)
    for path in [folder / name for name in names] + sorted(folder.glob("shard-*-of-*.tfrecord")):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / BUILD_FOLDER, ignore_errors=True)


def _existing_dataset(folder: Path, plan: Mapping[str, Any]) -> Dataset:
    dataset = load_dataset(folder)
    if different := _differences(dataset.description, plan):
        raise RecordsError(
            f"{folder}: holds records with {different}. "
            "Give another folder with --out, or replace them with --overwrite."
        )
    shutil.rmtree(folder / BUILD_FOLDER, ignore_errors=True)  # Left by a kill after the last step but one.
    return dataset


def _differences(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Returns in words how other records differ from those asked for; nothing if they are the same."""
    if stored.get("fingerprint") == asked["fingerprint"]:
        return ""
    before, now = (
        {
            **plan,
            **plan.get("features", {}),
            "features": plan.get("features", {}).get("name"),
            "corpus": plan.get("corpus", {}).get("name"),
        }
        for plan in (stored, asked)
    )
    settings = [name for name in asked["features"] if name != "name"]
    named = ("corpus", "labels", "segmentation", "overlap", "fillers", "features", *settings, "aligner", "recognizer")
    if changes := _changes(before, now, named):
        return changes
    if before.get("made_of", {}).get("utterances") == now["made_of"]["utterances"]:
        return "other sound: recordings have changed since"
    return "other utterances: ids, words, labels or speakers are not the same"


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str]) -> str:
    different = [name for name in names if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {before.get(name)} (now {now.get(name)})" for name in different)


def _begin(folder: Path, plan: Mapping[str, Any]) -> None:
    build_folder = folder / BUILD_FOLDER
    path = build_folder / _PLAN_FILE
    if path.exists():
        begun = read_plan(path)
        # Of other versions, half of the shards might be of other bytes than the rest.
        different = _differences(begun, plan) or _changes(begun["versions"], plan["versions"], plan["versions"])
        if different:
            raise RecordsError(
                f"{folder}: holds an unfinished build with {different}. "
                "Give another folder with --out, or start afresh with --overwrite."
            )
        if begun.get("git_commit") != plan["git_commit"]:
            commits = (begun.get("git_commit"), plan["git_commit"])
            _LOG.warning("%s: goes on with a build of commit %s (now %s), whose shards may differ.", folder, *commits)
    build_folder.mkdir(exist_ok=True)
    for started in (folder, build_folder):
        remove_temporary_files(started)
    write_sealed(path, plan)


def read_plan(path: Path) -> dict[str, Any]:
    """Returns the plan of an unfinished build; raises RecordsError if it is damaged."""
    try:
        plan = read_sealed(path)
        return {**plan, "versions": {**plan["versions"]}}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordsError(f"{path}: is damaged ({error}). Start afresh with --overwrite.") from error


def _shard_tasks(
    corpus: Corpus, folder: Path, options: BuildOptions, alignments: Path, recognizer: tuple[Choice, str] | None
) -> list[ShardTask]:
    utterances = corpus.utterances
    starts = range(0, len(utterances), UTTERANCES_PER_SHARD)
    return [
        ShardTask(
            f"shard-{index:05d}-of-{len(starts):05d}.tfrecord",
            folder,
            Path.cwd(),
            utterances[start : start + UTTERANCES_PER_SHARD],
            corpus.labels,
            options,
            alignments,
            recognizer,
        )
        for index, start in enumerate(starts)
    ]


def _build_shards(
    tasks: Sequence[ShardTask], workers: int, executor: concurrent.futures.Executor | None, progress: Progress
) -> list[dict[str, Any]]:
    """Builds the shards that have no report yet; returns the reports of all, in the order of the tasks."""
    reports = {task.name: finished_report(task) for task in tasks}
    missing = [task for task in tasks if reports[task.name] is None]
    total = sum(len(task.utterances) for task in tasks)
    done = total - sum(len(task.utterances) for task in missing)
    report = counted(progress, "Building records", "utterances")
    report(done, total)
    for task, built in _run(missing, workers, executor):
        reports[task.name] = built
        done += len(task.utterances)
        report(done, total)
    return [shard_report for task in tasks if (shard_report := reports[task.name]) is not None]


def _run(
    tasks: Sequence[ShardTask], workers: int, executor: concurrent.futures.Executor | None
) -> Iterator[tuple[ShardTask, dict[str, Any]]]:
    if not tasks:
        return
    try:
        # Even one worker is a process of its own, for the same bytes.
        own = process_pool(min(workers, len(tasks)), _IMPORTS) if executor is None else contextlib.nullcontext(executor)
        with own as pool:
            yield from run_all(pool, build_shard, tasks)
    except concurrent.futures.process.BrokenProcessPool as error:
        raise RecordsError(
            f"{tasks[0].folder}: a worker process died (killed, or out of memory?). "
            "Finished shards are kept: run the same command again, perhaps with fewer --workers."
        ) from error


def _finish(
    corpus: Corpus,
    folder: Path,
    plan: Mapping[str, Any],
    reports: Sequence[dict[str, Any]],
    strict: bool,
) -> Dataset:
    tell_again(notice for report in reports for notice in report.get("notices", ()))
    rows = [row for report in reports for row in report["rows"]]
    same_sound = _same_sound([row["id"] for row in rows], [sound for report in reports for sound in report["sounds"]])
    _say_same_sound(folder, same_sound, len(rows))
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
    write_csv(folder / UTTERANCES_FILE, COLUMNS, rows)
    counts = {label: sum(row["label"] == label for row in rows) for label in corpus.labels}
    description = {
        **plan,
        "counts": counts,
        "excluded": dict(sorted(corpus.excluded.items())),
        "rejected": len(rejected),
        "same_sound": same_sound,
        **({"resampler": RESAMPLER} if any(report.get("resampled") for report in reports) else {}),
        "shards": [report["shard"] for report in reports],
    }
    checksums = {
        **{report["shard"]["name"]: report["shard"]["sha256"] for report in reports},
        **checksums_of(folder, (UTTERANCES_FILE, REJECTED_FILE)),
        DATASET_FILE: sha256_of_json(description),
    }
    write_checksums(folder, checksums)
    write_json(folder / DATASET_FILE, description)
    remove_temporary_files(folder)  # Those of a cluster's worker that was killed.
    shutil.rmtree(folder / BUILD_FOLDER)
    return load_dataset(folder)


def _same_sound(ids: Sequence[str], sounds: Sequence[str]) -> dict[str, str]:
    """Returns, of utterances that have the very samples of an earlier one, the id of that one by their own."""
    first: dict[str, str] = {}
    return {id_: first[sound] for id_, sound in zip(ids, sounds, strict=True) if first.setdefault(sound, id_) != id_}


def _say_same_sound(folder: Path, same: Mapping[str, str], count: int) -> None:
    """Tells of utterances that have the very samples of another, by which one set would know another's."""
    if same:
        id_, first = next(iter(same.items()))
        _LOG.warning(
            "%s: %d of %d utterances have the very sound of another; the first are %s and %s",
            folder,
            len(same),
            count,
            first,
            id_,
        )
