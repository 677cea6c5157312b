"""Examples in shards, as `can_tf.records.specification` has their fields: writer and parser side by side.

One `tf.train.Example` per utterance. The frames of all segments stand one after another in `frames`, and
`segment_frames` says how many belong to each: ragged, with no padding on disk.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from can_tf.records.specification import EXAMPLE_FIELDS, Field, Record, StoredUtterance

_DTYPES = {str: tf.string, int: tf.int64, float: tf.float32}
_LISTS = {str: "bytes_list", int: "int64_list", float: "float_list"}


def _feature(field: Field) -> Any:
    dtype = _DTYPES[field.kind]
    return tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64) if field.many else tf.io.FixedLenFeature([], dtype)


_FEATURES = {field.name: _feature(field) for field in EXAMPLE_FIELDS}


def serialize(record: Record, labels: Sequence[str]) -> bytes:
    """Returns the record as a serialized `tf.train.Example`, the same bytes every time.

    Args:
        record: What to store.
        labels: Names in index order; the record's label is stored as its index.
    """
    values = {field.name: getattr(record, field.name) for field in EXAMPLE_FIELDS}
    values["label"] = list(labels).index(record.label)
    feature = {
        field.name: _WRITERS[field.kind](values[field.name] if field.many else [values[field.name]])
        for field in EXAMPLE_FIELDS
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return example.SerializeToString(deterministic=True)  # A map has no order of its own.


def parse(serialized: tf.Tensor, width: int) -> dict[str, tf.Tensor]:
    """Returns a batch of records as tensors.

    Args:
        serialized: `<string>[batch]`, examples from `serialize` without a fault.
        width: Numbers in a frame: the front end's.

    Returns:
        By field: `<string>[batch]` and `<int64>[batch]` for single values, ragged `[batch, (words)]` for lists, and
        `frames` as ragged `<float32>[batch, (segments), (frames), width]`.
    """
    parsed = tf.io.parse_example(serialized, _FEATURES)
    segment_frames = parsed["segment_frames"]
    frames = tf.reshape(parsed["frames"].flat_values, [-1, width])
    segments = tf.RaggedTensor.from_row_lengths(frames, segment_frames.flat_values)
    return {**parsed, "frames": segment_frames.with_flat_values(segments)}


def example_fault(
    serialized: bytes, width: int, labels: Sequence[str], row: StoredUtterance | None = None
) -> str | None:
    """Returns in words what keeps bytes from being an example, and in which field; None if nothing does.

    `parse` may not be given others: some crash TensorFlow, and some would be trained on without a word.

    Args:
        serialized: One example.
        width: Numbers in a frame.
        labels: Names in index order.
        row: What the list of utterances says of it, if that counts too.
    """
    try:
        features = tf.train.Example.FromString(serialized).features.feature
    except DecodeError:
        return "is not a tf.train.Example"
    values: dict[str, Sequence[Any]] = {}
    for name, kind, many in EXAMPLE_FIELDS:
        if name not in features or features[name].WhichOneof("kind") not in (_LISTS[kind], None):
            return f"{name}: expected {kind.__name__}s"
        values[name] = getattr(features[name], _LISTS[kind]).value
        if not many and len(values[name]) != 1:
            return f"{name}: expected one value, found {len(values[name])}"
        if kind is str and not all(map(_is_utf8, values[name])):
            return f"{name}: expected UTF-8 text"
    fault = _misfit(values, width, len(labels))
    return _difference(values, labels, row) if fault is None and row is not None else fault


def _difference(values: Mapping[str, Sequence[Any]], labels: Sequence[str], row: StoredUtterance) -> str | None:
    """Returns which values are not those of the list of utterances."""
    found = {
        "id": values["id"][0].decode(),
        "label": labels[values["label"][0]],
        "words": b" ".join(values["words"]).decode(),
        "speaker": values["speaker"][0].decode(),
    }
    return next((f"{name}: is not that of the list" for name in found if found[name] != getattr(row, name)), None)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _misfit(values: dict[str, Sequence[Any]], width: int, labels: int) -> str | None:
    """Returns which values do not fit each other."""
    words = len(values["words"])
    if not 0 <= values["label"][0] < labels:
        return f"label: expected an index below {labels}, found {values['label'][0]}"
    for name in ("word_start", "word_end"):
        if len(values[name]) != words:
            return f"{name}: expected {words} times, found {len(values[name])}"
    frames = sum(values["segment_frames"])
    if not frames or min(values["segment_frames"]) < 1 or len(values["frames"]) != width * frames:
        return f"frames: expected {width} numbers for each of {frames} frames, found {len(values['frames'])}"
    return None


def _bytes(values: Sequence[str]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))


def _integers(values: Sequence[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _floats(values: Sequence[float] | np.ndarray) -> tf.train.Feature:
    """Packs floats at once: handed over one by one, they would take longer than their features took to compute."""
    packed = np.asarray(values, "<f4").tobytes()
    # What protobuf writes for a FloatList: the tag of field 1, packed; the number of bytes; the bytes.
    message = b"\x0a" + _varint(len(packed)) + packed if packed else b""
    return tf.train.Feature(float_list=tf.train.FloatList.FromString(message))


def _varint(number: int) -> bytes:
    """Returns protobuf's variable-length form: seven bits a byte, the lowest first, the top bit on all but the last."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


_WRITERS: Mapping[type, Callable[[Any], tf.train.Feature]] = {str: _bytes, int: _integers, float: _floats}
