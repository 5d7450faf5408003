"""Drawing ink: what the mask head sees of extreme points and scribbles (section 3.2 of the paper).

Ink is binary and drawn in pixels of the working resolution. A point (x, y) of the photo has its centre at
((x + 0.5) * scale_x, (y + 0.5) * scale_y) there. Everything can be drawn into a window of the plane; the
window then holds exactly what it would hold had the whole plane been drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation.region import Point, Region

Plane = NDArray[np.uint8]
DISC_DIAMETER = 6.0
STROKE_WIDTH = 3
_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True)
class Ink:
    """How ink is drawn.

    Attributes:
        scale_x, scale_y: working pixels per photo pixel.
        disc_diameter: of an extreme point, in working pixels.
        stroke_width: of a scribble, in working pixels.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    disc_diameter: float = DISC_DIAMETER
    stroke_width: int = STROKE_WIDTH

    def draw(self, region: Region, window: tuple[int, int, int, int]) -> Plane:
        """The region's own ink inside a window.

        Args:
            region: whose extreme points and scribbles are drawn.
            window: half-open (x0, y0, x1, y1) in working pixels.

        Returns:
            uint8 [y1 - y0, x1 - x0], 1 where there is ink.
        """
        x0, y0, x1, y1 = window
        plane = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for point in self._to_working(region.extreme_points, x0, y0):
            _draw_disc(plane, point, self.disc_diameter)
        for scribble in region.scribbles:
            _draw_stroke(plane, self._to_working(scribble.points, x0, y0), self.stroke_width)
        return plane

    def extent(self, points: Iterable[Point], width: int, height: int) -> tuple[int, int, int, int]:
        """A half-open box, in working pixels, that holds all ink of the points and of strokes between them.

        Args:
            points: pixels of the photo, at least one.
            width, height: of the working plane; the box is cut off there.
        """
        working = self._to_working(points, 0, 0)
        margin = max(self.disc_diameter, self.stroke_width) / 2 + 2
        low, high = np.floor(working.min(0) - margin), np.ceil(working.max(0) + margin)
        x0, y0 = (int(value) for value in np.maximum(low, 0))
        return x0, y0, min(width, int(high[0])), min(height, int(high[1]))

    def _to_working(self, points: Iterable[Point], x0: int, y0: int) -> NDArray[np.float64]:
        pixels = np.array(list(points), np.float64)
        return (pixels + 0.5) * (self.scale_x, self.scale_y) - (x0, y0)


def annotation_maps(
    regions: Sequence[Region], ink: Ink, width: int, height: int, shared: bool = True
) -> Plane:
    """The two-channel annotation maps F of equation 2, image-sized.

    Args:
        regions: N regions.
        ink: how to draw them.
        width, height: of the working plane.
        shared: whether channel 1 holds everybody else's ink or stays empty (Table 2's "not shared").

    Returns:
        uint8 [N, 2, height, width] of 0 and 1: own ink, everybody else's ink.
    """
    maps = np.zeros((len(regions), 2, height, width), np.uint8)
    for own, region in zip(maps[:, 0], regions, strict=True):
        own[:] = ink.draw(region, (0, 0, width, height))
    if shared:
        total = maps[:, 0].sum(0, dtype=np.int32)
        np.greater(total, maps[:, 0], out=maps[:, 1], casting="unsafe")
    return maps


def _draw_disc(plane: Plane, centre: NDArray[np.float64], diameter: float) -> None:
    """Set the pixels whose centres are less than half a diameter away, and the one that holds the centre."""
    height, width = plane.shape
    radius = diameter / 2
    x0, y0 = np.maximum(np.floor(centre - radius).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(centre + radius).astype(int), (width, height))
    if x0 >= x1 or y0 >= y1:
        return
    dx = np.arange(x0, x1) + 0.5 - centre[0]
    dy = np.arange(y0, y1) + 0.5 - centre[1]
    near = dx**2 + dy[:, None] ** 2 < radius**2
    near |= (np.abs(dx) <= 0.5) & (np.abs(dy[:, None]) <= 0.5)
    plane[y0:y1, x0:x1] |= near


def _draw_stroke(plane: Plane, points: NDArray[np.float64], width: int) -> None:
    """Draw straight lines of the given width through the points; a single point makes a dot."""
    if len(points) == 1:
        _draw_disc(plane, points[0], width)
        return
    # OpenCV puts a pixel's centre on whole numbers, and takes fixed-point coordinates.
    fixed = np.round((points - 0.5) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(plane, [fixed], False, 1, width, cv2.LINE_8, _SUBPIXEL_BITS)
