"""Photos that are put into the folder while the annotator runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from fullcanvas.server.errors import PhotoError
from fullcanvas.server.photos import scan
from fullcanvas.server.project import Project

EVERY_SECONDS = 2
"""How often the folder is looked through at most."""
SHARE = 0.05
"""And how much of the time that may take: a large folder is looked through less often."""


class Arrivals:
    """Looks for photos that came. May be called from any thread; whoever calls meanwhile goes on at once.

    Photos whose files have gone stay listed until the next start: a folder that is away for a moment, or a
    file that is replaced, must not take a photo from under the hands of whoever works on it.

    Args:
        project: whose folder is looked through.
        clock: the time in seconds, from whatever beginning.
    """

    def __init__(self, project: Project, clock: Callable[[], float] = time.monotonic) -> None:
        self._project = project
        self._clock = clock
        self._looking = threading.Lock()
        self._due = clock()

    def look(self) -> None:
        """Take new photos in, if it is time to look."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            began = self._clock()
            if began >= self._due:
                self._take_in()
                ended = self._clock()
                self._due = ended + max(EVERY_SECONDS, (ended - began) / SHARE)
        finally:
            self._looking.release()

    def _take_in(self) -> None:
        try:
            found = scan(self._project.folder)
        except PhotoError:  # the folder is away: what is known stays
            return
        self._project.store.add_photos(found.paths)
