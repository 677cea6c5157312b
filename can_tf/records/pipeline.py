"""From records to batches.

The order of an epoch is a function of seed and epoch alone, so that a resumed run sees what an undisturbed one would.
`utterances.csv` tells where each example lies, so a batch reads just its own, whatever the order: nothing is held in
memory but the batches in flight, however large the corpus.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from can_tf.errors import RecordsError
from can_tf.features.speakers import RunningStatistics, statistics_of
from can_tf.records.dataset import Dataset
from can_tf.records.schema import example_fault, parse
from can_tf.records.specification import StoredUtterance
from can_tf.records.tfrecord import HEADER_BYTES, length_in

_BATCHES_SORTED_TOGETHER = 8  # At most: more pads less, and makes the batches of an epoch less random.
# Sorted as a whole, a small corpus would have nearly the same batches in every epoch, each of few lengths, and in a
# corpus of few sentences, such as EmoDB, of few sentences.
_GROUPS_IN_AN_EPOCH = 8  # At least, where there are as many batches.


@dataclasses.dataclass
class EpochOrder:
    """The batches of an epoch: utterances of like length together, both groups and batches in a random order.

    A group is an eighth of the epoch, but at most 8 batches and at least one. So below 16 batches nothing is sorted.

    Attributes:
        utterances: What an epoch goes through once.
        batch_size: Utterances a batch.
        seed: Of the order; None keeps the order of `utterances`.
        epoch: The epoch that the next iteration is for; set it before each.
    """

    utterances: Sequence[StoredUtterance]
    batch_size: int
    seed: int | None = None
    epoch: int = 0

    def __len__(self) -> int:
        return -(-len(self.utterances) // self.batch_size)

    def __iter__(self) -> Iterator[list[StoredUtterance]]:
        if self.seed is None:
            yield from self._cut(self.utterances)
            return
        generator = np.random.default_rng([self.seed, self.epoch])
        shuffled = [self.utterances[index] for index in generator.permutation(len(self.utterances))]
        together = min(_BATCHES_SORTED_TOGETHER, max(len(self) // _GROUPS_IN_AN_EPOCH, 1))
        group_size = self.batch_size * together
        batches: list[list[StoredUtterance]] = []
        for start in range(0, len(shuffled), group_size):
            group = sorted(shuffled[start : start + group_size], key=lambda utterance: utterance.segments)
            batches += self._cut(group)
        for index in generator.permutation(len(batches)):
            yield batches[index]

    def _cut(self, utterances: Sequence[StoredUtterance]) -> list[list[StoredUtterance]]:
        return [
            list(utterances[start : start + self.batch_size]) for start in range(0, len(utterances), self.batch_size)
        ]


def batches(dataset: Dataset, order: EpochOrder, *, max_segment_frames: int | None = None) -> tf.data.Dataset:
    """Returns the batches of an epoch, padded.

    Args:
        dataset: The records.
        order: Which utterances, in what order; its `epoch` counts when an iteration begins.
        max_segment_frames: Longer segments are cut to this.

    Returns:
        `(inputs, label)`: `words` `<string>[batch, words]` ("" on padding), `frames` `<float32>[batch, segments,
        frames, width]`, `segment_frames` `<int32>[batch, segments]` (0 on padding), and `<int32>[batch]`.
    """

    def serialized() -> Iterator[list[bytes]]:
        for batch in order:
            yield read_examples(dataset, batch)

    data = tf.data.Dataset.from_generator(serialized, output_signature=tf.TensorSpec([None], tf.string))
    data = data.apply(tf.data.experimental.assert_cardinality(len(order)))
    data = data.map(lambda examples: _inputs_and_label(dataset, examples, max_segment_frames), num_parallel_calls=2)
    return data.prefetch(2)


def read_examples(dataset: Dataset, utterances: Sequence[StoredUtterance]) -> list[bytes]:
    """Returns the serialized examples of some utterances.

    Raises:
        RecordsError: A shard cannot be read or ends too soon.
    """
    examples = []
    for utterance in utterances:
        path = dataset.folder / utterance.shard
        try:
            with path.open("rb") as file:
                file.seek(max(utterance.offset - HEADER_BYTES, 0))
                header, example = file.read(HEADER_BYTES), file.read(utterance.bytes)
        except OSError as error:
            raise RecordsError(f"{path}: cannot be read ({error.strerror}).") from error
        if len(example) != utterance.bytes:
            raise RecordsError(f"{path}: ends inside the example of {utterance.id}. Build the records again.")
        if length_in(header) != utterance.bytes:
            raise RecordsError(f"{path}: has no example of {utterance.id} where it should be. Build the records again.")
        if fault := example_fault(example, dataset.front_end.width, dataset.labels, utterance):
            raise RecordsError(f"{path}: the example of {utterance.id} is damaged ({fault}). Build the records again.")
        examples.append(example)
    return examples


def cut_utterances(utterances: Sequence[StoredUtterance], max_segment_frames: int | None) -> int:
    """Returns how many utterances have a segment that is longer than `max_segment_frames`, and loses its end."""
    if max_segment_frames is None:
        return 0
    return sum(utterance.longest_segment > max_segment_frames for utterance in utterances)


def frame_statistics(dataset: Dataset, utterances: Sequence[StoredUtterance]) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and variance of each of a frame's numbers over all frames, both `<float64>[width]`.

    Raises:
        RecordsError: An example cannot be read, or holds numbers that are not finite.
    """
    statistics = RunningStatistics(dataset.front_end.width)
    for batch in EpochOrder(utterances, batch_size=64):
        statistics.add(_parsed(dataset, tf.constant(read_examples(dataset, batch)))["frames"].flat_values.numpy())
    if not (np.isfinite(statistics.mean).all() and np.isfinite(statistics.variance).all()):
        raise RecordsError(f"{dataset.folder}: holds frames that are not finite. Build the records again.")
    return statistics.mean, statistics.variance


def mean_frames(dataset: Dataset, utterances: Sequence[StoredUtterance]) -> np.ndarray:
    """Returns each utterance's mean frame, `<float64>[utterances, width]`."""
    means = []
    for batch in EpochOrder(utterances, batch_size=64):
        frames = _parsed(dataset, tf.constant(read_examples(dataset, batch)))["frames"]
        means += [rows.mean(axis=0) for rows in _frames_by_utterance(frames)]
    return np.array(means).reshape(-1, dataset.front_end.width)


def _frames_by_utterance(frames: tf.RaggedTensor) -> list[np.ndarray]:
    """Returns the frames of each utterance, `<float64>[frames, width]`."""
    ends = tf.gather(frames.values.row_splits, frames.row_splits).numpy()  # Of utterances, in frames.
    return np.split(frames.flat_values.numpy().astype(np.float64), ends[1:-1])


def by_speaker(dataset: Dataset) -> Dataset:
    """Returns records whose frames are standardized by speaker as they are read, over all that a speaker has there.

    Labels are not read, so this tells a model nothing of them.
    """
    statistics: dict[str, RunningStatistics] = {}
    for batch in EpochOrder(dataset.utterances, batch_size=64):
        frames = _frames_by_utterance(_parsed(dataset, tf.constant(read_examples(dataset, batch)))["frames"])
        for utterance, rows in zip(batch, frames, strict=True):
            statistics.setdefault(utterance.speaker, RunningStatistics(dataset.front_end.width)).add(rows)
    return dataclasses.replace(dataset, speakers=statistics_of(statistics))


def _parsed(dataset: Dataset, examples: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns examples as `parse` does, their frames standardized if the records are to be read so."""
    parsed = parse(examples, dataset.front_end.width)
    if dataset.speakers is None:
        return parsed
    return {**parsed, "frames": dataset.speakers.standardized(parsed["frames"], parsed["speaker"])}


def _inputs_and_label(
    dataset: Dataset, examples: tf.Tensor, max_segment_frames: int | None
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    parsed = _parsed(dataset, examples)
    frames, segment_frames = parsed["frames"], parsed["segment_frames"]
    if max_segment_frames is not None:
        frames = frames[:, :, :max_segment_frames]
        segment_frames = tf.minimum(segment_frames, max_segment_frames)
    inputs = {
        "words": parsed["words"].to_tensor(""),
        "frames": frames.to_tensor(0.0),
        "segment_frames": tf.cast(segment_frames.to_tensor(0), tf.int32),
    }
    return inputs, tf.cast(parsed["label"], tf.int32)
