"""A short form of `tools/faults.py`: the same commands, fewer moments."""

import errno
import os
import resource

import pytest
from faults.commands import commands, finish, watched
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
    """What each command does when nobody disturbs it."""
    return {
        name: undisturbed(known[name], base / f"{name}-undisturbed", base / f"{name}.log")
        for name in ("build-records", "train", "export")
    }


@pytest.mark.parametrize("name", ["build-records", "train", "export"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_command_killed_at_any_moment_ends_as_if_it_had_not_been(known, base, before, name, number):
    kill = kill_and_finish(known[name], base, before[name], number, seed=1)
    assert kill.differs == (), kill.moment


@pytest.mark.parametrize("name", ["build-records", "train", "export"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_change_that_the_disk_refuses_is_one_line_and_nothing_is_lost(known, base, before, name, number):
    folder = base / f"{name}-{number}"
    at = before[name].changes // 2
    process = known[name].start(folder, watched(folder, base / f"{name}-{number}.log", at, str(number)))
    _, said = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith(f"Error: {folder}")
    assert os.strerror(number) in said
    assert finish(known[name], folder) == before[name].outcome


@pytest.mark.parametrize("name, limit", [("build-records", 20_000), ("train", 60_000), ("export", 100_000)])
def test_a_disk_that_is_full_in_the_middle_of_a_file_is_one_line_and_nothing_is_lost(known, base, before, name, limit):
    folder = base / f"{name}-limited"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))  # Children have it too.
    try:
        process = known[name].start(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    _, said = process.communicate()
    assert (process.returncode, "Traceback" in said) == (1, False), said
    assert said.splitlines()[-1].startswith(f"Error: {folder}")
    assert finish(known[name], folder) == before[name].outcome
