"""The TFRecord schema: writer and parser side by side.

One `tf.train.Example` an utterance. The frames of all segments stand one after another in `mfcc`, and
`segment_frames` says how many belong to each: ragged, with no padding on disk.
"""

import dataclasses

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

_SINGLE = {
    "id": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "speaker": tf.io.FixedLenFeature([], tf.string),
    "session": tf.io.FixedLenFeature([], tf.string),
    "scenario": tf.io.FixedLenFeature([], tf.string),
}
_RAGGED = {
    "words": tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64),
    "word_start": tf.io.RaggedFeature(tf.float32, row_splits_dtype=tf.int64),
    "word_end": tf.io.RaggedFeature(tf.float32, row_splits_dtype=tf.int64),
    "segment_frames": tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64),
    "frames": tf.io.RaggedFeature(tf.float32, row_splits_dtype=tf.int64),
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One utterance as it is stored.

    `word_start` and `word_end` are seconds, after silence sharing and before overlap. `mfcc` is
    `<float32>[frames, 40]`, the frames of all segments; `segment_frames` counts each segment's.
    """

    id: str
    label: int
    speaker: str
    session: str
    scenario: str
    words: tuple[str, ...]
    word_start: tuple[float, ...]
    word_end: tuple[float, ...]
    segment_frames: tuple[int, ...]
    mfcc: np.ndarray


def serialize(record: Record) -> bytes:
    """Returns the record as a serialized `tf.train.Example`, the same bytes every time."""
    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                "id": _bytes(record.id),
                "label": _integers([record.label]),
                "speaker": _bytes(record.speaker),
                "session": _bytes(record.session),
                "scenario": _bytes(record.scenario),
                "words": _bytes(*record.words),
                "word_start": _floats(record.word_start),
                "word_end": _floats(record.word_end),
                "segment_frames": _integers(record.segment_frames),
                "frames": _floats(record.mfcc.ravel()),
            }
        )
    )
    return example.SerializeToString(deterministic=True)  # A map has no order of its own.


def parse(serialized: tf.Tensor, mel_bins: int) -> dict[str, tf.Tensor]:
    """Returns a batch of records as tensors.

    Args:
        serialized: `<string>[batch]`, examples from `serialize`.
        mel_bins: Coefficients a frame, as `dataset.json` tells.

    Returns:
        By the schema's names: `<string>[batch]` and `<int64>[batch]` for the single features, ragged
        `[batch, (words)]` for the lists, and `mfcc` as ragged `<float32>[batch, (segments), (frames), mfcc_bins]`.
    """
    parsed = tf.io.parse_example(serialized, {**_SINGLE, **_RAGGED})
    segment_frames = parsed["segment_frames"]
    frames = tf.reshape(parsed["frames"].flat_values, [-1, mel_bins])
    segments = tf.RaggedTensor.from_row_lengths(frames, segment_frames.flat_values)
    return {**parsed, "frames": segment_frames.with_flat_values(segments)}


def is_example(serialized: bytes) -> bool:
    """Tells whether bytes are an example at all. `parse` may not be given others: some crash TensorFlow."""
    try:
        tf.train.Example.FromString(serialized)
    except DecodeError:
        return False
    return True


def _bytes(*values: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))


def _integers(values) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _floats(values) -> tf.train.Feature:
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
