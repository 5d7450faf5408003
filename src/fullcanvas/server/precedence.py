"""Changes go before previews: both take all that the machine has, and only for a change somebody waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fullcanvas.inference.cancellation import Cancellation, CancelledError
from fullcanvas.server.errors import SupersededError


class Precedence:
    """Of the changes to any photo over the previews of any. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = 0
        self._previews: set[Cancellation] = set()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Held from a change's arrival until it is made; calls off previews under way, keeps others out."""
        with self._lock:
            self._changes += 1
            for preview in self._previews:
                preview.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._changes -= 1

    @contextmanager
    def preview(self) -> Iterator[Cancellation]:
        """Held while a preview is made, which looks at what this gives whether it was called off.

        Raises:
            SupersededError: a change is being made, or came while this was held.
        """
        cancellation = Cancellation()
        with self._lock:
            if self._changes:
                raise SupersededError
            self._previews.add(cancellation)
        try:
            yield cancellation
        except CancelledError:
            raise SupersededError from None
        finally:
            with self._lock:
                self._previews.remove(cancellation)
