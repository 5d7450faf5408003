"""Strokes drawn the plain way, one after the other."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.competition import Canvas
from fullcanvas.canvas.strokes import Stroke, stroke_pixels


def draw_strokes(plane: NDArray[np.generic], strokes: Iterable[Stroke], canvas: Canvas, area: Box) -> None:
    """Draw strokes, one pixel thin, onto an array that holds an area of a label map; later ones win.

    Args:
        plane: [y1 - y0, x1 - x0], written in place: the stroke's region id at its pixels.
        strokes: in the order in which they were drawn.
        canvas: the plane on which the label map lies.
        area: half-open (x0, y0, x1, y1), in canvas pixels.
    """
    for stroke in strokes:
        pixels = stroke_pixels(stroke, canvas, area)
        plane[pixels[:, 1] - area[1], pixels[:, 0] - area[0]] = stroke.region
