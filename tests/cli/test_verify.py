import json
import shutil

import pytest

from tests.cli.test_cli import run


@pytest.fixture
def finished(tmp_path, trained, exported):
    shutil.copytree(trained.records.folder, tmp_path / "all" / "records")
    shutil.copytree(trained.run, tmp_path / "all" / "runs" / "first")
    shutil.copytree(exported.folder.parent, tmp_path / "all" / "saved_models" / "can")
    return tmp_path / "all"


def test_records_runs_and_exports_are_checked_together(finished):
    found = json.loads(run("verify", finished, "--json").output)
    assert [(row["kind"], row["faults"]) for row in found] == [("records", []), ("run", []), ("export", [])]
    assert found[2]["folder"] == str(finished / "saved_models" / "can" / "1")
    assert all(row["files"] >= 4 for row in found)


def test_what_was_changed_is_named_and_the_exit_code_is_1(finished):
    version = finished / "saved_models" / "can" / "1"
    card, vocabulary = version / "model_card.md", version / "assets" / "vocabulary.txt"
    card.write_text(card.read_text() + "It is the best.\n")
    vocabulary.unlink()
    shard = next((finished / "records").glob("*.tfrecord"))
    shard.write_bytes(shard.read_bytes()[:-1])
    output = run("verify", finished / "saved_models", finished / "records", finished / "runs", code=1).output
    assert "assets/vocabulary.txt is missing; model_card.md was changed" in output
    assert f"{shard.name} was changed" in output
    assert "whole" in output  # The run is.


def test_a_folder_without_checksums_says_what_to_do(tmp_path):
    output = run("verify", tmp_path, code=1).output
    assert "holds nothing that is finished (no SHA256SUMS). Finish it by running its command again" in output
