"""From instances that may overlap to a label map, in which none do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Mask


@dataclass(frozen=True, slots=True)
class Drawn:
    """An instance: its pixels, as run lengths because there may be many instances, and what it is of.

    Attributes:
        mask: its pixels; None if it has none.
        area: how many they are.
        name: of its class.
    """

    mask: Mask | None
    area: int
    name: str

    @classmethod
    def of(cls, pixels: NDArray[np.bool_], name: str) -> Drawn:
        """The instance with these pixels, bool [H, W]."""
        area = int(np.count_nonzero(pixels))
        return cls(Mask.of(pixels) if area else None, area, name)


def stack(drawn: Sequence[Drawn], width: int, height: int) -> tuple[NDArray[np.int32], list[str]]:
    """The label map of instances, the one with fewer pixels on top, and what was lost.

    Args:
        drawn: the instances; they are numbered from 1 in this order.
        width, height: of the map, in pixels.

    Returns:
        int32 [height, width] of their numbers, 0 = none; and lines about pixels and instances that are gone.
    """
    labels = np.zeros((height, width), np.int32)
    overlap = 0
    for number, one in sorted(enumerate(drawn, 1), key=lambda numbered: -numbered[1].area):
        if one.mask is not None:
            pixels = one.mask.pixels
            overlap += int(np.count_nonzero(labels[pixels]))
            labels[pixels] = number
    gone = len(drawn) - len(set(np.unique(labels).tolist()) - {0})
    notes = [f"{overlap} pixels in several instances went to the smaller ones"] if overlap else []
    if gone:
        notes.append(f"{gone} instances without a pixel of their own were left out")
    return labels, notes
