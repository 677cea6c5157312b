"""Nothing takes a file of a finished folder that is no longer what it was: not with a single bit flipped."""

import re
import shutil
from functools import partial
from pathlib import Path

import pytest

from can_tf.errors import ExportError, RecordsError, RunError
from can_tf.export.trained import load_run
from can_tf.prediction.saved_model import LoadedVersion
from can_tf.records.dataset import load_dataset
from can_tf.training.run_folder import read_history, read_predictions, read_run_json

READERS = {  # Of a run's files.
    **{name: partial(read_run_json, name=name) for name in ("config.json", "metrics.json", "model.json")},
    "history.csv": read_history,
    **{
        name: partial(read_predictions, columns=["label"], name=name)
        for name in ("predictions.csv", "validation_predictions.csv")
    },
    "model.keras": load_run,
}


def flip_a_bit(path: Path) -> None:
    """Flips a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_a_changed_file_of_a_run_is_refused(trained, tmp_path, name):
    run = tmp_path / "run"
    shutil.copytree(trained.run, run)
    READERS[name](run)
    flip_a_bit(run / name)
    with pytest.raises(RunError, match=f"^{re.escape(str(run / name))}: is damaged or was changed: .* Restore the run"):
        READERS[name](run)


@pytest.mark.parametrize("name", ["dataset.json", "utterances.csv", "rejected.csv"])
def test_a_changed_file_of_records_is_refused(tone_records_copy, name):
    path = tone_records_copy.folder / name
    flip_a_bit(path)
    with pytest.raises(RecordsError, match=f"^{re.escape(str(path))}: is damaged or was changed: .* --overwrite"):
        load_dataset(tone_records_copy.folder)


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["assets.extra/can_tf.json", "saved_model.pb", "assets/labels.txt", "variables/variables.index"]
)
def test_a_changed_file_of_an_export_is_refused(exported, tmp_path, name):
    version = tmp_path / "1"
    shutil.copytree(exported.folder, version)
    flip_a_bit(version / name)
    message = f"{version}: is not what was exported ({name} was changed)"
    with pytest.raises(ExportError, match=f"^{re.escape(message)}"):
        LoadedVersion(version)


@pytest.mark.long
def test_the_card_of_an_export_may_be_edited(exported, tmp_path):
    version = tmp_path / "1"
    shutil.copytree(exported.folder, version)
    card = version / "model_card.md"
    card.write_text(card.read_text() + "Of the third of May.\n")
    assert set(LoadedVersion(version).definitions) == set(LoadedVersion(exported.folder).definitions)
