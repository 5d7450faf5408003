"""All regions' ink on a working plane, kept up to date change by change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point, Region, Scribble
from fullcanvas.annotation.ink import Pen
from fullcanvas.canvas.boxes import Box, intersection, within


@dataclass(frozen=True, slots=True)
class Change:
    """A region before and after; one of the two may be None, where it does not exist.

    Attributes:
        old, new: the region.
        extent: the least and the greatest x and y of all marks that only one of the two has, in photo
            pixels; None if there are none.
    """

    old: Region | None
    new: Region | None
    extent: tuple[Point, Point] | None

    @classmethod
    def of(cls, old: Region | None, new: Region | None) -> Change:
        """The change from one to the other."""
        marks = _marks(old) ^ _marks(new)
        if not marks:
            return cls(old, new, None)
        xs, ys = zip(*(point for mark in marks for point in _points(mark)), strict=True)
        return cls(old, new, ((min(xs), min(ys)), (max(xs), max(ys))))

    @property
    def id(self) -> int:
        """The region's."""
        return next(region.id for region in (self.old, self.new) if region is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Touch:
    """Where a region's own ink came or went.

    Attributes:
        region: its id.
        window: half-open, in working pixels; nothing changed outside.
        changed: bool [h, w] inside the window.
    """

    region: int
    window: Box
    changed: NDArray[np.bool_]

    def reaches(self, window: Box) -> bool:
        """Whether ink changed inside another window."""
        common = intersection(self.window, window)
        return common is not None and bool(self.changed[within(common, self.window)].any())


@dataclass(frozen=True, slots=True, eq=False)
class InkMap:
    """How many regions have ink at each working pixel.

    Attributes:
        pen: how it is drawn.
        counts: uint16 [h, w].
    """

    pen: Pen
    counts: NDArray[np.uint16]

    @classmethod
    def empty(cls, pen: Pen, width: int, height: int) -> InkMap:
        """A map of a working plane without ink."""
        return cls(pen, np.zeros((height, width), np.uint16))

    def changed(self, changes: Iterable[Change]) -> tuple[InkMap, list[Touch]]:
        """The map after some regions changed (this one stays as it is), and where each of them did."""
        windows = [(change, window) for change in changes if (window := self._extent(change)) is not None]
        if not windows:
            return self, []
        counts = self.counts.copy()
        touches = []
        for change, window in windows:
            before, after = self._own(change.old, window), self._own(change.new, window)
            inside = counts[within(window, self._plane)]
            inside += after
            inside -= before
            touches.append(Touch(change.id, window, before != after))
        return InkMap(self.pen, counts), touches

    def maps(self, region: Region, window: Box, shared: bool) -> NDArray[np.uint8]:
        """A region's annotation map inside a window: uint8 [2, h, w], own ink and everybody else's.

        Args:
            region: one of those that the map counts.
            window: half-open, in working pixels.
            shared: whether everybody else's ink is seen at all.
        """
        own = self.pen.draw(region, window)
        others = np.zeros_like(own)
        if shared:
            np.greater(self.counts[within(window, self._plane)], own, out=others, casting="unsafe")
        return np.stack((own, others))

    @property
    def _plane(self) -> Box:
        height, width = self.counts.shape
        return 0, 0, width, height

    def _own(self, region: Region | None, window: Box) -> NDArray[np.uint8]:
        if region is None:
            return np.zeros((window[3] - window[1], window[2] - window[0]), np.uint8)
        return self.pen.draw(region, window)

    def _extent(self, change: Change) -> Box | None:
        if change.extent is None:
            return None
        height, width = self.counts.shape
        return self.pen.extent(*change.extent, width, height)


def _marks(region: Region | None) -> set[Point | Scribble]:
    """What leaves ink. A point is an extreme point: a scribble of one pixel there leaves other ink."""
    return set() if region is None else {*region.extreme_points, *region.scribbles}


def _points(mark: Point | Scribble) -> Iterable[Point]:
    return mark.points if isinstance(mark, Scribble) else (mark,)
