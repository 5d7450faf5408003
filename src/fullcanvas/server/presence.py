"""Who has which photo open right now, so that nobody has to be told to keep out of another's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LASTS_SECONDS = 60
"""How long after they asked about it somebody counts as being on a photo."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has a photo open.

    Attributes:
        name: of the account.
        photo: the id of the photo that they asked about last.
    """

    name: str
    photo: int


class Presence:
    """Who asked about which photo lately. Its methods may be called from any thread.

    It is kept in the memory of one server, and reserves nothing: it only says where its people are.

    Args:
        clock: the time in seconds, from whatever beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, float]] = {}

    def note(self, name: str | None, photo_id: int) -> None:
        """Somebody asked about a photo, and has left the one before.

        Where there are no accounts, nobody has a name, and nobody is told apart.
        """
        if name is not None:
            with self._lock:
                self._seen[name] = (photo_id, self._clock())

    def others(self, name: str | None) -> list[Person]:
        """Where everybody is but this one, by name."""
        oldest = self._clock() - LASTS_SECONDS
        with self._lock:
            self._seen = {who: seen for who, seen in self._seen.items() if seen[1] > oldest}
            seen = sorted(self._seen.items())
        return [Person(who, photo_id) for who, (photo_id, _) in seen if who != name]
