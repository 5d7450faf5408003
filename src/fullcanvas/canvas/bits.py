"""Masks kept in memory between corrections: eight pixels a byte, so that many of them cost little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A mask, bool [h, w], as bits.

    Attributes:
        width: w.
        rows: uint8 [h, ceil(w / 8)].
    """

    width: int
    rows: NDArray[np.uint8]

    @classmethod
    def of(cls, pixels: Pixels) -> Packed:
        """The mask of an array, bool [h, w]."""
        return cls(pixels.shape[1], np.packbits(pixels, axis=1))

    def part(self, place: tuple[slice, slice]) -> Pixels:
        """Some rows and columns of the mask: bool."""
        pixels = np.unpackbits(self.rows[place[0]], axis=1, count=self.width)
        return pixels[:, place[1]].view(np.bool_)
