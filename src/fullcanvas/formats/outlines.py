"""Polygons as COCO draws them, and what is no outline of anything in a photo."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.errors import ImportFormatError

Pixels = NDArray[np.bool_]
_FINE = 5  # COCO draws polygons on a grid this many times as fine as the pixels


def check_outline(corners: NDArray[np.float64], width: int, height: int) -> None:
    """See that an outline can be one of something in a photo.

    Args:
        corners: float [n, 2], x and y; the last is joined to the first.
        width, height: of the photo, in pixels.

    Raises:
        ImportFormatError: it goes far out of the photo, or is longer than any outline in it.
    """
    side = max(width, height)
    if not ((corners >= -side) & (corners <= 2 * side)).all():  # false for NaN, too
        raise ImportFormatError("a polygon goes far out of the image")
    # An outline that passes every pixel's border twice is this long; a longer one is meant to take time.
    if np.abs(np.diff(corners, axis=0, append=corners[:1])).sum() > 8 * (width + 2) * (height + 2):
        raise ImportFormatError("a polygon is longer than any outline in an image of this size")


def draw_polygon(corners: NDArray[np.float64], width: int, height: int) -> Pixels:
    """The pixels of a polygon, as COCO's own code draws them.

    Args:
        corners: float [n, 2], x and y; the last is joined to the first.
        width, height: of the image, in pixels.

    Returns:
        bool [height, width].
    """
    fine = np.trunc(_FINE * corners + 0.5).astype(np.int64)
    crossings = np.zeros(width * height + 1, np.int64)
    for start, stop in pairwise([*fine, fine[0]]):
        np.add.at(crossings, _crossings(start, stop, width, height), 1)
    inside: Pixels = np.cumsum(crossings[:-1]) % 2 == 1
    return inside.reshape(width, height).T


def _crossings(
    start: NDArray[np.int64], stop: NDArray[np.int64], width: int, height: int
) -> NDArray[np.int64]:
    """Where an edge crosses the columns of pixels, counted down them: there a polygon begins or ends."""
    u, v = _edge(start, stop).T
    turns = np.flatnonzero(u[1:] != u[:-1]) + 1
    x = (np.where(u[turns] < u[turns - 1], u[turns], u[turns] - 1) + 0.5) / _FINE - 0.5
    y = np.ceil(np.clip((np.minimum(v[turns], v[turns - 1]) + 0.5) / _FINE - 0.5, 0, height))
    kept = (np.floor(x) == x) & (x >= 0) & (x <= width - 1)
    places: NDArray[np.int64] = (x[kept] * height + y[kept]).astype(np.int64)
    return places


def _edge(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fine grid's points on an edge, in order: int [n, 2]."""
    dx, dy = np.abs(stop - start)
    axis = 0 if dx >= dy else 1
    flip = start[axis] > stop[axis]
    low, high = (stop, start) if flip else (start, stop)
    length = int(max(dx, dy))
    along = np.arange(length + 1)
    slope = (high[1 - axis] - low[1 - axis]) / length if length else 0.0
    points = np.empty((length + 1, 2), np.int64)
    points[:, axis] = low[axis] + along
    points[:, 1 - axis] = np.trunc(low[1 - axis] + slope * along + 0.5)
    return points[::-1] if flip else points
