"""Trains with the options given and keeps the checkpoint of the second epoch: a process that test_devices starts."""

import json
import shutil
import sys
from pathlib import Path

from can_tf.records.dataset import load_dataset
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions

records, folder, kept, options = sys.argv[1:]
options = TrainOptions(**json.loads(options))


def keep(event):
    if event.unit == "epochs" and event.done == 2:
        shutil.copy(Path(folder) / "checkpoint" / "epoch-0001.npz", kept)


train_fold(load_dataset(Path(records)), Path(folder), options, keep)
assert not {"keras_tuner", "distributed"} & set(sys.modules)
