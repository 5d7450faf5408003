"""Cutting a region in two along a drawn line."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import AnnotationError, Point
from fullcanvas.canvas.bits import Pixels

_POCKET = 4  # line pixels for each pixel of the smallest part that counts


def cut(mask: Pixels, line: Sequence[Point]) -> tuple[Pixels, Pixels]:
    """The two parts of a region on either side of a line: the smaller, and the rest with the line itself.

    If the line as drawn leaves the region in one piece, it goes straight on at both ends. Pieces that touch
    the line go by the side on which they do so, other parts of the region by the side of most pixels.

    Args:
        mask: bool [H, W], the region's pixels.
        line: pixels (x, y) joined by straight lines.

    Returns:
        two masks, bool [H, W], that share no pixel and together are the region.

    Raises:
        AnnotationError: the region has no pixel, the line less than two points, or it does not cut the
            region in two.
    """
    if len(set(line)) < 2:
        raise AnnotationError("a region is split along a line of at least two points")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise AnnotationError("the region has no pixel to split")
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    kept = [point for point, before in zip(line, [None, *line], strict=False) if point != before]
    part = np.zeros_like(mask)
    part[inside] = _smaller_part(mask[inside], np.array(kept) - (columns[0], rows[0]), max(mask.shape))
    return part, mask & ~part


def _smaller_part(mask: Pixels, points: NDArray[np.intp], reach: int) -> Pixels:
    extended = _extended(points, reach * 2)
    for drawn in (points, extended):
        one, other, on_line = _sides(mask, drawn, extended, reach)
        part = one if np.count_nonzero(one) <= np.count_nonzero(other) else other
        # A shaky line encloses pockets of a few pixels, which are no part of anything.
        if np.count_nonzero(part) > on_line / _POCKET:
            return part
    raise AnnotationError("the line does not cut the region in two; draw it from one side to the other")


def _extended(points: NDArray[np.intp], reach: int) -> NDArray[np.intp]:
    """The line, going on straight at both ends for `reach` pixels."""
    ends = []
    for line in (points, points[::-1]):
        # Two neighbouring points of a stroke know eight directions: look back farther where one can.
        back = line[min(len(line) - 1, 5)]
        way = line[0] - (back if (back != line[0]).any() else line[1])
        ends.append(line[0] + np.round(way * (reach / np.hypot(*way))))
    return np.concatenate([ends[:1], points, ends[1:]]).astype(np.intp)


def _sides(
    mask: Pixels, drawn: NDArray[np.intp], extended: NDArray[np.intp], reach: int
) -> tuple[Pixels, Pixels, int]:
    """The pieces of the mask on either side of a line, and how many of its pixels lie on the line."""
    side = _one_side(mask.shape, extended, reach)
    traced = np.zeros(mask.shape, np.uint8)
    cv2.polylines(traced, [drawn.astype(np.int32)], False, (1,), 1)
    beside = cv2.dilate(traced, np.ones((3, 3), np.uint8)) > 0
    off_line = mask & (traced == 0)
    count, pieces, sizes, _ = cv2.connectedComponentsWithStats(off_line.astype(np.uint8), connectivity=4)
    votes = 2 * np.bincount(pieces[off_line & side], minlength=count) - sizes[:, cv2.CC_STAT_AREA]
    near = np.bincount(pieces[beside], 2.0 * side[beside] - 1, count)
    chosen = (np.where(near != 0, near, votes) > 0)[pieces] & off_line
    return chosen, off_line & ~chosen, int(np.count_nonzero(mask & (traced > 0)))


def _one_side(shape: tuple[int, ...], extended: NDArray[np.intp], reach: int) -> Pixels:
    """The pixels on one side of a line that leaves the image at both ends."""
    way = extended[-1] - extended[0]
    across = np.round(np.array([-way[1], way[0]]) * (4 * reach / max(1.0, float(np.hypot(*way))))).astype(
        np.intp
    )
    polygon = np.concatenate([extended, [extended[-1] + across, extended[0] + across]])
    side = np.zeros(shape, np.uint8)
    cv2.fillPoly(side, [polygon.astype(np.int32)], (1,))
    return side > 0
