import json

import pytest

from can_tf.errors import RunError
from can_tf.training.options import TrainOptions
from can_tf.training.run_folder import open_run
from tests.test_files import HOSTILE_NAMES

ROW = {"epoch": 1, "loss": 1.0, "validation_loss": 1.0, "validation_wa": 0.5, "validation_ua": 0.5, "seconds": 1.0}
STATE = {
    "history": [ROW],
    "best_epoch": 0,
    "best_wa": 0.5,
    "weights": "epoch-0000.npz",
    "best_weights": "epoch-0000.npz",
}


def reopened(folder, dataset, **changes):
    """Opens a run again whose state was changed."""
    open_run(folder, TrainOptions(), dataset)
    (folder / "checkpoint" / "state.json").write_text(json.dumps({**STATE, **changes}))
    return open_run(folder, TrainOptions(), dataset)


def test_a_state_is_read_back(tmp_path, tone_records):
    state = reopened(tmp_path, tone_records)
    assert (state.epochs, state.weights) == (1, "epoch-0000.npz")


@pytest.mark.parametrize("which", ["weights", "best_weights"])
@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "../../other/checkpoint/epoch-0000.npz", "model.weights.json"])
def test_weights_that_are_no_weights_file_of_the_checkpoint_are_refused(tmp_path, tone_records, which, name):
    with pytest.raises(RunError, match="state.json: is damaged .expected the bare name of a file that ends in .npz"):
        reopened(tmp_path, tone_records, **{which: name})
