"""One shard of a records folder: the work of one process, on this machine or on another.

What becomes of an utterance, from its recording to its line in `utterances.csv`, is here; which utterances make a shard
and what is left to do is in `can_tf.records.build`.
"""

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from can_tf.alignment.cache import CachedWords
from can_tf.alignment.mending import within
from can_tf.alignment.recognition.registry import Choice
from can_tf.alignment.silence import silence_at_edges
from can_tf.alignment.spans import segment_spans, share_silence
from can_tf.alignment.word import Word
from can_tf.audio import read_recording
from can_tf.checksums import read_sealed, write_sealed
from can_tf.corpus.utterance import Rejection, Utterance
from can_tf.errors import CanError, RecordsError, SetupError
from can_tf.features.front_end import FrontEnd
from can_tf.features.mfcc import Mfcc
from can_tf.features.registry import front_end_to_json
from can_tf.files import naming_disk_errors, replacing, sha256_of_file
from can_tf.imports import import_lean, silence_tensorflow
from can_tf.notices import kept
from can_tf.records.specification import Record, StoredUtterance, described
from can_tf.records.tfrecord import HEADER_BYTES, framed_bytes
from can_tf.samples import SAMPLE_RATE_HZ, pcm16

BUILD_FOLDER = ".build"  # In a records folder, while it is built.
_SECONDS_PER_CALL = 60  # Audio whose features are computed at once: bounds the memory of a worker.


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """What decides the content of the records, beside the corpus.

    Attributes:
        segmentation: One of `can_tf.alignment.spans.SEGMENTATIONS`.
        fillers: What becomes of tokens such as `++LAUGHTER++`: "keep" or "drop".
        overlap: The share of their mean length that neighboring segments have in common.
        front_end: What makes frames of segments.

    Example:
        >>> from can_tf.features.mfcc import Mfcc
        >>> BuildOptions(front_end=Mfcc(mel_bins=20)).to_json()["features"]["mel_bins"]
        20
    """

    segmentation: str = "aligned"
    fillers: str = "keep"
    overlap: float = 0.1
    front_end: FrontEnd = dataclasses.field(default_factory=Mfcc)

    def to_json(self) -> dict[str, Any]:
        """Returns the options as `dataset.json` has them."""
        return {
            "features": front_end_to_json(self.front_end),
            "segmentation": self.segmentation,
            "overlap": self.overlap,
            "fillers": self.fillers,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard: where it goes, and the utterances that it is made of."""

    name: str
    folder: Path
    base: Path  # What relative paths start from: a process on another machine stands in another folder.
    utterances: tuple[Utterance, ...]
    labels: tuple[str, ...]
    options: BuildOptions
    alignments: Path  # Where words that were aligned or recognized are kept.
    recognizer: tuple[Choice, str] | None = None  # And what decides its words, where some are to be recognized.

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
    resampled: bool


class Place(NamedTuple):
    """Where an example is: its shard, where it begins there, and its length in bytes."""

    shard: str
    offset: int
    bytes: int


def _use_one_thread() -> None:
    """Makes TensorFlow use one thread in this process: one order of sums, and so the same bytes.

    Raises:
        RecordsError: It has begun with more, which cannot be undone.
    """
    silence_tensorflow()
    import_lean()
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise RecordsError(
            "this worker has used TensorFlow with other threads before, so its records might differ. "
            "Restart the cluster's workers, and give them no other work."
        ) from error


def _report_path(task: ShardTask) -> Path:
    return task.path.parent / BUILD_FOLDER / f"{task.name}.json"


def finished_report(task: ShardTask) -> dict[str, Any] | None:
    """Returns the report of a shard that an earlier, interrupted build has finished."""
    path = _report_path(task)
    if not path.exists():
        return None
    try:
        report = read_sealed(path)
        whole = task.path.exists() and sha256_of_file(task.path) == report["shard"]["sha256"]
    except (ValueError, KeyError, TypeError):  # Damaged: the shard is built again.
        return None
    return report if whole else None


def build_shard(task: ShardTask) -> dict[str, Any]:
    """Writes one shard, then its report: the rows of its utterances, its rejects, notices, size and hash."""
    _use_one_thread()
    import tensorflow as tf

    from can_tf.records.schema import serialize

    rejected: list[Rejection] = []
    rows: list[dict[str, Any]] = []
    sounds: list[str] = []
    resampled = False
    with kept() as notices, replacing(task.path) as temporary:
        offset = 0
        with naming_disk_errors(task.path), tf.io.TFRecordWriter(str(temporary)) as writer:
            for prepared, record in _records(task, rejected):
                serialized = serialize(record, task.labels)
                writer.write(serialized)
                place = Place(task.name, offset + HEADER_BYTES, len(serialized))
                rows.append(dataclasses.asdict(_row(prepared, record, place)))
                sounds.append(hashlib.sha256(pcm16(prepared.recording.samples).tobytes()).hexdigest())
                offset += framed_bytes(len(serialized))
                resampled |= prepared.resampled
        shard = {
            "name": task.name,
            "examples": len(rows),
            "bytes": offset,
            "sha256": sha256_of_file(temporary),
        }
    report = {
        "shard": shard,
        "rows": rows,
        "sounds": sounds,
        "resampled": resampled,
        "rejected": [dataclasses.asdict(rejection) for rejection in rejected],
        "notices": notices,
    }
    write_sealed(_report_path(task), report)
    return report


def _row(prepared: _Prepared, record: Record, place: Place) -> StoredUtterance:
    return StoredUtterance(
        **described(prepared.utterance),
        words=" ".join(record.words),
        seconds=round(prepared.seconds, 3),
        shard=place.shard,
        segments=len(record.segment_frames),
        frames=len(record.frames),
        longest_segment=max(record.segment_frames),
        offset=place.offset,
        bytes=place.bytes,
        corpus=prepared.utterance.corpus,
    )


def _records(task: ShardTask, rejected: list[Rejection]) -> Iterator[tuple[_Prepared, Record]]:
    """Yields the records of a shard's usable utterances and appends the others to `rejected`."""
    from can_tf.features.recordings import frames_of_recordings

    options = task.options
    for group in _groups(_prepared(task, rejected)):
        computed = frames_of_recordings([item.recording for item in group], options.front_end, options.overlap)
        for prepared, (frames, segment_frames) in zip(group, computed, strict=True):
            if segment_frames.all():
                yield prepared, _record(prepared, frames, segment_frames)
            else:
                reason = "a word is shorter than a sample of the audio and would have none"
                rejected.append(_rejection(prepared.utterance, reason))


def _record(prepared: _Prepared, frames: np.ndarray, segment_frames: np.ndarray) -> Record:
    return Record(
        **described(prepared.utterance),
        words=tuple(word.text for word in prepared.words),
        word_start=tuple(word.start for word in prepared.words),
        word_end=tuple(word.end for word in prepared.words),
        segment_frames=tuple(segment_frames.tolist()),
        frames=frames,
    )


def _prepared(task: ShardTask, rejected: list[Rejection]) -> Iterator[_Prepared]:
    finder = CachedWords(task.base / task.alignments, task.recognizer)
    for utterance in task.utterances:
        try:
            yield _prepare(utterance, task.base, task.options, finder)
        except SetupError:
            raise
        except CanError as error:
            rejected.append(_rejection(utterance, str(error)))


def is_unaligned(utterance: Utterance) -> bool:
    """Tells whether an utterance's words are to be found by its transcript."""
    return not utterance.words and bool(utterance.transcript)


def is_unheard(utterance: Utterance) -> bool:
    """Tells whether an utterance's words are to be recognized."""
    return not utterance.words and not utterance.transcript


def _prepare(utterance: Utterance, base: Path, options: BuildOptions, finder: CachedWords) -> _Prepared:
    from can_tf.features.recordings import SegmentedAudio

    # Errors have the path as the corpus does, so that rejected.csv does not show where it was made. How long recordings
    # may be was for `can_tf.corpus.size_limits` to say, before there were shards.
    samples, resampled = read_recording(
        base / utterance.audio_path, name=str(utterance.audio_path), max_seconds=math.inf
    )
    tokens = utterance.words
    seconds = len(samples) / SAMPLE_RATE_HZ
    if is_unaligned(utterance):
        tokens = finder.align(samples, utterance.transcript)
    elif is_unheard(utterance):
        tokens = silence_at_edges(finder.recognize(samples), seconds)
    words = share_silence(within(tokens, seconds, str(utterance.audio_path)), fillers=options.fillers)
    recording = SegmentedAudio(samples, segment_spans(words, options.segmentation))
    return _Prepared(utterance, words, seconds, recording, resampled)


def _rejection(utterance: Utterance, reason: str) -> Rejection:
    return Rejection(utterance.id, reason, str(utterance.audio_path))


def _groups(prepared: Iterator[_Prepared]) -> Iterator[list[_Prepared]]:
    """Groups utterances until their audio reaches what one call may compute."""
    group: list[_Prepared] = []
    samples = 0
    for item in prepared:
        group.append(item)
        samples += len(item.recording.samples)
        if samples >= _SECONDS_PER_CALL * SAMPLE_RATE_HZ:
            yield group
            group, samples = [], 0
    if group:
        yield group
