"""What the mask head sees of one region: RoIAlign of the embedding and of the annotation map in its box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.sampling import Matrix, align_matrix, resample

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Axis:
    """RoIAlign on one axis, without the pixels that no sample touches.

    Attributes:
        start, stop: the pixels that count, half-open.
        weights: float32 [cells, stop - start].
    """

    start: int
    stop: int
    weights: Matrix

    @classmethod
    def of(cls, low: float, high: float, cells: int, size: int) -> Axis:
        """The axis of a box from `low` to `high` on a plane of `size` pixels."""
        full = align_matrix(low, high, cells, size)
        # Bilinear samples lie in the box: the pixels of its border and one more are all they can reach.
        start, stop = max(0, int(np.floor(low - 0.5))), min(size, int(np.floor(high - 0.5)) + 2)
        return cls(start, stop, np.ascontiguousarray(full[:, start:stop]))


@dataclass(frozen=True, slots=True, eq=False)
class Roi:
    """A box as the mask head sees it, made once for as long as the box stays.

    Attributes:
        box: in photo pixels.
        columns, rows: RoIAlign of the working plane.
        features: float32 [C, R, R].
        geometry: float32 [4]: centre x, centre y, width, height of the box in fractions of the photo.
    """

    box: Box
    columns: Axis
    rows: Axis
    features: Features
    geometry: NDArray[np.float32]

    @property
    def window(self) -> Box:
        """The working pixels that matter to the region: half-open (x0, y0, x1, y1)."""
        return self.columns.start, self.rows.start, self.columns.stop, self.rows.stop

    def align(self, maps: NDArray[np.uint8]) -> Features:
        """RoIAlign of the working plane, of which `maps`, [2, h, w], holds this RoI's window."""
        return resample(maps.astype(np.float32), self.rows.weights, self.columns.weights)


def geometry(box: Box, width: int, height: int) -> NDArray[np.float32]:
    """Centre x, centre y, width and height of a box in fractions of its photo: float32 [4]."""
    x0, y0, x1, y1 = box
    values = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
    return np.array(values, np.float32)
