"""A lock is one program's at a time."""

import errno
import threading

import pytest

from fullcanvas.files import alone


def test_who_does_not_wait_is_told_that_somebody_holds_the_lock(tmp_path):
    with alone(tmp_path / "lock", wait=False), pytest.raises(BlockingIOError):
        alone(tmp_path / "lock", wait=False).__enter__()
    with alone(tmp_path / "lock", wait=False):
        pass


def test_who_waits_has_the_lock_when_the_other_is_done(tmp_path):
    order = []

    def other() -> None:
        with alone(tmp_path / "lock"):
            order.append("other")

    with alone(tmp_path / "lock"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_where_there_are_no_locks_nobody_is_kept_out(tmp_path, monkeypatch):
    def none(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with alone(tmp_path / "lock"), alone(tmp_path / "lock", wait=False):
        assert (tmp_path / "lock").read_bytes() == b""
