"""One lock for each thing that is worked on, for as long as anybody holds it or waits for it."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary


class Lock:
    """A lock that can be referred to weakly."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_failure: object) -> None:
        self._lock.release()


class Locks:
    """Locks by number; numbers that are merely tried cost nothing."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    def __getitem__(self, number: int) -> Lock:
        """The lock of this number: the same one for everybody who has it now."""
        with self._guard:
            return self._locks.setdefault(number, Lock())

    def __len__(self) -> int:
        """How many are held or waited for."""
        return len(self._locks)
