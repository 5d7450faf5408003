"""From instances that may overlap to a label map, in which none do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Mask
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.imported import few


@dataclass(frozen=True, slots=True)
class Drawn:
    """An instance: its pixels, as run lengths because there may be many instances, and what it is of.

    Attributes:
        mask: its pixels.
        area: how many they are.
        name: of its class.
        which: it is, in messages.
        flaws: lines about parts of it that cannot be used.
    """

    mask: Mask
    area: int
    name: str
    which: str
    flaws: tuple[str, ...] = ()

    @classmethod
    def of(cls, pixels: NDArray[np.bool_], name: str, which: str, flaws: Sequence[str] = ()) -> Drawn:
        """The instance with these pixels, bool [H, W].

        Raises:
            ImportFormatError: there are none.
        """
        area = int(np.count_nonzero(pixels))
        if not area:
            raise ImportFormatError(f"{which}: has no pixel in the photo")
        return cls(Mask.of(pixels), area, name, which, tuple(f"{which}: {flaw}" for flaw in flaws))


def stack(
    drawn: Sequence[Drawn], width: int, height: int, *, later: bool = False
) -> tuple[NDArray[np.int32], list[str]]:
    """The label map of instances, the one with fewer pixels on top, and what was lost.

    Args:
        drawn: the instances; they are numbered from 1 in this order.
        width, height: of the map, in pixels.
        later: whether the later one is on top instead.

    Returns:
        int32 [height, width] of their numbers, 0 = none; and lines about pixels and instances that are gone.
    """
    labels = np.zeros((height, width), np.int32)
    overlap = 0
    for number, one in sorted(enumerate(drawn, 1), key=lambda numbered: 0 if later else -numbered[1].area):
        pixels = one.mask.pixels
        overlap += int(np.count_nonzero(labels[pixels]))
        labels[pixels] = number
    present = set(np.unique(labels).tolist())
    gone = [one.which for number, one in enumerate(drawn, 1) if number not in present]
    top = "later" if later else "smaller"
    notes = [f"{overlap} pixels in several instances went to the {top} ones"] if overlap else []
    if gone:
        notes.append(f"{len(gone)} of {len(drawn)} left out, covered by others: {few(gone)}")
    if flaws := [flaw for one in drawn for flaw in one.flaws]:
        notes.append(f"parts left out of {len(flaws)} of {len(drawn)}: {few(flaws, '; ')}")
    return labels, notes
