"""A version is on the disk before servers can see it."""

import os
from pathlib import Path

from can_tf.export.write import _publish


def test_all_of_a_version_is_on_the_disk_before_it_has_a_number(tmp_path, monkeypatch):
    version = tmp_path / "can" / ".exporting" / "version"
    (version / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/variables.index"):
        (version / name).write_text("x")
    (tmp_path / "can" / "7").mkdir()
    events, rename = [], Path.rename
    monkeypatch.setattr(os, "fsync", lambda handle: events.append(Path(f"/proc/self/fd/{handle}").readlink()))

    def renamed(path, target):
        events.append("renamed")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", renamed)
    assert _publish(version, tmp_path / "can") == tmp_path / "can" / "8"
    files = [version / name for name in ("saved_model.pb", "variables", "variables/variables.index")]
    assert events == [*files, version, "renamed", tmp_path / "can"]
