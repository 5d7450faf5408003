"""Connections: whoever opens one has to say what they want, or make room for others."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

IDLE_SECONDS = 60
"""How long a connection may be idle, or the head of a request take; up to twice that may pass unnoticed."""


class Impatient(H11Protocol):
    """Uvicorn's HTTP, which alone waits for the head of a request for ever.

    A system allows a program so many connections; whoever holds them all with requests that never end keeps
    everybody else out (slowloris). Bodies are waited for by `Guard`.
    """

    _seen: RequestResponseCycle | None
    _look: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no longer."""
        self._look.cancel()
        super().connection_lost(exc)

    def _watch(self, first: bool = True) -> None:
        """Close the connection if no request has begun since the look before, and none is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and not cycle.response_complete
        if not (first or answering or cycle is not self._seen):
            self.transport.close()
            return
        self._seen = cycle
        self._look = self.loop.call_later(IDLE_SECONDS, self._watch, False)
