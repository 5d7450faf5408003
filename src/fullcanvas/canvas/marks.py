"""What the person drew by hand on the canvas, scribbles and paint, and what of it holds at each pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import (
    Annotation,
    DeleteRegion,
    DrawScribble,
    MergeRegions,
    PaintRegion,
    Point,
    SplitRegion,
)
from fullcanvas.canvas.bits import Packed
from fullcanvas.canvas.boxes import Box, Framing, box_of_points, intersection, region_box, within
from fullcanvas.canvas.competition import Canvas, Gaps, Labels
from fullcanvas.canvas.resolution import DISPLAY_PIXELS
from fullcanvas.canvas.strokes import Stroke, stroke_pixels

Indices = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A scribble's centre line, or a stroke of the brush.

    Attributes:
        position: of its entry in the log; where marks meet, the later one holds.
        region: the region in force that it is about.
        points: as in the entry.
        radius: of the brush, in photo pixels, or None for a scribble.
        erase: whether the region loses the pixels.
        box: that of the region, out of which a scribble's line is not kept; None for paint.
    """

    position: int
    region: int
    points: tuple[Point, ...]
    radius: float | None = None
    erase: bool = False
    box: Box | None = None

    def window(self, canvas: Canvas) -> Box:
        """Canvas pixels outside of which the mark says nothing; may reach over the canvas's edge."""
        reach = math.ceil(self.radius or 0) + 1
        x0, y0, x1, y1 = box_of_points(self.points)
        across, down = canvas.width / canvas.photo_width, canvas.height / canvas.photo_height
        low = math.floor((x0 - reach) * across) - 1, math.floor((y0 - reach) * down) - 1
        return *low, math.ceil((x1 + reach) * across) + 1, math.ceil((y1 + reach) * down) + 1


def marks_of(annotation: Annotation, framing: Framing, *, scribbles: bool) -> list[Mark]:
    """The marks that count, in the order of the log.

    Those of a deleted region are gone, those of a merged one are about the region it became part of, and a
    split leaves none of the region's: its masks hold what they said.

    Args:
        annotation: the log.
        framing: how the regions' boxes follow from it.
        scribbles: whether the lines of scribbles bind the competition.
    """
    marks: list[Mark] = []
    for position, entry in enumerate(annotation.in_force):
        match entry:
            case DrawScribble() if scribbles:
                marks.append(Mark(position, entry.region, entry.points))
            case PaintRegion():
                marks.append(Mark(position, entry.region, entry.points, entry.radius, entry.erase))
            case MergeRegions():
                marks = [
                    replace(mark, region=entry.region) if mark.region in entry.others else mark
                    for mark in marks
                ]
            case SplitRegion() | DeleteRegion():
                marks = [mark for mark in marks if mark.region != entry.region]
    boxes = {id_: region_box(region, framing) for id_, region in annotation.regions.items()} if marks else {}
    return [mark if mark.radius else replace(mark, box=boxes[mark.region]) for mark in marks]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The marks that reach into an area, each with the pixels at which it is its region's last word.

    Attributes:
        gaps: where regions are erased.
        claims: pixels (rows, columns) that regions have by hand, the latest mark first.
    """

    gaps: Gaps
    claims: Sequence[tuple[Mark, Indices]]


def draw(marks: Sequence[Mark], canvas: Canvas, area: Box) -> Drawn:
    """What the marks say in an area of the canvas.

    Args:
        marks: in the order of the log.
        canvas: the plane.
        area: half-open (x0, y0, x1, y1), in canvas pixels.
    """
    shape = area[3] - area[1], area[2] - area[0]
    near = [mark for mark in marks if intersection(mark.window(canvas), area) is not None]
    erased = {mark.region for mark in near if mark.erase}
    decided, gaps = ({region: np.zeros(shape, np.bool_) for region in erased} for _ in range(2))
    claims = []
    for mark in reversed(near):
        at = _first_said(mark_pixels(mark, canvas, area), decided.get(mark.region))
        if mark.erase:
            gaps[mark.region][at] = True
        else:
            claims.append((mark, at))
    return Drawn(gaps, claims)


def _first_said(at: Indices, decided: NDArray[np.bool_] | None) -> Indices:
    """Those of the pixels of which the region has not spoken later; they are noted."""
    if decided is None:
        return at
    fresh = ~decided[at]
    kept = at[0][fresh], at[1][fresh]
    decided[kept] = True
    return kept


def claim(
    plane: Labels, claims: Sequence[tuple[Mark, Indices]], newest: Labels | None = None
) -> NDArray[np.bool_]:
    """Give regions the pixels of an area that they have by hand.

    Args:
        plane: int32 [h, w], written in place.
        claims: the latest mark first.
        newest: what `newest_masks` says of the area; older marks give way to a mask.

    Returns:
        bool [h, w]: where somebody has.
    """
    taken = np.zeros(plane.shape, np.bool_)
    for mark, (rows, columns) in claims:
        free = ~taken[rows, columns]
        if newest is not None:
            free &= newest[rows, columns] <= mark.position
        at = rows[free], columns[free]
        plane[at] = mark.region
        taken[at] = True
    return taken


def mark_pixels(mark: Mark, canvas: Canvas, area: Box) -> Indices:
    """The pixels of an area that a mark covers: rows and columns, counted from the area's corner."""
    if mark.radius is None:
        stroke = Stroke(mark.region, mark.points, mark.box or box_of_points(mark.points))
        pixels = stroke_pixels(stroke, canvas, area)
        return pixels[:, 1] - area[1], pixels[:, 0] - area[0]
    window = intersection(mark.window(canvas), area)
    if window is None:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    whole = intersection(mark.window(canvas), canvas.area)
    if whole is not None and canvas.width * canvas.height <= DISPLAY_PIXELS:
        covered = _brushed_whole(mark.points, mark.radius, canvas, whole).part(within(window, whole))
    else:
        covered = _brushed(mark.points, mark.radius, canvas, window)
    rows, columns = np.nonzero(covered)
    return rows + (window[1] - area[1]), columns + (window[0] - area[0])


@lru_cache(maxsize=1024)
def _brushed_whole(points: tuple[Point, ...], radius: float, canvas: Canvas, window: Box) -> Packed:
    return Packed.of(_brushed(points, radius, canvas, window))


def _brushed(points: tuple[Point, ...], radius: float, canvas: Canvas, window: Box) -> NDArray[np.bool_]:
    """Which pixels of a window have their centre at most `radius` photo pixels from a line: bool [h, w]."""
    covered = np.zeros((window[3] - window[1], window[2] - window[0]), np.bool_)
    for start, stop in pairwise(points if len(points) > 1 else points * 2):
        piece = intersection(Mark(0, 0, (start, stop), radius).window(canvas), window)
        if piece is not None:
            covered[within(piece, window)] |= _near_line(start, stop, radius, canvas, piece)
    return covered


def _near_line(start: Point, stop: Point, radius: float, canvas: Canvas, window: Box) -> NDArray[np.bool_]:
    dx = canvas.columns(window[0], window[2])[None, :] - (start[0] + 0.5)
    dy = canvas.rows(window[1], window[3])[:, None] - (start[1] + 0.5)
    step_x, step_y = stop[0] - start[0], stop[1] - start[1]
    along = np.clip((dx * step_x + dy * step_y) / max(1, step_x**2 + step_y**2), 0, 1)
    near: NDArray[np.bool_] = (dx - along * step_x) ** 2 + (dy - along * step_y) ** 2 <= radius**2
    return near
