"""Several devices, each in a process of its own: they are set before TensorFlow's first operation."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("train_on_devices.py")
# Of 120 utterances, 17 batches of 7 are cut into 4 and 3, and one of 1 into 1 and none: 36 steps in two epochs.
OPTIONS = {"units": 3, "heads": 2, "dropout": 0.0, "epochs": 2, "batch_size": 7, "class_weight": "balanced"}


def train(records, folder, devices):
    options = json.dumps({**OPTIONS, "devices": devices})
    kept = folder / f"{devices}.npz"
    arguments = [records, folder / str(devices), kept, options]
    done = subprocess.run([sys.executable, str(PROGRAM), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(kept) as file:
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
