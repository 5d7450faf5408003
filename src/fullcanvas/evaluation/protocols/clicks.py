"""What both click protocols share: where a simulated person clicks, and what a series of clicks brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.simulation.clicks import depth
from fullcanvas.simulation.overlap import BinaryMask

EXTREME_COSTS = (4, 1)
"""What a region's four extreme points count: as four clicks, and as one interaction."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The scores of one sample after its extreme points and after every click.

    Attributes:
        image_id: the photo's id.
        ious: for every step the IoU of each object; the first step is before any click.
    """

    image_id: int
    ious: tuple[tuple[float, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """The trace as JSON values; `from_json` reads it back without loss."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trace:
        """A trace that `to_json` wrote.

        Raises:
            KeyError, TypeError: it did not.
        """
        return cls(data["image_id"], tuple(tuple(step) for step in data["ious"]))


def deepest(missed: BinaryMask, extra: BinaryMask, free: BinaryMask) -> Point | None:
    """Where to click to correct one object (the rule of RITM).

    Args:
        missed: bool [H, W], pixels that the object should gain.
        extra: bool [H, W], pixels that it should lose.
        free: bool [H, W], pixels that were not clicked yet.

    Returns:
        (x, y) of the pixel farthest inside the deeper of the two errors, the missed one only if it is truly
        deeper; the first in reading order of equals. None if nothing is left to click.
    """
    inside, outside = depth(missed) * free, depth(extra) * free
    return peak(inside if inside.max() > outside.max() else outside)


def peak(distance: NDArray[np.float32]) -> Point | None:
    """(x, y) of the first largest value in reading order, None if there is none above 0."""
    row, column = np.unravel_index(int(distance.argmax()), distance.shape)
    return (int(column), int(row)) if distance[row, column] > 0 else None
