"""Trains one fold and writes its run folder.

Early stopping goes by the final prediction (Eq. 15) on the validation set, by its WA or its loss; the paper says only
that the validation set decides. The best epoch's weights are kept. Order of the data and dropout are functions of seed
and epoch, and the state after each whole epoch is on disk: a training that was killed goes on as if it had not been.
"""

import functools
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from can_tf.errors import ConfigError, RunError
from can_tf.files import naming_disk_errors
from can_tf.locks import alone_in
from can_tf.models.randomness import seed_epoch
from can_tf.models.registry import VARIANTS
from can_tf.progress import Event, Progress, ignore
from can_tf.provenance import git_commit, processor, versions
from can_tf.records.dataset import Dataset, verify_shards
from can_tf.records.pipeline import EpochOrder, by_speaker
from can_tf.training import run_folder, run_state
from can_tf.training.checkpoint import load_variables, save_variables
from can_tf.training.data import split_of
from can_tf.training.devices import set_threads, strategy_for
from can_tf.training.fold_training import WORK, FoldTraining, prepare
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.options import TrainOptions
from can_tf.training.predictions import Predictions
from can_tf.training.results import finish, finish_without_test, make_predict, validation_scores
from can_tf.training.run_state import RunState
from can_tf.training.start import check_start
from can_tf.training.tracking.registry import check_trackers
from can_tf.training.tracking.trackers import Trackers, send_finished, tracking


def train_fold(
    dataset: Dataset,
    folder: Path,
    options: TrainOptions,
    progress: Progress = ignore,
    *,
    validation_only: bool = False,
    track: Collection[str] = (),
) -> dict[str, Any]:
    """Trains one fold, or finishes a training that was interrupted, and returns the content of `metrics.json`.

    Args:
        dataset: The records.
        folder: The run folder, made if missing.
        options: What to train and how.
        progress: Told of word vectors read, of the batches of each epoch, and of each epoch with its scores.
        validation_only: Whether to stop before the test set is read, and to write and return `validation.json`. The
            same training without it goes on from there.
        track: Trackers that are told beside TensorBoard, by their names in
            `can_tf.training.tracking.registry.TRACKERS`. One that fails fails no training.

    Raises:
        CanError: Options, records, word vectors, the variant's model or the run folder cannot be used, another process
            trains in it, or a tracker's library is not installed; the message says which and why.

    Example:
        >>> from can_tf.records.dataset import load_dataset
        >>> options = TrainOptions(model="text", units=4, epochs=1)  # Small, for a quick look.
        >>> metrics = train_fold(load_dataset(Path("data/records")), Path("runs/small"), options)
        >>> metrics["epochs"], 0 <= metrics["wa"] <= 1
        (1, True)
    """
    check_trackers(track)
    _check_segmentation(dataset, options)
    split = split_of(dataset, options)
    finished = functools.partial(_finished, dataset, folder, options, progress, validation_only, track)
    if (folder / run_folder.METRICS_FILE).exists():
        return finished()
    if note := check_start(options, dataset, split.test):
        progress(Event(WORK, note=note))
    run_folder.check_new_or_same(folder, options, dataset)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        if (folder / run_folder.METRICS_FILE).exists():  # Another process has just finished it.
            return finished()
        state = run_folder.open_run(folder, options, dataset)
        verify_shards(dataset)
        # Both before TensorFlow's first operation, and so before the word vectors.
        set_threads(options.threads)
        strategy = strategy_for(options.devices)
        read = by_speaker(dataset) if options.normalize == "speaker" else dataset
        training = prepare(read, split, folder, options, state, progress)
        with tracking(folder, state.history, track, progress) as trackers, strategy.scope():
            _fit(training, trackers, progress)
            scores = finish_without_test(training) if validation_only else finish(training)
            result = run_folder.VALIDATION_FILE if validation_only else run_folder.METRICS_FILE
            trackers.end(state.history, scores, result)
            return scores


def _finished(
    dataset: Dataset,
    folder: Path,
    options: TrainOptions,
    progress: Progress,
    validation_only: bool,
    track: Collection[str],
) -> dict[str, Any]:
    run_folder.check_same(folder, options, dataset)
    run_folder.remove_leftovers(folder)  # Of a kill after the last step but one.
    progress(Event(WORK, note=f"{folder} is done already."))
    send_finished([folder], track, progress)
    metrics = run_folder.read_run_json(folder, run_folder.METRICS_FILE)
    return validation_scores(metrics["validation"], metrics) if validation_only else metrics


def _check_segmentation(dataset: Dataset, options: TrainOptions) -> None:
    whole = dataset.segmentation == "whole"
    reads = VARIANTS[options.model].reads
    if reads == "frames" and dataset.front_end.frames_per_second is None:
        reads = "segments"  # An utterance's frames are its segments'.
    if reads == "frames" and not whole:
        raise ConfigError(
            f"{options.model} reads an utterance's frames in one run, and {dataset.folder} holds "
            f"{dataset.segmentation} segments. Build records with --segmentation whole for it."
        )
    if reads == "segments" and whole:
        raise ConfigError(
            f"{options.model} reads one segment per word, and {dataset.folder} holds whole utterances. "
            "Build records with --segmentation aligned or equal for it."
        )


def _fit(training: FoldTraining, trackers: Trackers, progress: Progress) -> None:
    options, state, model = training.options, training.state, training.model
    if state.epochs:
        progress(Event(WORK, note=f"Going on after epoch {state.epochs}."))
        if different := _begun_with(training.folder):
            line = f"It was begun with {different}: the result may differ from that of one go."
            progress(Event(WORK, note=line))
        load_variables(model, training.checkpoint / state.weights)
    if state.ends(options):
        return
    order = EpochOrder(training.split.train, options.batch_size, options.seed)
    outputs = model.output_names
    data = training.batches(order).map(lambda inputs, label: (inputs, dict.fromkeys(outputs, label)))
    _build_losses(model, *next(iter(data)))
    with naming_disk_errors(training.folder):
        model.fit(
            data,
            initial_epoch=state.epochs,
            epochs=options.epochs,
            callbacks=[_EpochKeeper(training, order, trackers, progress)],
            shuffle=False,  # The order is made already.
            verbose=0,
        )


def _begun_with(folder: Path) -> str:
    """Returns in words which versions, commit and processor a run was begun with, where they are not those of now."""
    config = run_folder.read_run_json(folder, run_folder.CONFIG_FILE)
    begun = {**config.get("versions", {}), "commit": config.get("git_commit"), "processor": config.get("processor")}
    now = {**versions(), "commit": git_commit(), "processor": processor()}
    return ", ".join(f"{name} {begun.get(name)} (now {now[name]})" for name in now if begun.get(name) != now[name])


def _build_losses(model: keras.Model, inputs: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> None:
    """Makes the variables of losses and metrics, which `fit` would make in tracing a step, only to trace it again."""
    inputs, labels = ({name: values[:1] for name, values in part.items()} for part in (inputs, labels))
    outputs = model(inputs, training=False)
    model.compute_loss(inputs, labels, outputs)
    model.compute_metrics(inputs, labels, outputs)
    model.reset_metrics()


class _EpochKeeper(keras.callbacks.Callback):
    """Sets the randomness of an epoch before it; validates, keeps the state, tells of it and stops after it."""

    def __init__(self, training: FoldTraining, order: EpochOrder, trackers: Trackers, progress: Progress):
        super().__init__()
        self.training, self.order, self.trackers, self.progress = training, order, trackers, progress
        self.validate = make_predict(training, training.split.validation)
        self.epoch_number, self.started = 0, 0.0

    def on_train_begin(self, logs=None):
        self._tell(note="")

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_number, self.started = epoch + 1, time.monotonic()
        self.order.epoch = epoch
        seed_epoch(self.model, self.training.options.seed, epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.progress(Event(f"Epoch {self.epoch_number}", "batches", batch + 1, len(self.order)))

    def on_epoch_end(self, epoch, logs=None):
        training, state = self.training, self.training.state
        if not np.isfinite(logs["loss"]):
            raise RunError(
                f"{training.folder}: the loss is {logs['loss']} in epoch {epoch + 1}. "
                "Train again with another --run and a lower --learning-rate."
            )
        row = self._row(epoch, float(logs["loss"]), self.validate())
        state.history.append(row)
        self._keep(epoch)
        self.trackers.epoch(row, {name: float(value) for name, value in logs.items() if name.endswith("_loss")})
        self._tell(_in_words(state))
        if state.ends(training.options):
            self.model.stop_training = True

    def _row(self, epoch: int, loss: float, validation: Predictions) -> dict[str, Any]:
        """Returns the epoch's row of `history.csv`."""
        scores = evaluate_predictions(validation.final, validation.true, self.training.dataset.labels)
        likelihood = validation.final[np.arange(len(validation.true)), validation.true]
        seconds = round(time.monotonic() - self.started, 3)
        values = (epoch + 1, loss, float(-np.log(likelihood).mean()), scores["wa"], scores["ua"], seconds)
        return dict(zip(run_state.HISTORY_COLUMNS, values, strict=True))

    def _keep(self, epoch: int) -> None:
        training, state = self.training, self.training.state
        state.weights = f"epoch-{epoch:04d}.npz"
        save_variables(self.model, training.checkpoint / state.weights)
        score = functools.partial(validation_score, monitor=training.monitor)
        if state.best_epoch < 0 or score(state.history[epoch]) > score(state.history[state.best_epoch]):
            state.best_epoch, state.best_weights = epoch, state.weights
        run_state.write_state(training.folder, state)

    def _tell(self, note: str) -> None:
        done, most = self.training.state.epochs, self.training.options.epochs
        self.progress(Event(WORK, "epochs", done, most, note, at_most=True))


def _in_words(state: RunState) -> str:
    row, best = state.history[-1], state.history[state.best_epoch]
    return (
        f"loss {row['loss']:.4f}, validation WA {row['validation_wa']:.3f} UA {row['validation_ua']:.3f} "
        f"(best epoch {state.best_epoch + 1}: WA {best['validation_wa']:.3f}), {row['seconds']:.1f} s"
    )


def validation_score(row: Mapping[str, Any], monitor: str) -> float:
    """Returns what early stopping goes by, the higher the better, of a row of `history.csv`.

    Example:
        >>> row = {"validation_wa": 0.5, "validation_loss": 1.25}
        >>> validation_score(row, "wa"), validation_score(row, "loss")
        (0.5, -1.25)
    """
    return row["validation_wa"] if monitor == "wa" else -row["validation_loss"]
