import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from can_tf.export.warm_up import WARM_UP_FILE, replay_warm_up
from can_tf.export.write import Exported
from can_tf.server.versions import Versions
from tests.server.replaced_versions import take_up

_MOST_MEGABYTES = 120  # A version kept would be more.


@pytest.fixture
def versions(exported: Exported, tmp_path: Path) -> Versions:
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    return Versions(tmp_path / "can")


def _requests(versions: Versions, signature: str) -> list[dict[str, np.ndarray]]:
    found: list[dict[str, np.ndarray]] = []
    replay_warm_up(versions.current.folder, lambda name, inputs: found.append(inputs) if name == signature else None)
    return found


def test_a_version_that_is_replaced_gives_its_memory_back(exported: Exported, tmp_path: Path):
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    command = [sys.executable, "-m", "tests.server.replaced_versions", str(tmp_path / "can")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["kept"] is False
    assert json.loads(done.stdout)["megabytes"] < _MOST_MEGABYTES


def test_a_request_ends_with_the_version_that_it_began_with(versions: Versions):
    first, [inputs] = versions.current, _requests(versions, "serving_default")
    before = first.run("serving_default", inputs)
    take_up(versions, 2)
    shutil.rmtree(first.folder)
    np.testing.assert_array_equal(first.run("serving_default", inputs)["probabilities"], before["probabilities"])


def _break(version: Path) -> None:
    """Gives a version warm-up requests that are none, in a record that is whole."""
    with tf.io.TFRecordWriter(str(version / WARM_UP_FILE)) as writer:
        writer.write(b"\xff no request")


def test_a_version_that_cannot_be_loaded_hides_no_other_and_is_tried_again_once_it_is_mended(versions: Versions):
    good = versions.current.folder
    shutil.copytree(good, versions.folder / "2")
    shutil.copytree(good, versions.folder / "3")
    _break(versions.folder / "3")
    assert versions.refresh()
    assert [(row["version"], row["state"]) for row in versions.status()] == [("3", "END"), ("2", "AVAILABLE")]
    shutil.rmtree(versions.folder / "3")
    shutil.copytree(good, versions.folder / "3")
    assert not versions.refresh()  # It may still be being copied.
    assert versions.refresh()
    assert versions.current.number == 3


def test_a_version_that_changes_all_the_time_hides_no_other(versions: Versions):
    good = versions.current.folder
    shutil.copytree(good, versions.folder / "3")
    _break(versions.folder / "3")
    assert not versions.refresh()
    shutil.copytree(good, versions.folder / "2")
    (versions.folder / "3" / "more").write_text("x")
    assert versions.refresh()
    assert versions.current.number == 2


@pytest.mark.parametrize("late", ["variables/variables.data-00000-of-00001", WARM_UP_FILE, "SHA256SUMS"])
def test_a_version_is_served_once_its_last_byte_is_there(
    exported: Exported, tmp_path: Path, late: str, caplog: pytest.LogCaptureFixture
):
    shutil.copytree(exported.folder, tmp_path / "can" / "1")
    versions = Versions(tmp_path / "can")
    shutil.copytree(exported.folder, tmp_path / "can" / "2")
    path, content = tmp_path / "can" / "2" / late, (exported.folder / late).read_bytes()
    for there in (0, len(content) // 2, len(content) // 2 + 1):
        path.write_bytes(content[:there])
        assert not versions.refresh()
    assert caplog.messages
    assert all(line.startswith("Version 2 is not served: ") for line in caplog.messages)
    path.write_bytes(content)
    assert [versions.refresh() for _ in range(2)] == [False, True]
    assert versions.current.number == 2
    assert versions.loads["ok"] == 2
    assert versions.loads["error"] >= 1


def test_what_is_loaded_goes_on_when_all_versions_are_gone(versions: Versions):
    shutil.rmtree(versions.folder)
    assert not versions.refresh()
    assert versions.current.records["corpus"]["synthetic"]
