import csv
import errno
import json

import pytest
import tensorflow as tf

from can_tf.files import (
    from_cell,
    is_plain_name,
    naming_disk_errors,
    remove_temporary_files,
    replacing,
    sha256_of_file,
    sha256_of_json,
    write_csv,
    write_json,
)

# What leads out of a folder that it is joined to, on any system, or is no name at all.
HOSTILE_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a/",
    "a\\b",
    "..\\x",
    "C:x",
    "a\0b",
    "a\nb",
    "\ud800",
    None,
    3,
    ["x"],
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_what_is_no_bare_name_is_told(name):
    assert not is_plain_name(name)


@pytest.mark.parametrize("name", ["x", "...", ".hidden", "a b", "naïve.h5", "shard-00000-of-00003.tfrecord", "~"])
def test_a_bare_name_is_told(name):
    assert is_plain_name(name)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "name.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(path) as temporary:
        temporary.write_text("half \ud800", encoding="utf-8")
    assert path.read_text() == "old"
    with replacing(path) as temporary:
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_names_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, replacing(tmp_path / "name.txt") as temporary:
        raise OSError(errno.ENOSPC, "No space left on device", str(temporary))
    assert caught.value.filename == str(tmp_path / "name.txt")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "kept.txt").touch()
    (tmp_path / ".kept").touch()
    (tmp_path / ".writing-0123-name.txt").touch()
    remove_temporary_files(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kept", "kept.txt"]


def test_the_hash_of_json_is_that_of_the_file(tmp_path):
    value = {"name": "Zoë", "values": [1, 2.5, None]}
    write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == value
    assert sha256_of_json(value) == sha256_of_file(tmp_path / "x.json")


@pytest.mark.parametrize(
    "said",
    [
        "/data/x.tfrecord; No space left on device",
        "{{node Write}} /data/x.v2; No space left on device\n\tFailed to flush 11 events [Op:WriteSummary]",
    ],
)
def test_what_tensorflow_says_of_a_full_disk_becomes_an_error_of_the_disk(tmp_path, said):
    with pytest.raises(OSError, match="No space left on device") as caught, naming_disk_errors(tmp_path):
        raise tf.errors.ResourceExhaustedError(None, None, said)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path))


def test_what_tensorflow_says_of_memory_stays_as_it_is(tmp_path):
    said = "OOM when allocating tensor with shape[1,2]; try a smaller batch"
    with pytest.raises(tf.errors.ResourceExhaustedError, match="OOM"), naming_disk_errors(tmp_path):
        raise tf.errors.ResourceExhaustedError(None, None, said)


def test_an_error_that_names_no_file_gets_a_name(tmp_path):
    with pytest.raises(OSError, match="File too large") as caught, naming_disk_errors(tmp_path):
        raise OSError(errno.EFBIG, "File too large")
    assert caught.value.filename == str(tmp_path)


CELLS = ["=1+1", "@SUM(A1)", "+cmd", "-2+3", "\t=1", "'=1+1", "''=1", "it's", "'", "-0.5", "1e-5", "calm", ""]


def test_no_cell_is_a_formula_and_each_reads_back(tmp_path):
    write_csv(tmp_path / "a.csv", ["x"], [{"x": cell} for cell in CELLS])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        written = [row["x"] for row in csv.DictReader(file)]
    assert [from_cell(cell) for cell in written] == CELLS
    assert [cell for cell in written if cell[:1] in tuple("=+@-\t\r")] == ["-0.5"]


def test_numbers_are_numbers(tmp_path):
    write_csv(tmp_path / "a.csv", ["x"], [{"x": -0.5}])
    assert (tmp_path / "a.csv").read_text() == "x\n-0.5\n"
