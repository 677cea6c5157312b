"""Recordings in folders: which are found, and what each is called."""

import pytest

from can_tf.audio.folders import files_below, find_recordings
from can_tf.errors import ConfigError, MissingExtraError
from tests.conftest import write_small_files


def test_folders_are_searched_through_links_and_past_what_macos_hides(tmp_path, caplog):
    write_small_files(
        tmp_path, "talks/a.WAV", "talks/b.opus", "talks/c.m4a", "talks/notes.txt", "talks/d.dss", "elsewhere/e.wav"
    )
    write_small_files(
        tmp_path,
        "talks/._a.wav",
        "talks/__MACOSX/._a.wav",
        "talks/__MACOSX/a.wav",
        "talks/.trash/f.wav",
        "talks/.g.wav",
    )
    (tmp_path / "talks" / "x.wav").mkdir()
    (tmp_path / "talks" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "talks" / "round").symlink_to(tmp_path / "talks")
    (tmp_path / "talks" / "again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "talks" / "h.wav").symlink_to(tmp_path / "elsewhere" / "e.wav")
    found = find_recordings([tmp_path / "talks"])
    assert [str(found.below[path]) for path in found.paths] == ["a.WAV", "again/e.wav", "b.opus", "c.m4a", "h.wav"]
    assert caplog.messages == [
        f"{tmp_path / 'talks'}: left out 2 files (._a.wav, .g.wav): they are hidden.",
        f"{tmp_path / 'talks'}: left out 1 file (d.dss): nothing here reads their kind.",
    ]


def test_without_pyav_recordings_that_need_it_are_named(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("can_tf.audio.folders._has_extra", lambda: False)
    write_small_files(tmp_path, "a.wav")
    (tmp_path / "b.webm").write_bytes(b"\x1aE\xdf\xa3" + bytes(200))
    (tmp_path / "c.wav").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(200))
    assert find_recordings([tmp_path]).paths == [tmp_path / "a.wav"]
    message = "left out 2 files (b.webm, c.wav): reading them needs: pip install 'can_tf[media]'."
    assert caplog.messages == [f"{tmp_path}: {message}"]
    with pytest.raises(MissingExtraError, match=r"b.webm: reading WebM or Matroska needs .*'can_tf\[media\]'"):
        find_recordings([tmp_path / "a.wav", tmp_path / "b.webm"])


def test_a_folder_without_recordings_is_refused(tmp_path):
    write_small_files(tmp_path, "a.txt")
    with pytest.raises(ConfigError, match=r"holds no recordings; expected files ending in .wav, .flac"):
        find_recordings([tmp_path])


@pytest.mark.parametrize(
    "names, typed, expected",
    [
        (("wav/a.wav", "wav/b.wav"), ["wav"], ["a", "b"]),
        (("wav/anna/1.wav", "wav/ben/1.wav"), ["wav"], ["anna/1", "ben/1"]),
        (("wav/1.wav", "wav/1.mp3"), ["wav"], ["1.mp3", "1.wav"]),
        (("one/1.wav", "two/1.wav"), ["one", "two"], ["one/1", "two/1"]),
        (("wav/anna/1.wav", "wav/ben/1.wav"), ["wav/anna/1.wav", "wav/ben/1.wav"], ["anna/1", "ben/1"]),
    ],
)
def test_no_two_recordings_have_one_name(tmp_path, monkeypatch, names, typed, expected):
    write_small_files(tmp_path, *names)
    monkeypatch.chdir(tmp_path / "wav" if "wav/anna/1.wav" in typed else tmp_path)
    from_folder = [each.removeprefix("wav/") for each in typed] if "wav/anna/1.wav" in typed else typed
    found = find_recordings(from_folder)
    assert [name.as_posix() for name in found.names().values()] == expected


def test_files_below_a_folder_come_in_order_and_once(tmp_path):
    write_small_files(tmp_path, "b/2", "b/1", "a", "c/3")
    (tmp_path / "a_link").symlink_to(tmp_path / "c")
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)] == ["a", "b/1", "b/2", "c/3"]
