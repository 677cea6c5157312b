"""Threads and devices, each in a process of its own: they are set before TensorFlow's first operation."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from can_tf.errors import ConfigError, RunError
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions

PROGRAM = Path(__file__).with_name("train_on_devices.py")
# Of 120 utterances, 17 batches of 7 are cut into 4 and 3, and one of 1 into 1 and none: 36 steps in two epochs.
OPTIONS = {"units": 3, "heads": 2, "dropout": 0.0, "epochs": 2, "batch_size": 7, "class_weight": "balanced"}


def run(records, folder, threads_of_machine="1", **options):
    """Trains in a process of its own; returns where it keeps the variables after two epochs, and what it said."""
    kept = folder.with_suffix(".npz")
    arguments = [records, folder, kept, json.dumps({**OPTIONS, **options})]
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": threads_of_machine}
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return kept


def train(records, folder, devices):
    with np.load(run(records, folder / str(devices), devices=devices)) as file:
        # Adam's moments are left out: they are gradients, of which the smallest are all rounding.
        return {name: values for name, values in file.items() if name.startswith("model")}


@pytest.mark.long
def test_two_devices_reach_the_weights_of_one(tone_records, tmp_path):
    one, two = (train(tone_records.folder, tmp_path, devices) for devices in (1, 2))
    assert set(one) == set(two)
    assert sum(values.size for values in one.values()) > 2000
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, rtol=0.0, atol=1e-5, err_msg=name)
    metrics = [json.loads((tmp_path / devices / "metrics.json").read_text()) for devices in "12"]
    assert metrics[0]["wa"] == metrics[1]["wa"]
    assert metrics[0]["validation"]["wa"] == metrics[1]["validation"]["wa"]


def weights(folder):
    return json.loads((folder / "metrics.json").read_text())["weights_sha256"]


@pytest.mark.long
def test_the_weights_depend_on_the_threads_asked_for_and_not_on_the_machine(tone_records, tmp_path):
    large = {"model": "text", "units": 64, "batch_size": 64}  # Smaller products are not shared by threads.
    for name, machine, asked in (("one", "1", 1), ("other", "4", 1), ("more", "1", 4)):
        run(tone_records.folder, tmp_path / name, machine, threads=asked, **large)
    assert weights(tmp_path / "one") == weights(tmp_path / "other")
    assert weights(tmp_path / "one") != weights(tmp_path / "more")


def test_threads_that_cannot_be_had_any_more_are_refused(tone_records, tmp_path):
    tf.constant(0)  # TensorFlow has begun.
    with pytest.raises(ConfigError, match="--threads 3: TensorFlow has begun with 1 in this process. Train in a new"):
        train_fold(tone_records, tmp_path / "run", TrainOptions(threads=3))


def test_a_training_that_was_begun_with_other_threads_does_not_go_on(tone_records, tmp_path):
    options = TrainOptions(model="text", units=3, epochs=1)
    train_fold(tone_records, tmp_path, options, validation_only=True)
    with pytest.raises(RunError, match=r"belongs to a training with threads 1 \(now 2\)"):
        train_fold(tone_records, tmp_path, dataclasses.replace(options, threads=2))
