"""What is kept ready because it was used lately, within a bound of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that forgets what was used least recently; for many threads.

    Args:
        limit: how many bytes its values may take together. The value that came last stays in any case: what
            is being worked on must not be made anew for every request.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """The bytes that the values take together."""
        return self._total

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: K) -> V | None:
        """The value, or None."""
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes, and forget others if they are too many together."""
        with self._lock:
            self._forget(key)
            self._items[key] = value, size
            self._total += size
            while self._total > self._limit and len(self._items) > 1:
                self._forget(next(iter(self._items)))

    def drop(self, key: K) -> None:
        """Forget the value."""
        with self._lock:
            self._forget(key)

    def _forget(self, key: K) -> None:
        _, size = self._items.pop(key, (None, 0))
        self._total -= size
