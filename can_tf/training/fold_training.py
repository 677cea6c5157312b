"""All that belongs to the training of one fold: its data, its model, and how far it has got."""

import collections
import dataclasses
import functools
from pathlib import Path

import keras
import tensorflow as tf

from can_tf.models.config import ModelConfig
from can_tf.models.contract import check_model
from can_tf.models.losses import balanced_class_weights, compile_model
from can_tf.models.registry import VARIANTS, build, why_not_exportable
from can_tf.models.whole_batch import fill_up
from can_tf.progress import Event, Progress
from can_tf.records.dataset import Dataset
from can_tf.records.pipeline import EpochOrder, batches, cut_utterances, frame_statistics
from can_tf.training import run_state
from can_tf.training.confounds import shared_confounds
from can_tf.training.data import Split, WordVectors, word_vectors
from can_tf.training.devices import build_in, strategy_for
from can_tf.training.options import TrainOptions, monitored
from can_tf.training.predictions import Forward, forward_of
from can_tf.training.run_state import RunState
from can_tf.training.start import Start, freeze, read_start, take_weights

WORK = "Training"  # What its events are of.


@dataclasses.dataclass(frozen=True, eq=False)
class FoldTraining:
    """One training.

    Attributes:
        dataset: The records.
        split: Of the fold.
        folder: The run folder.
        options: What to train and how.
        state: How far it has got.
        config: What the model is made from.
        model: Compiled; its optimizer has its variables.
    """

    dataset: Dataset
    split: Split
    folder: Path
    options: TrainOptions
    state: RunState
    config: ModelConfig
    model: keras.Model

    @property
    def monitor(self) -> str:
        """What early stopping goes by: `wa` or `loss`."""
        return monitored(self.options.monitor, self.dataset.front_end)

    @property
    def checkpoint(self) -> Path:
        return self.folder / run_state.CHECKPOINT_FOLDER

    @functools.cached_property
    def forward(self) -> Forward:
        """The model's logits by output, of a batch of any shape."""
        return forward_of(self.model)

    def batches(self, order: EpochOrder) -> tf.data.Dataset:
        """Returns inputs and labels in an order, with no batch smaller than there are devices."""
        cut = None if self.dataset.segmentation == "whole" else self.options.max_segment_frames
        data = batches(self.dataset, order, max_segment_frames=cut)
        devices = self.options.devices
        return data.map(lambda inputs, label: fill_up(inputs, label, devices)) if devices > 1 else data


def prepare(
    dataset: Dataset, split: Split, folder: Path, options: TrainOptions, state: RunState, progress: Progress
) -> FoldTraining:
    """Reads word vectors and statistics, and builds and checks the model.

    Raises:
        TextError: The word vectors cannot be used.
        ConfigError: The variant has built what could not be trained, resumed, loaded or exported.
    """
    start = read_start(options)
    vectors = word_vectors(dataset, split, options, progress, start.word_vectors if start else None)
    for line in _description(dataset, split, options, vectors):
        progress(Event(WORK, note=line))
    tf.config.experimental.enable_op_determinism()
    # TensorFlow would rewrite each graph before its first run: seconds at every start, which no step is faster for.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    keras.utils.set_random_seed(options.seed)
    config = _model_config(dataset, split, options, vectors, start)
    strategy = strategy_for(options.devices)
    model = build_in(strategy, lambda: build(options.model, config, vectors.matrix))
    check_model(options.model, model, config, exportable=VARIANTS[options.model].exportable)
    with strategy.scope():
        if start is not None:
            _take(start, model, config, progress)
            freeze(model, options.freeze)
        compile_model(model, config, learning_rate=options.learning_rate, clip_norm=options.clip_norm)
        # Without its variables, an optimizer would skip those of a checkpoint.
        model.optimizer.build(model.trainable_variables)
    return FoldTraining(dataset, split, folder, options, state, config, model)


def _take(start: Start, model: keras.Model, config: ModelConfig, progress: Progress) -> None:
    """Gives a model the weights of another run, and says what is not from there."""
    new = take_weights(start, model, config)
    labels = [label for label in config.labels if label not in start.config.labels]
    anew = [*new, *([f"the outputs of {', '.join(labels)}"] if labels else [])]
    progress(Event(WORK, note=f"Weights of {start.folder}; new: {', '.join(anew) or 'nothing'}."))


def _description(dataset: Dataset, split: Split, options: TrainOptions, vectors: WordVectors) -> list[str]:
    """Returns lines on what is trained, which whoever started it should see at its start."""
    lines = [
        f"Fold {options.fold} of the {options.protocol} protocol: {len(split.train)} utterances to train on, "
        f"{len(split.validation)} to validate, {len(split.test)} to test.",
        *split.labels.notes(),
        *shared_confounds(dataset.utterances, *([row.id for row in rows] for rows in (split.train, split.test))),
    ]
    if dataset.segmentation != "whole" and (cut := cut_utterances(dataset.utterances, options.max_segment_frames)):
        lines.append(f"{cut} utterances have a segment cut to {options.max_segment_frames} frames.")
    lines.append(f"{len(vectors.vocabulary)} words; word vectors: {vectors.source}, {vectors.dimension} dimensions.")
    if reason := why_not_exportable(options.model, dataset.segmentation):
        lines.append(f"This run is for comparison and cannot be exported: {reason}.")
    return lines


def _model_config(
    dataset: Dataset, split: Split, options: TrainOptions, vectors: WordVectors, start: Start | None
) -> ModelConfig:
    """Returns what the model is made from; an option of the same name as one of its fields is that field."""
    if start is None:
        mean, variance = (tuple(each.tolist()) for each in frame_statistics(dataset, split.train))
    else:
        mean, variance = start.config.frame_mean, start.config.frame_variance
    weights: tuple[float, ...] = ()
    if options.class_weight == "balanced":
        counts = collections.Counter(utterance.label for utterance in split.train)
        weights = balanced_class_weights([counts[label] for label in dataset.labels])
    asked, fields = dataclasses.asdict(options), {field.name for field in dataclasses.fields(ModelConfig)}
    return ModelConfig(
        labels=dataset.labels,
        vocabulary=vectors.vocabulary,
        embedding_dim=vectors.dimension,
        frame_mean=mean,
        frame_variance=variance,
        class_weights=weights,
        one_frame=dataset.front_end.frames_per_second is None,
        **{name: value for name, value in asked.items() if name in fields},
    )
