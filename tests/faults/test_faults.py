"""A short form of `tools/faults.py`: the same commands, fewer moments."""

import errno
import functools
import os
import resource
import subprocess

import pytest
from faults.commands import can_tf, commands, finish, watched
from faults.kills import kill_and_finish, undisturbed

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def known(base):
    return commands(base)


@pytest.fixture(scope="module")
def before(known, base):
    """What a command does when nobody disturbs it, by its name."""
    return functools.cache(lambda name: undisturbed(known[name], base / f"{name}-undisturbed", base / f"{name}.log"))


@pytest.mark.parametrize("name, number", [("build-records", 1), ("build-records", 2), ("train", 1), ("train", 2)])
def test_a_command_killed_at_any_moment_ends_as_if_it_had_not_been(known, base, before, name, number):
    kill = kill_and_finish(known[name], base, before(name), number, seed=1)
    assert (kill.killed, kill.differs) == (True, ()), kill.moment


def assert_one_line(process, folder, reason):
    _, said = process.communicate()
    assert (process.returncode, "Traceback" in said) == (1, False), said
    assert said.splitlines()[-1].startswith(f"Error: {folder}")
    assert reason in said


@pytest.mark.parametrize("name, code", [("build-records", errno.EROFS), ("train", errno.ENOSPC)])
def test_a_change_that_the_disk_refuses_is_one_line_and_nothing_is_lost(known, base, before, name, code):
    folder, log = base / f"{name}-refused", base / f"{name}-refused.log"
    at = before(name).changes // 2
    assert_one_line(known[name].start(folder, watched(folder, log, at, str(code))), folder, os.strerror(code))
    assert finish(known[name], folder) == before(name).outcome


# About half of each command's largest file.
@pytest.mark.parametrize("name, most_bytes", [("build-records", 200_000), ("train", 60_000), ("export", 100_000)])
def test_a_file_that_the_disk_takes_half_of_is_one_line_and_nothing_is_lost(known, base, before, name, most_bytes):
    folder = base / f"{name}-half"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limits[1]))  # Children inherit it.
    try:
        process = known[name].start(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_one_line(process, folder, "File too large")
    assert finish(known[name], folder) == before(name).outcome


def test_a_corpus_that_the_disk_takes_half_of_is_one_line(base):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        command = can_tf("demo-corpus", "--utterances", 12, base / "spoken")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_one_line(process, base / "spoken" / ".writing-IEMOCAP_full_release", "File too large")
    assert not list(base.glob("spoken/IEMOCAP*"))
