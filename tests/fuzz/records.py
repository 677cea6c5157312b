"""The parsers of a records folder."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from can_tf.errors import RecordsError
from can_tf.features.mfcc import Mfcc
from can_tf.features.registry import front_end_to_json
from can_tf.records.dataset import SCHEMA_VERSION, Dataset, load_dataset, verify_shards
from can_tf.records.pipeline import read_examples
from can_tf.records.schema import example_fault, parse, serialize
from can_tf.records.shards import BUILD_FOLDER, BuildOptions, ShardTask, finished_report
from can_tf.records.specification import COLUMNS, Record
from can_tf.report.pitfalls import find_pitfalls
from tests.fuzz.parser import Parser, binary_parser, json_parser, sealed_parser, text_parser

MEL_BINS = 3
LABELS = ("calm", "loud")
SHARD = "shard-00000-of-00001.tfrecord"


def _record(number: int) -> Record:
    return Record(
        id=f"u{number}",
        label=LABELS[number % 2],
        speaker="anna",
        session="s1",
        scenario="",
        words=("good", "day"),
        word_start=(0.0, 0.5),
        word_end=(0.5, 1.0),
        segment_frames=(1, 3),
        frames=np.arange(4 * MEL_BINS, dtype=np.float32).reshape(4, MEL_BINS) + number,
    )


EXAMPLES = [serialize(_record(number), LABELS) for number in range(3)]


def _shard() -> tuple[bytes, list[int]]:
    """Returns a TFRecord file and where its examples begin."""
    path = f"ram://fuzz/{SHARD}"
    with tf.io.TFRecordWriter(path) as writer:
        for example in EXAMPLES:
            writer.write(example)
    content = tf.io.gfile.GFile(path, "rb").read()
    return content, [content.index(example) for example in EXAMPLES]


CONTENT, OFFSETS = _shard()
DESCRIPTION = {
    "schema_version": SCHEMA_VERSION,
    "labels": ["calm", "loud"],
    "features": front_end_to_json(Mfcc(mel_bins=MEL_BINS)),
    "overlap": 0.1,
    "segmentation": "aligned",
    "fillers": "keep",
    "corpus": {"name": "manifest", "synthetic": True},
    "counts": {"calm": 2, "loud": 1},
    "excluded": {},
    "rejected": 1,
    "same_sound": {"u2": "u0"},
    "resampler": "soxr",
    "shards": [{"name": SHARD, "examples": 3, "bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}],
    "fingerprint": "f" * 64,
}
REJECTED = 'id,reason,path\nu9,"a.wav: holds no samples.",a.wav\n'


def _rows() -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, (offset, example) in enumerate(zip(OFFSETS, EXAMPLES, strict=True)):
        label = ("calm", "loud")[number % 2]
        row = [f"u{number}", label, "anna", "s1", "", "good day", 1.0, SHARD, 2, 4, 3, offset, len(example), ""]
        writer.writerow(row)
    return buffer.getvalue()


ROWS = _rows()
REPORT = {
    "shard": DESCRIPTION["shards"][0],
    "rows": list(csv.DictReader(ROWS.splitlines())),
    "rejected": [],
    "notices": ["u0: is quiet"],
}


def prepare(folder: Path) -> None:
    """Writes a records folder of three utterances, without checksums."""
    (folder / SHARD).write_bytes(CONTENT)
    (folder / "dataset.json").write_text(json.dumps(DESCRIPTION))
    (folder / "utterances.csv").write_text(ROWS)
    (folder / "rejected.csv").write_text(REJECTED)


def check_dataset(dataset: Dataset) -> None:
    """A dataset is what the rest of the package takes it for."""
    assert dataset.labels
    assert all(isinstance(label, str) for label in dataset.labels)
    assert isinstance(dataset.synthetic, bool)
    assert isinstance(dataset.fingerprint, str)
    assert isinstance(dataset.segmentation, str)
    assert dataset.front_end.width > 0
    assert 0 <= dataset.description["overlap"] <= 1
    assert all(isinstance(id_, str) for pair in dataset.same_sound.items() for id_ in pair)
    json.dumps({name: dataset.description[name] for name in ("corpus", "fillers", "counts", "excluded", "rejected")})
    ids = [row.id for row in dataset.utterances]
    assert len(set(ids)) == len(ids)
    for pitfall in find_pitfalls(dataset):
        assert pitfall.line()
    for row in dataset.utterances:
        assert row.label in dataset.labels
        assert 0 < row.seconds < math.inf
        assert 1 <= row.longest_segment <= row.frames


def _description(content: bytes, folder: Path) -> None:
    (folder / "dataset.json").write_bytes(content)
    check_dataset(load_dataset(folder))


def _utterances(content: bytes, folder: Path) -> None:
    (folder / "utterances.csv").write_bytes(content)
    dataset = load_dataset(folder)
    check_dataset(dataset)
    for example in read_examples(dataset, dataset.utterances):
        assert example in EXAMPLES


def _rejected(content: bytes, folder: Path) -> None:
    (folder / "rejected.csv").write_bytes(content)
    for row in load_dataset(folder).rejected():
        assert all(isinstance(value, str) for value in row.values())


def _changed_shard(content: bytes, folder: Path) -> None:
    """A shard is read only after its hash was found right, as every training does."""
    (folder / SHARD).write_bytes(content)
    dataset = load_dataset(folder)
    verify_shards(dataset)
    assert content == CONTENT
    check_example(parse(tf.constant(read_examples(dataset, dataset.utterances)), MEL_BINS), 3)


def _prepare_build(folder: Path) -> None:
    prepare(folder)
    (folder / BUILD_FOLDER).mkdir()


def _report(content: bytes, folder: Path) -> None:
    (folder / BUILD_FOLDER / f"{SHARD}.json").write_bytes(content)
    task = ShardTask(SHARD, folder, folder, (), LABELS, BuildOptions(), folder)
    report = finished_report(task)
    if report is None:
        raise RecordsError("the shard is built again")
    assert report["shard"]["sha256"] == hashlib.sha256(CONTENT).hexdigest()


def check_example(parsed: Mapping[str, tf.Tensor], batch: int) -> None:
    """Lengths of what was parsed belong together."""
    assert parsed["label"].shape == (batch,)
    frames, mfcc = parsed["segment_frames"], parsed["frames"]
    assert frames.nrows() == mfcc.nrows() == batch
    assert mfcc.flat_values.shape == (frames.flat_values.numpy().sum(), MEL_BINS)
    np.testing.assert_array_equal(mfcc.values.row_lengths(), frames.flat_values)


def _example(content: bytes, folder: Path) -> None:
    if fault := example_fault(content, MEL_BINS, LABELS):
        raise RecordsError(fault)
    check_example(parse(tf.constant([content]), MEL_BINS), 1)


PARSERS: Mapping[str, Parser] = {
    "dataset.json": json_parser([DESCRIPTION], _description, prepare=prepare),
    "utterances.csv": text_parser([ROWS], _utterances, prepare=prepare),
    "rejected.csv": text_parser([REJECTED], _rejected, prepare=prepare),
    "shard's report": sealed_parser([REPORT], _report, prepare=_prepare_build),
    "TFRecord shard": binary_parser([CONTENT], _changed_shard, prepare=prepare),
    "TFRecord example": binary_parser(EXAMPLES[:1], _example),
}
