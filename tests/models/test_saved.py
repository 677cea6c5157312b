"""A model's file is data: what would run code, write files or fill the memory is refused in one line."""

import json
import shutil
import zipfile

import keras
import pytest

from can_tf.errors import RunError
from can_tf.models.saved import load_model


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run" / "model.keras"
    path.parent.mkdir()
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]).save(path)
    return path


def refusal(path):
    with pytest.raises(RunError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: cannot be loaded (")
    assert "\n" not in message
    assert "safe_mode" not in message  # No advice to run it all the same.
    return message


def rewritten(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_a_model_comes_back_with_its_weights(path):
    assert [weights.shape for weights in load_model(path).get_weights()] == [(2, 3), (3,)]


def test_a_layer_of_python_bytecode_is_refused_and_not_run(path):
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]).save(path)
    assert "Lambda" in refusal(path)


@pytest.mark.parametrize("name", ["../escaped.txt", "/tmp/escaped.txt", "assets/vocabulary.txt", "model.weights.npz"])
def test_an_archive_with_another_member_is_refused(path, name):
    rewritten(path, [*members_of(path), (name, "x")])
    assert f"found {name!r}" in refusal(path)
    assert [found.name for found in path.parent.parent.rglob("*") if found.is_file()] == ["model.keras"]


@pytest.mark.parametrize("count", [1, 2])
def test_an_archive_without_weights_is_refused(path, count):
    assert f"found {count} members" in refusal(rewritten(path, members_of(path)[:count]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(path):
    assert "found 4 members" in refusal(rewritten(path, [*members_of(path), ("config.json", "{}")]))


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_an_archive_that_unpacks_to_far_more_is_refused(path, name):
    members = {**dict(members_of(path)), name: bytes(20 * 2**20)}
    rewritten(path, members.items(), zipfile.ZIP_DEFLATED)
    assert "more than 10 times as many" in refusal(path)


def test_a_compressed_model_is_read(path):
    rewritten(path, members_of(path), zipfile.ZIP_DEFLATED)
    assert load_model(path).count_params() == 9


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_archive_is_refused(path, content):
    path.write_bytes(content)
    assert "not a zip file" in refusal(path)


def test_a_damaged_member_is_refused(path):
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes(len(content) - 460) + content[-400:])
    refusal(path)


def test_a_missing_file_is_refused(path):
    shutil.rmtree(path.parent)
    assert "No such file" in refusal(path)


def test_layers_that_need_more_than_the_file_holds_are_refused_unmade(path):
    members = dict(members_of(path))
    config = json.loads(members["config.json"])
    [dense] = [layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense"]
    dense["config"]["units"] = 10**9
    members["config.json"] = json.dumps(config)
    message = refusal(rewritten(path, members.items()))
    assert "its layers need 12000000000 bytes of weights" in message
    assert keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]).count_params() == 9  # Nothing is left over.
