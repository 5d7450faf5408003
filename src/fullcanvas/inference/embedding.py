"""The embedding of a photo, or of a close-up: made once, reused by every correction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.sampling import Axis
from fullcanvas.inference.roi import Roi, align_planes, geometry


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """The encoder's answer to a photo or to a crop of it, with all that is needed to read it.

    Attributes:
        array: float32 [C, h, w]; a cell covers stride x stride working pixels.
        width, height: of what the encoder saw, in pixels of the upright photo.
        working_width, working_height: to which that was resized, in pixels, without padding.
        stride: working pixels per cell.
        model: the hash of the model that made it.
        left, top: the photo pixel in the corner of what the encoder saw.
    """

    array: NDArray[np.float32] = field(repr=False)
    width: int
    height: int
    working_width: int
    working_height: int
    stride: int
    model: str
    left: int = 0
    top: int = 0

    @property
    def crop(self) -> Box:
        """What the encoder saw: half-open, in photo pixels."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    @property
    def scale_x(self) -> float:
        """Working pixels per photo pixel, along a row."""
        return self.working_width / self.width

    @property
    def scale_y(self) -> float:
        """Working pixels per photo pixel, along a column."""
        return self.working_height / self.height

    def roi(self, box: Box, cells: int) -> Roi:
        """RoIAlign of a box, in photo pixels and inside what the encoder saw, cut into cells x cells."""
        inside = box[0] - self.left, box[1] - self.top, box[2] - self.left, box[3] - self.top
        x0, x1 = inside[0] * self.scale_x, inside[2] * self.scale_x
        y0, y1 = inside[1] * self.scale_y, inside[3] * self.scale_y
        _, height, width = self.array.shape
        across = Axis.of(x0 / self.stride, x1 / self.stride, cells, width)
        down = Axis.of(y0 / self.stride, y1 / self.stride, cells, height)
        seen = self.array[:, down.start : down.stop, across.start : across.stop]
        return Roi(
            box=box,
            crop=self.crop,
            columns=Axis.of(x0, x1, cells, self.working_width),
            rows=Axis.of(y0, y1, cells, self.working_height),
            features=align_planes(seen, down.weights, across.weights),
            geometry=geometry(inside, self.width, self.height),
        )


Encode = Callable[[Box | None], Embedding]
"""Encodes a crop of one photo, half-open in its pixels, or all of it if None; may be asked for it again."""
