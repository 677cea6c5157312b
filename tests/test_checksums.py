import subprocess

import pytest

from can_tf.checksums import changes, checksums_of, read_checksums, write_checksums
from can_tf.errors import DamagedError

# printf abc | sha256sum
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


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
