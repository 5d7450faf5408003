"""Drawing ink: what the mask head sees of extreme points and scribbles (section 3.2 of the paper).

Ink is binary and drawn in pixels of the working resolution: discs where a person pointed (extreme points, and
scribbles that are clicks), lines elsewhere. A point (x, y) of the photo has its centre at
((x + 0.5 - left) * scale_x, (y + 0.5 - top) * scale_y) there. A pixel is inked where its centre lies less
than half the width from an extreme point or a scribble's line. Everything can be drawn into a window of the
plane; the window then holds exactly what it would hold had the whole plane been drawn.

OpenCV's thick lines are not used: drawn at fractions of a pixel, a line of thickness 3 covers five rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation.points import Point
from fullcanvas.annotation.region import Region, Scribble

Plane = NDArray[np.uint8]
Window = tuple[int, int, int, int]
DISC_DIAMETER = 6.0
STROKE_WIDTH = 3
_THINNEST = 1.5
_PIECE = 8
_AT_ONCE = 2048  # pieces, so that the longest scribble takes no more memory than any
_REMEMBERED = 1 << 14
"""Scribbles and discs, of about a kilobyte each: every correction asks for those around it again, on every
plane. Two hundred regions with eight scribbles each are 2,400 of them on the photo's plane, and more on those
of close-ups; where fewer are remembered, each is forgotten before it is asked for."""
_LARGEST_REMEMBERED = 1 << 18  # pixels around a scribble: one through a close-up may be far longer than that


@dataclass(frozen=True, slots=True)
class Pen:
    """How ink is drawn.

    Attributes:
        scale_x, scale_y: working pixels per photo pixel.
        disc_diameter: of an extreme point or a click, in working pixels; at least 1.5.
        stroke_width: of a scribble, in working pixels; at least 1.5.
        left, top: the photo pixel in the corner of the working plane: 0 unless the plane is of a close-up.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    disc_diameter: float = DISC_DIAMETER
    stroke_width: float = STROKE_WIDTH
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        if min(self.disc_diameter, self.stroke_width) < _THINNEST:
            raise ValueError(f"ink thinner than {_THINNEST} pixels falls between the pixels' centres")

    def draw(self, region: Region, window: Window) -> Plane:
        """The region's own ink inside a window.

        Args:
            region: whose extreme points and scribbles are drawn.
            window: half-open (x0, y0, x1, y1) in working pixels.

        Returns:
            uint8 [y1 - y0, x1 - x0], 1 where there is ink.
        """
        plane = self.draw_scribbles(region.scribbles, window)
        for point in region.extreme_points:  # a disc is a line of one point
            self._draw_remembered(plane, window, (point,), self.disc_diameter)
        return plane

    def draw_scribbles(self, scribbles: Iterable[Scribble], window: Window) -> Plane:
        """The ink of some scribbles inside a window, as `draw`."""
        x0, y0, x1, y1 = window
        plane = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for scribble in scribbles:
            width = self.stroke_width if len(scribble.points) > 1 else self.disc_diameter
            self._draw_remembered(plane, window, scribble.points, width)
        return plane

    def _draw_remembered(self, plane: Plane, window: Window, points: tuple[Point, ...], width: float) -> None:
        x0, y0, x1, y1 = window
        bits, (u0, v0, u1, v1) = _drawn(self, points, width)
        left, top, right, bottom = max(x0, u0), max(y0, v0), min(x1, u1), min(y1, v1)
        if left >= right or top >= bottom:
            return
        if bits is None:
            _draw_line(plane, window, self.to_working(points), width)
        else:
            rows = np.unpackbits(bits[top - v0 : bottom - v0], axis=1)
            plane[top - y0 : bottom - y0, left - x0 : right - x0] |= rows[:, left - u0 : right - u0]

    def extent(self, low: Point, high: Point, width: int, height: int) -> Window | None:
        """A half-open box, in working pixels, that holds all ink of points and of strokes between them.

        Args:
            low, high: the least and the greatest x and y of the points, in photo pixels.
            width, height: of the working plane; the box is cut off there.

        Returns:
            The box, or None if all of the ink lies beside the plane.
        """
        margin = max(self.disc_diameter, self.stroke_width) / 2
        x0 = max(0, math.floor((low[0] + 0.5 - self.left) * self.scale_x - margin))
        y0 = max(0, math.floor((low[1] + 0.5 - self.top) * self.scale_y - margin))
        x1 = min(width, math.ceil((high[0] + 0.5 - self.left) * self.scale_x + margin))
        y1 = min(height, math.ceil((high[1] + 0.5 - self.top) * self.scale_y + margin))
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def to_working(self, points: Iterable[Point]) -> NDArray[np.float64]:
        """The centres of some photo pixels in working pixels: float64 [n, 2], x and y."""
        corner = self.left - 0.5, self.top - 0.5
        return (np.array(list(points), np.float64) - corner) * (self.scale_x, self.scale_y)


def annotation_maps(
    regions: Sequence[Region], pen: Pen, width: int, height: int, shared: bool = True
) -> Plane:
    """The two-channel annotation maps F of equation 2, image-sized.

    Args:
        regions: N regions.
        pen: how to draw them.
        width, height: of the working plane.
        shared: whether channel 1 holds everybody else's ink or stays empty (Table 2's "not shared").

    Returns:
        uint8 [N, 2, height, width] of 0 and 1: own ink, everybody else's ink.
    """
    maps = np.zeros((len(regions), 2, height, width), np.uint8)
    for own, region in zip(maps[:, 0], regions, strict=True):
        own[:] = pen.draw(region, (0, 0, width, height))
    if shared:
        total = maps[:, 0].sum(0, dtype=np.int32)
        np.greater(total, maps[:, 0], out=maps[:, 1], casting="unsafe")
    return maps


@lru_cache(maxsize=_REMEMBERED)
def _drawn(pen: Pen, points: tuple[Point, ...], width: float) -> tuple[Plane | None, Window]:
    """All ink along a line, eight pixels of a row in a byte (None if it is large), and its window."""
    working = pen.to_working(points)
    x0, y0 = (math.floor(value) for value in working.min(0) - width / 2)
    x1, y1 = (math.ceil(value) for value in working.max(0) + width / 2)
    window = x0, y0, x1, y1
    if (y1 - y0) * (x1 - x0) > _LARGEST_REMEMBERED:
        return None, window
    plane = np.zeros((y1 - y0, x1 - x0), np.uint8)
    _draw_line(plane, window, working, width)
    return np.packbits(plane, axis=1), window


def _draw_line(plane: Plane, window: Window, points: NDArray[np.float64], width: float) -> None:
    """Ink the pixels of the window along a line through points in working pixels."""
    starts, steps = _pieces(points)
    for first in range(0, len(starts), _AT_ONCE):
        batch = slice(first, first + _AT_ONCE)
        _draw_pieces(plane, window, starts[batch], steps[batch], width)


def _pieces(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A line through the points, cut into pieces of at most `_PIECE` pixels: starts [n, 2] and steps [n, 2].

    A single point makes one piece without extent.
    """
    if len(points) == 1:
        return points, np.zeros_like(points)
    lines = np.diff(points, axis=0)
    counts = np.maximum(np.ceil(np.hypot(*lines.T) / _PIECE).astype(np.intp), 1)
    steps = np.repeat(lines / counts[:, None], counts, axis=0)
    index = np.arange(len(steps)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(points[:-1], counts, axis=0) + index[:, None] * steps, steps


def _draw_pieces(
    plane: Plane, window: Window, starts: NDArray[np.float64], steps: NDArray[np.float64], width: float
) -> None:
    """Ink the pixels of the window whose centres are less than half the width from one of the pieces.

    All distances are taken in coordinates of the whole plane, so that no rounding depends on the window.
    """
    corners = np.floor(np.minimum(starts, starts + steps) - width / 2)
    reach = math.ceil(_PIECE + width) + 1
    near_window = ((corners < window[2:]) & (corners + reach > window[:2])).all(1)
    corners, starts, steps = corners[near_window], starts[near_window], steps[near_window]

    pixels = corners[..., None] + np.arange(reach)
    offsets = pixels + 0.5 - starts[..., None]
    dx, dy = offsets[:, 0, None, :], offsets[:, 1, :, None]
    step_x, step_y = steps[:, 0, None, None], steps[:, 1, None, None]
    length = np.maximum(step_x**2 + step_y**2, np.finfo(np.float64).tiny)
    along = np.clip((dx * step_x + dy * step_y) / length, 0, 1)
    inked = (dx - along * step_x) ** 2 + (dy - along * step_y) ** 2 < (width / 2) ** 2

    piece, row, column = np.nonzero(inked)
    x = (pixels[piece, 0, column] - window[0]).astype(np.intp)
    y = (pixels[piece, 1, row] - window[1]).astype(np.intp)
    inside = (x >= 0) & (y >= 0) & (x < plane.shape[1]) & (y < plane.shape[0])
    plane[y[inside], x[inside]] = 1
