"""What the person drew by hand on the canvas, scribbles and paint, and what of it holds at each pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import (
    Annotation,
    DeleteRegion,
    DrawScribble,
    KeepRegions,
    MergeRegions,
    PaintRegion,
    Point,
    SplitRegion,
)
from fullcanvas.canvas.bits import Packed
from fullcanvas.canvas.boxes import Box, box_of_points, intersection, within
from fullcanvas.canvas.competition import Canvas, Gaps, Labels
from fullcanvas.canvas.lines import Places, line_pixels
from fullcanvas.canvas.resolution import DISPLAY_PIXELS


@dataclass(frozen=True, slots=True)
class Stroke:
    """A scribble's centre line, or a stroke of the brush.

    Attributes:
        index: of its entry among those in force; where strokes meet, the later one holds.
        region: the region in force that it is about.
        points: as in the entry.
        radius: of the brush, in photo pixels, or None for a scribble.
        erase: whether the region loses the pixels.
        box: that of the region, out of which a scribble's line is not kept; None for paint.
    """

    index: int
    region: int
    points: tuple[Point, ...]
    radius: float | None = None
    erase: bool = False
    box: Box | None = None

    def window(self, canvas: Canvas) -> Box:
        """A window that holds all canvas pixels that the stroke covers; it may reach beyond the canvas."""
        return _window(self.points, self.radius, canvas)


@lru_cache(maxsize=4096)
def _window(points: tuple[Point, ...], radius: float | None, canvas: Canvas) -> Box:
    reach = math.ceil(radius or 0) + 1
    x0, y0, x1, y1 = box_of_points(points)
    across, down = canvas.width / canvas.photo_width, canvas.height / canvas.photo_height
    low = math.floor((x0 - reach) * across) - 1, math.floor((y0 - reach) * down) - 1
    return *low, math.ceil((x1 + reach) * across) + 1, math.ceil((y1 + reach) * down) + 1


def strokes_of(annotation: Annotation, boxes: Mapping[int, Box], *, scribbles: bool) -> list[Stroke]:
    """The strokes that count, in the order of the log.

    Those of a deleted region are dropped; those of a merged one belong to the region it became part of. A
    split and finished pixels drop those that the region had before: the masks include what they did.

    Args:
        annotation: the log.
        boxes: of the regions in force, by id, in photo pixels.
        scribbles: whether the lines of scribbles bind the competition.
    """
    said: list[tuple[int, int, DrawScribble | PaintRegion]] = []  # the index, the region, and the entry
    for index, entry in enumerate(annotation.in_force):
        match entry:
            case DrawScribble() if scribbles:
                said.append((index, entry.region, entry))
            case PaintRegion():
                said.append((index, entry.region, entry))
            case MergeRegions():
                said = [
                    (at, entry.region if region in entry.others else region, one) for at, region, one in said
                ]
            case SplitRegion() | DeleteRegion():
                said = [each for each in said if each[1] != entry.region]
            case KeepRegions():
                said = [each for each in said if each[1] not in entry.regions]
    return [_stroke(index, region, entry, boxes) for index, region, entry in said]


def _stroke(index: int, region: int, entry: DrawScribble | PaintRegion, boxes: Mapping[int, Box]) -> Stroke:
    if isinstance(entry, PaintRegion):
        return Stroke(index, region, entry.points, entry.radius, entry.erase)
    return Stroke(index, region, entry.points, box=boxes[region])


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What the strokes decide in an area.

    Attributes:
        gaps: where regions are erased.
        places: pixels that regions have by hand, in the order of the log: rows and columns, [2, n].
        regions: whose they are, [n].
        indices: of the strokes that say so, [n].
    """

    gaps: Gaps
    places: Places
    regions: NDArray[np.intp]
    indices: NDArray[np.intp]


def draw(strokes: Sequence[Stroke], canvas: Canvas, area: Box) -> Drawn:
    """What the strokes decide in an area of the canvas: each where no later one of its region covers it.

    Args:
        strokes: in the order of the log.
        canvas: the plane.
        area: half-open (x0, y0, x1, y1), in canvas pixels.
    """
    shape = area[3] - area[1], area[2] - area[0]
    near = [stroke for stroke in strokes if intersection(stroke.window(canvas), area) is not None]
    erased = {stroke.region for stroke in near if stroke.erase}
    decided, gaps = ({region: np.zeros(shape, np.bool_) for region in erased} for _ in range(2))
    claims = []
    for stroke in reversed(near):
        at = stroke_pixels(stroke, canvas, area)
        if stroke.region in erased:
            at = _first_said(at, decided[stroke.region], area)
        if stroke.erase:
            gaps[stroke.region][*(at - _corner(area))] = True
        else:
            claims.append((stroke, at))
    return Drawn(gaps, *_gathered(claims[::-1], area))


def _first_said(at: Places, decided: NDArray[np.bool_], area: Box) -> Places:
    """Those of the pixels, in the area, that no later stroke of the region decided; marks them as decided."""
    at = at[:, _inside(at, area)]
    local = at - _corner(area)
    fresh = ~decided[*local]
    decided[*local] = True
    return at[:, fresh]


def _gathered(
    claims: Sequence[tuple[Stroke, Places]], area: Box
) -> tuple[Places, NDArray[np.intp], NDArray[np.intp]]:
    """The claims' pixels in the area, counted from its corner; whose they are, and the strokes' indices."""
    at = np.concatenate([np.zeros((2, 0), np.intp), *(places for _, places in claims)], axis=1)
    sizes = [places.shape[1] for _, places in claims]
    names = np.array([(stroke.region, stroke.index) for stroke, _ in claims], np.intp).reshape(-1, 2)
    said, inside = np.repeat(names, sizes, axis=0), _inside(at, area)
    return at[:, inside] - _corner(area), said[inside, 0], said[inside, 1]


def _corner(area: Box) -> Places:
    return np.array([[area[1]], [area[0]]])


def _inside(at: Places, area: Box) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.all((_corner(area) <= at) & (at < _corner(area[2:] * 2)), axis=0)
    return inside


def claim(plane: Labels, drawn: Drawn, newest: Labels | None = None) -> NDArray[np.bool_]:
    """Give regions the pixels of an area that they have by hand.

    Args:
        plane: int32 [h, w], written in place.
        drawn: what the strokes say there.
        newest: the `Contest.newest` of the area; older strokes give way to a mask.

    Returns:
        bool [h, w]: the pixels that were given.
    """
    taken, at, regions = np.zeros(plane.shape, np.bool_), drawn.places, drawn.regions
    if newest is not None:
        holds = newest[*at] <= drawn.indices
        at, regions = at[:, holds], regions[holds]
    plane[*at] = regions  # where strokes meet, the last of them stays
    taken[*at] = True
    return taken


def stroke_pixels(stroke: Stroke, canvas: Canvas, area: Box) -> Places:
    """The canvas pixels that a stroke covers, all of those that lie in an area: rows and columns, [2, n]."""
    if stroke.radius is None:
        return line_pixels(stroke.points, stroke.box or box_of_points(stroke.points), canvas)
    window = intersection(stroke.window(canvas), area)
    if window is None:
        return np.zeros((2, 0), np.intp)
    whole = intersection(stroke.window(canvas), canvas.area)
    if whole is not None and canvas.width * canvas.height <= DISPLAY_PIXELS:
        covered = _brushed_whole(stroke.points, stroke.radius, canvas, whole).part(within(window, whole))
    else:
        covered = _brushed(stroke.points, stroke.radius, canvas, window)
    return np.array(np.nonzero(covered)) + _corner(window)


@lru_cache(maxsize=1024)
def _brushed_whole(points: tuple[Point, ...], radius: float, canvas: Canvas, window: Box) -> Packed:
    return Packed.of(_brushed(points, radius, canvas, window))


def _brushed(points: tuple[Point, ...], radius: float, canvas: Canvas, window: Box) -> NDArray[np.bool_]:
    """Which pixels of a window have their centre at most `radius` photo pixels from a line: bool [h, w]."""
    covered = np.zeros((window[3] - window[1], window[2] - window[0]), np.bool_)
    for start, stop in pairwise(points if len(points) > 1 else points * 2):
        piece = intersection(_window((start, stop), radius, canvas), window)
        if piece is not None:
            part = covered[within(piece, window)]
            if not part.all():  # a brush overlaps itself: only the pixels that are left are looked at
                rows, columns = np.nonzero(~part)
                at = rows + piece[1], columns + piece[0]
                part[rows, columns] = _near_line(start, stop, radius, canvas, at)
    return covered


def _near_line(
    start: Point, stop: Point, radius: float, canvas: Canvas, at: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> NDArray[np.bool_]:
    """Whether pixels, given by their rows and columns, have their centre at most `radius` from a line."""
    dy = canvas.rows(0, canvas.height)[at[0]] - (start[1] + 0.5)
    dx = canvas.columns(0, canvas.width)[at[1]] - (start[0] + 0.5)
    step_x, step_y = stop[0] - start[0], stop[1] - start[1]
    along = np.clip((dx * step_x + dy * step_y) / max(1, step_x**2 + step_y**2), 0, 1)
    near: NDArray[np.bool_] = (dx - along * step_x) ** 2 + (dy - along * step_y) ** 2 <= radius**2
    return near
