import errno
import fcntl
import os
import signal
import time

import pytest

from can_tf.errors import BusyError
from can_tf.locks import alone_in
from tests.holding import hold


def test_another_process_is_kept_out_and_told_where(tmp_path):
    message = f"{tmp_path}: another can_tf process is at work here. Wait until"
    with hold(tmp_path, 60) as process:
        with pytest.raises(BusyError, match=message), alone_in(tmp_path):
            pytest.fail("two at once")
        process.kill()


def test_a_killed_process_leaves_no_lock(tmp_path):
    with hold(tmp_path, 60) as process:
        process.send_signal(signal.SIGKILL)
    with alone_in(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_one_that_waits_gets_in_when_the_other_ends(tmp_path):
    with hold(tmp_path, 1):
        started = time.monotonic()
        with alone_in(tmp_path, wait_seconds=30):
            assert time.monotonic() - started > 0.3


def test_other_names_are_other_work(tmp_path):
    with alone_in(tmp_path), alone_in(tmp_path, name=".other"):
        pass


def test_an_error_inside_lifts_the_lock(tmp_path):
    with pytest.raises(ValueError, match="inside"), alone_in(tmp_path):
        raise ValueError("inside")
    with alone_in(tmp_path):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_keeps_nobody_out_and_says_so(tmp_path, monkeypatch, caplog, code):
    def no_locks(handle, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with alone_in(tmp_path):
        assert caplog.messages == [
            f"{tmp_path}: this file system has no locks; see that no other can_tf process works here."
        ]
