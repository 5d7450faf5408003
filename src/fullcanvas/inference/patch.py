"""What an answer changed in the label map that is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """What changed in the displayed label map.

    Attributes:
        x0, y0, x1, y1: where, in display pixels, half-open; all 0 if nothing changed.
        labels: int32 [y1 - y0, x1 - x0], the region ids now there.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    labels: NDArray[np.int32] = field(repr=False)


EMPTY = Patch(0, 0, 0, 0, np.zeros((0, 0), np.int32))
"""Nothing changed."""


def difference(old: NDArray[np.int32], new: NDArray[np.int32], area: Box) -> Patch:
    """The smallest patch that turns the old labels of an area into the new ones."""
    differs = old != new
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not len(rows):
        return EMPTY
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    x0, y0 = area[:2]
    return Patch(x0 + left, y0 + top, x0 + right, y0 + bottom, new[top:bottom, left:right].copy())
