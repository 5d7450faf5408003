"""What the canvas does, done the plain way: lines one after the other, sampling by whole matrices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.competition import Canvas
from fullcanvas.canvas.lines import line_pixels


class Line(NamedTuple):
    """A scribble's centre line, whose it is, and that region's box."""

    region: int
    points: tuple[Point, ...]
    box: Box


def draw_lines(plane: NDArray[np.generic], lines: Iterable[Line], canvas: Canvas, area: Box) -> None:
    """Draw lines, one pixel thin, onto an array that holds an area of a label map; later ones win.

    Args:
        plane: [y1 - y0, x1 - x0], written in place: the line's region id at its pixels.
        lines: in the order in which they were drawn.
        canvas: the plane on which the label map lies.
        area: half-open (x0, y0, x1, y1), in canvas pixels.
    """
    for line in lines:
        for row, column in line_pixels(line.points, line.box, canvas).T:
            if area[1] <= row < area[3] and area[0] <= column < area[2]:
                plane[row - area[1], column - area[0]] = line.region


def resample(
    plane: NDArray[np.float32], rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`rows @ plane @ columns.T` over the last two axes: float32 [..., h, w] -> [..., rows, columns]."""
    return (rows @ plane @ columns.T).astype(np.float32, copy=False)
