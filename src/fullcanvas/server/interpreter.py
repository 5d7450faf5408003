"""How the interpreter of a server with many threads is set up."""

from __future__ import annotations

import ctypes
import sys

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter from others: while a preview computes, a change waits so long at
each of the steps to its turn. Python's default is ten times as long."""
HEAPS = 2
"""From which threads take their memory. Left alone, glibc gives nearly every thread a heap of its own; each
grows to the most that was ever asked of it and gives nothing back, so a process gets larger for hours."""
_M_ARENA_MAX = -8


def set_up() -> None:
    """Set the interpreter up, before it has threads."""
    sys.setswitchinterval(SWITCH_SECONDS)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, HEAPS)
