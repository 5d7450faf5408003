"""The centre lines of scribbles on the canvas: pixels that belong to a region because the person said so."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.competition import Canvas

Pixels = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A scribble's centre line, in photo pixels, and whose it is.

    Attributes:
        region: the id of the region that it grows.
        points: as in the scribble.
        box: that region's box; what lies outside of it is not kept.
    """

    region: int
    points: tuple[Point, ...]
    box: Box = field(compare=False)


def stroke_pixels(stroke: Stroke, canvas: Canvas, area: Box) -> Pixels:
    """The pixels (x, y) of an area of the canvas on a stroke and in its region's box: int [n, 2]."""
    window = canvas.window(stroke.box)
    low, high = np.maximum(window[:2], area[:2]), np.minimum(window[2:], area[2:])
    pixels = _line_pixels(stroke.points, canvas)
    kept: Pixels = pixels[((pixels >= low) & (pixels < high)).all(1)]
    return kept


@lru_cache(maxsize=1024)
def _line_pixels(points: tuple[Point, ...], canvas: Canvas) -> Pixels:
    """The canvas pixels on straight lines through photo pixels, 8-connected."""
    scale = canvas.width / canvas.photo_width, canvas.height / canvas.photo_height
    corners = np.floor((np.array(points) + 0.5) * scale).astype(np.intp)
    pieces = [_segment(start, stop) for start, stop in pairwise(corners)]
    pixels = np.concatenate([corners[:1], *pieces])
    pixels.flags.writeable = False
    return pixels


def _segment(start: Pixels, stop: Pixels) -> Pixels:
    """The pixels on the line from start to stop, the very ones that OpenCV draws when nothing is cut off.

    OpenCV's own drawing would restart a line where it enters an array, and tiles would not fit together.
    """
    if stop[0] < start[0]:
        start, stop = stop, start
    reach = np.abs(stop - start)
    steps = int(reach.max())
    along = np.arange(steps + 1)[:, None]
    pixels: Pixels = start + np.sign(stop - start) * ((2 * along * reach + steps - 1) // max(1, 2 * steps))
    return pixels
