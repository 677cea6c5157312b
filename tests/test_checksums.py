import contextlib
import itertools
import math
import subprocess

import pytest

from can_tf.checksums import (
    changes,
    checksums_of,
    fault_of,
    read_checksums,
    read_sealed,
    write_checksums,
    write_sealed,
)
from can_tf.errors import DamagedError

# printf abc | sha256sum
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
SEALED = {
    "history": [{"epoch": 1, "loss": 0.1, "accuracy": 1 / 3}, {"epoch": 2, "loss": math.inf, "accuracy": math.nan}],
    "best": -math.inf,
    "smallest": 5e-324,
    "largest": 2**70,
    "shard": {"sha256": ABC, "rows": [[], {}, [None, True, -0.0]]},
    "caf\u00e9 \U0001f600": "caf\udce9.wav \u2028\x00",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "deep" / "b.txt").write_text("b")
    write_checksums(tmp_path, checksums_of(tmp_path, ["deep/b.txt", "a.txt"]))
    return tmp_path


def test_a_folder_as_it_was_has_no_changes(folder):
    assert read_checksums(folder)["a.txt"] == ABC
    assert changes(folder) == []


def test_what_was_changed_or_lost_is_named(folder):
    (folder / "a.txt").write_text("abd")
    (folder / "deep" / "b.txt").unlink()
    assert changes(folder) == ["a.txt was changed", "deep/b.txt is missing"]


def test_the_file_is_what_sha256sum_reads(folder):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "a.txt: OK\ndeep/b.txt: OK\n")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "deep/../../secret", "a\0b"])
def test_a_name_that_leads_out_of_the_folder_is_not_followed(folder, name):
    (folder / "SHA256SUMS").write_text(f"{ABC}  {name}\n")
    with pytest.raises(DamagedError, match="which is no file's in the folder"):
        changes(folder)


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff\xfe", f"{ABC} a.txt\n".encode()])
def test_damaged_checksums_are_refused(folder, content):
    (folder / "SHA256SUMS").write_bytes(content)
    with pytest.raises(DamagedError, match="SHA256SUMS"):
        changes(folder)


def test_a_file_as_it_was_has_no_fault_nor_has_one_that_nothing_is_known_of(folder):
    (folder / "new.txt").write_text("new")
    assert [fault_of(folder, name) for name in ("a.txt", "deep/b.txt", "new.txt", "missing.txt")] == [None] * 4
    (folder / "a.txt").write_text("abd")
    (folder / "SHA256SUMS").unlink()
    assert fault_of(folder, "a.txt") is None


@pytest.mark.parametrize("name", ["a.txt", "deep/b.txt"])
def test_a_changed_file_is_told_by_its_path(folder, name):
    (folder / name).write_text("c")
    told = f"{folder / name}: is damaged or was changed: its SHA-256 is not that of SHA256SUMS."
    assert fault_of(folder, name) == told


def test_checksums_that_are_damaged_are_the_fault_of_every_file(folder):
    (folder / "SHA256SUMS").write_text("abc")
    for name in ("a.txt", "deep/b.txt"):
        assert fault_of(folder, name).startswith(f"{folder / 'SHA256SUMS'}: is damaged; expected lines of a SHA-256")


def test_what_is_sealed_is_read_back(tmp_path):
    write_sealed(tmp_path / "state.json", SEALED)
    assert repr(read_sealed(tmp_path / "state.json")) == repr(SEALED)  # NaN is not equal to itself, and -0.0 is to 0.


def test_every_change_of_a_character_is_refused_or_changes_nothing(tmp_path):
    path, values = tmp_path / "state.json", {"epoch": 12, "loss": 0.1, "best": [None, "a"]}
    write_sealed(path, values)
    content = path.read_text()
    for place, character in itertools.product(range(len(content)), '0e."], \u00e9'):
        path.write_text(content[:place] + character + content[place + 1 :])
        with contextlib.suppress(ValueError):
            assert repr(read_sealed(path)) == repr(values)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff{}", "can't decode byte 0xff"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "expected an object, found list"),
        (b"{}", "its SHA-256 is not the one that it names"),
        (b'{"sha256": null}', "its SHA-256 is not the one that it names"),
        (f'{{"epoch": 1, "sha256": "{ABC}"}}'.encode(), "its SHA-256 is not the one that it names"),
    ],
)
def test_what_was_never_sealed_is_refused(tmp_path, content, message):
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_sealed(tmp_path / "state.json")
