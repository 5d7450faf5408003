"""Stop-watch, percentiles, memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """How many milliseconds the work takes, and its result."""
    start = time.perf_counter()
    result = work()
    return (time.perf_counter() - start) * 1000, result


def percentiles(spent: Sequence[float]) -> dict[str, float]:
    """The median and the slow end: `p50`, `p95`, `p99`."""
    return {f"p{rank}": float(np.percentile(spent, rank)) for rank in (50, 95, 99)}


def median(spent: Sequence[float]) -> float:
    """The middle value."""
    return float(np.median(spent))


def peak_memory() -> float | None:
    """The most megabytes (1e6 bytes) this process ever held; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
