"""The embedding of one photo: made once, reused by every correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.inference.roi import Axis, Roi, align_planes, geometry


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """The encoder's answer to one photo, with all that is needed to read it.

    Attributes:
        array: float32 [C, h, w]; a cell covers stride x stride working pixels.
        photo_width, photo_height: of the upright photo, in pixels.
        working_width, working_height: to which it was resized, in pixels, without padding.
        stride: working pixels per cell.
        model: the hash of the model that made it.
    """

    array: NDArray[np.float32]
    photo_width: int
    photo_height: int
    working_width: int
    working_height: int
    stride: int
    model: str

    @property
    def scale_x(self) -> float:
        """Working pixels per photo pixel, along a row."""
        return self.working_width / self.photo_width

    @property
    def scale_y(self) -> float:
        """Working pixels per photo pixel, along a column."""
        return self.working_height / self.photo_height

    def roi(self, box: Box, cells: int) -> Roi:
        """RoIAlign of a box of the photo, cut into cells x cells."""
        x0, x1 = box[0] * self.scale_x, box[2] * self.scale_x
        y0, y1 = box[1] * self.scale_y, box[3] * self.scale_y
        _, height, width = self.array.shape
        across = Axis.of(x0 / self.stride, x1 / self.stride, cells, width)
        down = Axis.of(y0 / self.stride, y1 / self.stride, cells, height)
        seen = self.array[:, down.start : down.stop, across.start : across.stop]
        return Roi(
            box=box,
            columns=Axis.of(x0, x1, cells, self.working_width),
            rows=Axis.of(y0, y1, cells, self.working_height),
            features=align_planes(seen, down.weights, across.weights),
            geometry=geometry(box, self.photo_width, self.photo_height),
        )
