"""Records whose shards are not what was written."""

import shutil

import pytest

from can_tf.errors import RecordsError
from can_tf.records.dataset import load_dataset
from can_tf.training.fit import train_fold
from can_tf.training.options import TrainOptions


def test_a_shard_with_another_bit_is_not_trained_on(tone_records, tmp_path):
    shutil.copytree(tone_records.folder, tmp_path / "records")
    shard = next((tmp_path / "records").glob("*.tfrecord"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(RecordsError, match="SHA-256"):
        train_fold(load_dataset(tmp_path / "records"), tmp_path / "run", TrainOptions())
    assert not (tmp_path / "run" / "history.csv").exists()
