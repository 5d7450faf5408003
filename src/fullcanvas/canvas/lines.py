"""The centre lines of scribbles on the canvas: pixels that belong to a region because the person said so."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.competition import Canvas

Places = NDArray[np.intp]
"""Pixels, by their coordinates."""
_REMEMBERED = 2048  # strokes, of a few kilobytes each: every correction asks for them again


@lru_cache(maxsize=_REMEMBERED)
def line_pixels(points: tuple[Point, ...], box: Box, canvas: Canvas) -> Places:
    """The canvas pixels of a scribble's centre line that lie in its region's box.

    Args:
        points: of the scribble, in photo pixels.
        box: in photo pixels, half-open; what lies outside of it is not kept.
        canvas: the plane.

    Returns:
        int [2, n], rows and columns; read-only.
    """
    x0, y0, x1, y1 = canvas.window(box)
    pixels = _whole_line(points, canvas)
    kept: Places = pixels[((pixels >= (x0, y0)) & (pixels < (x1, y1))).all(1), ::-1].T.copy()
    kept.flags.writeable = False
    return kept


@lru_cache(maxsize=_REMEMBERED)
def _whole_line(points: tuple[Point, ...], canvas: Canvas) -> Places:
    """The canvas pixels (x, y) on straight lines through photo pixels, 8-connected: int [n, 2]."""
    scale = canvas.width / canvas.photo_width, canvas.height / canvas.photo_height
    corners = np.floor((np.array(points) + 0.5) * scale).astype(np.intp)
    pieces = [_segment(start, stop) for start, stop in pairwise(corners)]
    pixels = np.concatenate([corners[:1], *pieces])
    pixels.flags.writeable = False
    return pixels


def _segment(start: Places, stop: Places) -> Places:
    """The pixels on the line from start to stop, the very ones that OpenCV draws when nothing is cut off.

    OpenCV's own drawing would restart a line where it enters an array, and tiles would not fit together.
    """
    if stop[0] < start[0]:
        start, stop = stop, start
    reach = np.abs(stop - start)
    steps = int(reach.max())
    along = np.arange(steps + 1)[:, None]
    pixels: Places = start + np.sign(stop - start) * ((2 * along * reach + steps - 1) // max(1, 2 * steps))
    return pixels
