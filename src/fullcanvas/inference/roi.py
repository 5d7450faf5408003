"""What the mask head sees of one region: RoIAlign of the embedding and of the annotation map in its box."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.sampling import Axis, Matrix

Features = NDArray[np.float32]

ONE_THREAD = 1 << 18
"""Products of up to this many multiply-adds are done by OpenBLAS on one thread. Larger ones wake the others
and wait for all, which gains little here and takes tens of milliseconds on a busy machine."""
_RARE = 2  # a pixel that is picked costs twice as much as its part of a product of whole planes


@dataclass(frozen=True, slots=True, eq=False)
class Roi:
    """A box as the mask head sees it, made once for as long as the box stays.

    Attributes:
        box: in photo pixels.
        crop: of the photo through which the region is seen: half-open, in photo pixels.
        columns, rows: RoIAlign of the working plane.
        features: float32 [C, R, R].
        geometry: float32 [4]: centre x, centre y, width, height of the box in fractions of the crop.
    """

    box: Box
    crop: Box
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
        return np.stack([_align_ink(plane, self.rows.weights, self.columns.weights) for plane in maps])


def align_planes(planes: Features, rows: Matrix, columns: Matrix) -> Features:
    """`rows @ planes @ columns.T` of [C, h, w] -> [C, R, R]."""
    channels, height, width = planes.shape
    narrow = _product(planes.reshape(channels * height, width), columns.T)
    narrow = np.ascontiguousarray(narrow.reshape(channels, height, -1).transpose(0, 2, 1))
    small = _product(narrow.reshape(-1, height), rows.T)
    return np.ascontiguousarray(small.reshape(channels, len(columns), len(rows)).transpose(0, 2, 1))


def _product(left: Features, right: Matrix) -> Features:
    """`left @ right`, piece by piece; see `ONE_THREAD`."""
    answer = np.empty((len(left), right.shape[1]), np.float32)
    step = max(1, ONE_THREAD // right.size)
    for start in range(0, len(left), step):
        np.matmul(left[start : start + step], right, out=answer[start : start + step])
    return answer


def _align_ink(plane: NDArray[np.uint8], rows: Matrix, columns: Matrix) -> Features:
    """`rows @ plane @ columns.T` of a plane of 0 and 1; where ink is rare, only pixels that bear it count."""
    pixels = cv2.countNonZero(plane)
    if pixels * len(columns) * _RARE > plane.size:
        return align_planes(plane[None].astype(np.float32), rows, columns).squeeze(0)
    aligned = np.zeros((len(rows), len(columns)), np.float32)
    if pixels:
        x, y = cv2.findNonZero(plane)[:, 0].T
        step = max(1, ONE_THREAD // aligned.size)
        for start in range(0, len(x), step):
            piece = slice(start, start + step)
            aligned += rows[:, y[piece]] @ columns[:, x[piece]].T
    return aligned


def geometry(box: Box, width: int, height: int) -> NDArray[np.float32]:
    """Centre x, centre y, width and height of a box in fractions of what the encoder saw: float32 [4]."""
    x0, y0, x1, y1 = box
    values = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
    return np.array(values, np.float32)
