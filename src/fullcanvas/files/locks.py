"""A file that one program at a time holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock that a file stands for; it goes when the block ends, or the program in any way.

    Does nothing on systems and network mounts without such locks.

    Args:
        path: made if it is missing; only locked, never written.
        wait: until a program that holds the lock is done with it.

    Raises:
        BlockingIOError: another program holds it, and `wait` is False.
        OSError: the file cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        yield
        return
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise
        except OSError:  # some network mounts have none
            pass
        yield
